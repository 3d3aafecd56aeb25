/* Hands on a performance: events that are dragged, a level that is drawn, and keys for everything. */
(() => {
  "use strict";
  const { one, isShown } = window.foley.hands;
  const perform = window.foley.performing;
  const CURVE_RATE = 18.75,
    HIT_MS = 90;
  let curveMode = false;

  function tap(strength = 0.8) {
    perform.warm();
    if (!perform.add(perform.now(), strength)) return;
    const button = one("[data-tap]", perform.root);
    button.classList.add("hit");
    setTimeout(() => button.classList.remove("hit"), HIT_MS);
  }

  const toggle = () => (perform.isPlaying() ? perform.pause() : perform.play());

  /* ---- pointers on the timeline ---- */
  /** Time and height, from 0 to 1, of a pointer over an element as wide as the timeline. */
  function spot(event, place = "[data-lane]") {
    const box = one(place, perform.root).getBoundingClientRect();
    return {
      time: perform.clamp((event.clientX - box.left) / box.width, 0, 1) * perform.state.duration,
      height: perform.clamp(1 - (event.clientY - box.top) / box.height, 0, 1),
    };
  }

  /** Call `move` with the pointer's events until it is let go, then `drop`. */
  function follow(move, drop = () => {}) {
    const end = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      drop();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  }

  function press(down) {
    if (down.target.closest("[data-tap]")) {
      down.preventDefault();
      return perform.isPlaying() ? tap() : perform.play();
    }
    if (down.button !== 0) return;
    if (down.target.closest("[data-ruler]")) {
      const scrub = (at) => perform.seek(spot(at).time);
      scrub(down);
      return follow(scrub);
    }
    const lane = down.target.closest("[data-lane]");
    if (!lane) return;
    lane.focus({ preventScroll: true });
    const mark = down.target.closest("[data-event]");
    if (curveMode) drawCurve(down);
    else if (mark) drag(down, perform.state.events[Number(mark.dataset.event)]);
    else {
      if (!down.shiftKey) perform.chosen.clear();
      perform.seek(spot(down).time);
      perform.draw();
    }
  }

  function drag(down, event) {
    const { chosen } = perform;
    down.preventDefault();
    if (down.shiftKey) chosen.has(event) ? chosen.delete(event) : chosen.add(event);
    else if (!chosen.has(event)) perform.chosen = new Set([event]);
    perform.draw();
    const begin = spot(down),
      before = perform.copy(),
      held = new Map([...perform.chosen].map((one) => [one, { ...one }]));
    follow(
      (moved) => {
        const at = spot(moved);
        held.forEach((was, one) => {
          one.time = perform.clamp(was.time + at.time - begin.time, 0, perform.state.duration - 1e-3);
          one.strength = perform.clamp(was.strength + at.height - begin.height, 0, 1);
        });
        perform.draw();
      },
      () => {
        perform.state.events.sort((a, b) => a.time - b.time);
        perform.remember(before);
        perform.draw();
      },
    );
  }

  function drawCurve(down) {
    down.preventDefault();
    const { state, SILENT_DB } = perform,
      before = perform.copy(),
      count = Math.ceil(state.duration * CURVE_RATE),
      old = state.curve?.rate === CURVE_RATE ? state.curve.levels_db : [];
    const levels = Array.from({ length: count }, (_, n) => old[n] ?? SILENT_DB);
    let last = null;
    const move = (moved) => {
      const { time, height } = spot(moved),
        level = SILENT_DB * (1 - height),
        at = perform.clamp(Math.floor(time * CURVE_RATE), 0, count - 1),
        from = last ?? { at, level };
      for (let n = Math.min(at, from.at); n <= Math.max(at, from.at); n++) {
        const share = at === from.at ? 1 : (n - from.at) / (at - from.at);
        levels[n] = from.level + share * (level - from.level);
      }
      last = { at, level };
      state.curve = { rate: CURVE_RATE, levels_db: levels };
      perform.paint();
    };
    move(down);
    follow(move, () => {
      perform.remember(before);
      perform.draw();
    });
  }

  function toggleCurve() {
    curveMode = !curveMode;
    one("[data-curve]", perform.root).setAttribute("aria-pressed", String(curveMode));
    perform.root.classList.toggle("drawing", curveMode);
  }

  function addAt(event) {
    if (!event.target.closest("[data-lane]") || event.target.closest("[data-event]") || curveMode) return;
    const { time, height } = spot(event);
    perform.add(Math.min(time, perform.state.duration - 1e-3), Math.max(0.05, height));
  }

  /* ---- keys, while the tab is shown ---- */
  const frame = () => 1 / perform.state.frameRate;
  const isControl = (event) => event.ctrlKey || event.metaKey;
  const walk = (way) => {
    const event = perform.walk(way);
    if (event && !perform.isPlaying()) perform.seek(event.time);
    return Boolean(event);
  };
  const arrow = (event, way) =>
    perform.nudge((event.shiftKey ? 10 : 1) * way, 0) || perform.seek(perform.position() + way * frame());
  const louder = (steps) => perform.setVolume(perform.clamp(perform.volume() + 0.05 * steps, 0, 1));

  function stop() {
    if (perform.isPlaying()) return perform.pause();
    const button = one("#perform-stop");
    if (button.disabled) return false;
    button.click();
    return true;
  }

  const KEYS = {
    " ": () => (perform.isPlaying() ? tap() : perform.play()),
    enter: toggle,
    escape: stop,
    p: () => perform.perform(),
    z: (event) => isControl(event) && (event.shiftKey ? perform.redo() : perform.undo()),
    y: (event) => isControl(event) && perform.redo(),
    a: (event) => {
      if (!isControl(event)) return false;
      perform.chosen = new Set(perform.state.events);
      perform.draw();
      return true;
    },
    n: () => walk(1),
    b: () => walk(-1),
    delete: perform.remove,
    backspace: perform.remove,
    arrowleft: (event) => arrow(event, -1),
    arrowright: (event) => arrow(event, 1),
    arrowup: () => perform.nudge(0, 0.05),
    arrowdown: () => perform.nudge(0, -0.05),
    home: () => perform.seek(0),
    end: () => perform.seek(perform.state.duration),
    c: toggleCurve,
    v: () => perform.record(),
    "+": () => perform.zoomBy(1),
    "-": () => perform.zoomBy(-1),
    "[": () => louder(-1),
    "]": () => louder(1),
    1: () => perform.take(0),
    2: () => perform.take(1),
    3: () => perform.take(2),
    4: () => perform.take(3),
  };
  const WORDS = [
    ["Space", "start; then tap in time"],
    ["Enter", "play or pause"],
    ["Esc", "stop"],
    ["P", "perform"],
    ["N B", "next or former event"],
    ["← →", "a frame earlier or later; Shift: ten"],
    ["↑ ↓", "stronger or weaker"],
    ["Del", "remove the chosen events"],
    ["Ctrl A", "choose all events"],
    ["Ctrl Z", "undo; with Shift: redo"],
    ["C", "draw the level"],
    ["V", "perform with your voice"],
    ["1 – 4", "version"],
    ["Home End", "to the start or the end"],
    ["+ −", "zoom"],
    ["[ ]", "volume"],
  ];

  addEventListener(
    "keydown",
    (event) => {
      if (!perform.root || !isShown(perform.root) || one("#help")?.open) return;
      const focus = document.activeElement,
        key = event.key.toLowerCase();
      if (focus?.matches("input, textarea, select, [contenteditable]")) return;
      if (
        focus?.matches("button:focus-visible, a:focus-visible") &&
        (key === " " || key === "enter") &&
        !focus.closest("[data-lane]") &&
        !focus.matches("[data-tap]")
      )
        return;
      if (event.repeat && !event.key.startsWith("Arrow")) return key === " " && event.preventDefault();
      if (isControl(event) && !["z", "y", "a"].includes(key)) return;
      const act = KEYS[key];
      if (!act || act(event) === false) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // the same keys mean other things on Generate
    },
    true,
  );

  function connect() {
    const { root } = perform;
    root.addEventListener("pointerdown", press);
    root.addEventListener("dblclick", addAt);
  }

  perform.hands = { connect, tap, toggle, toggleCurve, WORDS };
})();
