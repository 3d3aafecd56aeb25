/* The Perform tab: events on a timeline under a picture; tapped, drawn, dragged, and played in time with it. */
(() => {
  "use strict";
  const { one, all, isShown } = window.foley.hands;
  const LONGEST_S = 300,
    LEAST_GAP_S = 0.02,
    CURVE_RATE = 18.75,
    SILENT_DB = -60,
    MOST_UNDO = 200,
    DRIFT_S = 0.04;

  let root = null; // the component's element
  let state = { events: [], curve: null, duration: 10, frameRate: 25, knobs: /** @type {any} */ ({}) };
  let chosen = new Set();
  const past = [],
    future = [];
  let variations = [],
    variation = 0,
    source = "";
  let clock = null; // {from, at}: of a timeline without picture and sound
  let curveMode = false,
    warmed = "";

  const video = () => one("[data-video]", root);
  const sound = () => one("[data-sound]", root);
  const hasPicture = () => Boolean(video()?.getAttribute("src"));
  const hears = () => root.classList.contains("hearing"); // the model: knobs
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const frame = () => 1 / state.frameRate;

  /* ---- time: the picture's where there is one, else a clock of our own; the sound follows it ---- */
  function now() {
    if (!clock) return position;
    if (hasPicture() && !video().paused) return video().currentTime;
    return clock.at + (performance.now() - clock.from) / 1000;
  }
  let position = 0;

  function play() {
    if (position >= state.duration - 0.02) position = 0;
    clock = { from: performance.now(), at: position };
    if (hasPicture()) {
      video().currentTime = position;
      video()
        .play()
        .catch(() => {});
    }
    if (sound().getAttribute("src")) {
      sound().currentTime = position;
      sound().volume = Math.min(1, Number(window.foley.forms.values("listening").volume ?? 1));
      sound()
        .play()
        .catch(() => {});
    }
    one("[data-go]", root).setAttribute("aria-pressed", "true");
    requestAnimationFrame(follow);
  }

  function pause() {
    if (clock) position = clamp(now(), 0, state.duration);
    clock = null;
    video()?.pause();
    sound().pause();
    one("[data-go]", root).setAttribute("aria-pressed", "false");
    place();
  }

  function follow() {
    if (!clock) return;
    if (!isShown(root)) return pause(); // another tab: nothing plays unseen
    const time = now();
    if (time >= state.duration) {
      position = state.duration;
      return pause();
    }
    const audio = sound();
    if (audio.getAttribute("src") && !audio.paused && Math.abs(audio.currentTime - time) > DRIFT_S && !audio.seeking)
      audio.currentTime = time;
    position = time;
    place();
    requestAnimationFrame(follow);
  }

  function seek(time) {
    position = clamp(time, 0, state.duration);
    if (clock) clock = { from: performance.now(), at: position };
    if (hasPicture()) video().currentTime = position;
    if (sound().getAttribute("src")) sound().currentTime = position;
    place();
  }

  const timecode = (time) => {
    const frames = Math.floor(time * state.frameRate + 1e-6),
      whole = Math.round(state.frameRate);
    const two = (number) => String(number).padStart(2, "0");
    const seconds = Math.floor(frames / whole);
    return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}:${two(frames % whole)}`;
  };

  function place() {
    one(".playhead", root).style.left = `${(100 * position) / state.duration}%`;
    one("[data-time]", root).textContent = `${timecode(position)} · ${position.toFixed(2)} s`;
  }

  /* ---- events, and what undoes a change of them ---- */
  const copy = () =>
    JSON.stringify({ events: state.events, curve: state.curve, duration: state.duration, knobs: state.knobs });

  function change(how) {
    const before = copy();
    how();
    state.events.sort((a, b) => a.time - b.time);
    remember(before);
    draw();
  }

  /** What was before a change can be had again, where it is something else. */
  function remember(before) {
    if (copy() === before) return;
    past.push(before);
    if (past.length > MOST_UNDO) past.shift();
    future.length = 0;
  }

  function step(from, to) {
    if (!from.length) return false;
    to.push(copy());
    Object.assign(state, JSON.parse(from.pop()));
    chosen.clear();
    draw();
    return true;
  }

  function tap(strength = 0.8) {
    const time = now();
    if (time >= state.duration) return;
    if (state.events.some((event) => Math.abs(event.time - time) < LEAST_GAP_S)) return;
    warm();
    change(() => state.events.push({ time, strength, category: -1 }));
    const button = one("[data-tap]", root);
    button.classList.add("hit");
    setTimeout(() => button.classList.remove("hit"), 90);
  }

  /** The first tap lets takes be drawn already, so that the sound is there soon after the last one. */
  function warm() {
    const fields = all(".perform-settings input, .perform-settings select").map((field) => field.value);
    const key = JSON.stringify([fields, state.knobs]);
    if (warmed === key) return;
    warmed = key;
    window.foley.protocol.send({ action: "warm", knobs: hears() ? state.knobs : {} });
  }

  /** Turn a knob of the chosen events, else of all; null: as it comes. `saveKnobs` makes it a change to undo. */
  let beforeKnobs = "";
  function turnKnob(name, value) {
    beforeKnobs ||= copy();
    const turned = (knobs) => {
      const { [name]: _, ...others } = knobs || {};
      return value === null ? others : { ...others, [name]: value };
    };
    if (!chosen.size) state.knobs = turned(state.knobs);
    chosen.forEach((event) => {
      event.knobs = turned(event.knobs);
    });
    draw();
  }

  function saveKnobs() {
    if (beforeKnobs) remember(beforeKnobs);
    beforeKnobs = "";
    draw();
  }

  function remove() {
    if (!chosen.size) return false;
    change(() => {
      state.events = state.events.filter((event) => !chosen.has(event));
    });
    chosen.clear();
    draw();
    return true;
  }

  function nudge(frames, strength) {
    if (!chosen.size) return false;
    change(() =>
      chosen.forEach((event) => {
        event.time = clamp(event.time + frames * frame(), 0, state.duration - 1e-3);
        event.strength = clamp(event.strength + strength, 0, 1);
      }),
    );
    return true;
  }

  function walk(way) {
    if (!state.events.length) return false;
    const at = state.events.findIndex((event) => chosen.has(event));
    const next =
      at < 0 ? (way > 0 ? 0 : state.events.length - 1) : (at + way + state.events.length) % state.events.length;
    chosen = new Set([state.events[next]]);
    if (!clock) seek(state.events[next].time);
    draw();
    return true;
  }

  /* ---- what is seen of them ---- */
  function draw() {
    const layer = one("[data-events]", root);
    const names = all("[data-class] option", root);
    layer.replaceChildren(
      ...state.events.map((event, number) => {
        const mark = document.createElement("button");
        mark.type = "button";
        mark.dataset.event = String(number);
        mark.style.left = `${(100 * event.time) / state.duration}%`;
        mark.style.setProperty("--strength", event.strength);
        mark.classList.toggle("chosen", chosen.has(event));
        const kind = names.find((option) => Number(option.value) === event.category && event.category >= 0);
        mark.setAttribute(
          "aria-label",
          `Event ${number + 1} at ${event.time.toFixed(3)} s, strength ${Math.round(100 * event.strength)} %${kind ? `, ${kind.textContent}` : ""}`,
        );
        mark.setAttribute("aria-pressed", String(chosen.has(event)));
        mark.tabIndex = -1;
        mark.toggleAttribute("data-turned", Object.keys(event.knobs || {}).length > 0);
        mark.title = `${event.time.toFixed(3)} s · ${Math.round(100 * event.strength)} %${kind ? ` · ${kind.textContent}` : ""}`;
        if (kind) mark.dataset.kind = kind.textContent.slice(0, 1);
        return mark;
      }),
    );
    one("[data-count]", root).textContent =
      `${state.events.length} event${state.events.length === 1 ? "" : "s"} in ${state.duration.toFixed(2)} s`;
    one("[data-undo]", root).disabled = !past.length;
    one("[data-redo]", root).disabled = !future.length;
    one("[data-class]", root).disabled = !chosen.size;
    one("[data-remove]", root).disabled = !chosen.size;
    window.foley.performKnobs.show(root, chosen, state.knobs);
    paint();
    place();
  }

  /** Paint peaks over the width of a canvas; nothing where it is not shown. Returns the pen. */
  function paintWave(canvas, wave) {
    const wide = canvas.clientWidth,
      high = canvas.clientHeight;
    if (!wide) return null;
    const scale = window.devicePixelRatio || 1;
    canvas.width = wide * scale;
    canvas.height = high * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.fillStyle = getComputedStyle(root).getPropertyValue("--faint");
    wave.forEach((level, n) => {
      const height = Math.max(1, level * high * 0.92);
      pen.fillRect((n * wide) / wave.length, (high - height) / 2, Math.max(1, wide / wave.length - 0.5), height);
    });
    return pen;
  }

  function paint() {
    all("[data-variation] canvas", root).forEach((canvas, number) => paintWave(canvas, variations[number]?.wave || []));
    const canvas = one("[data-wave]", root),
      pen = paintWave(canvas, variations[variation]?.wave || []),
      wide = canvas.clientWidth,
      high = canvas.clientHeight;
    if (!pen) return;
    if (!state.curve) return;
    pen.strokeStyle = getComputedStyle(root).getPropertyValue("--accent");
    pen.lineWidth = 1.5;
    pen.beginPath();
    state.curve.levels_db.forEach((level, n) => {
      const x = (((n + 0.5) / state.curve.rate) * wide) / state.duration,
        y = (clamp(level, SILENT_DB, 0) / SILENT_DB) * high;
      n ? pen.lineTo(x, y) : pen.moveTo(x, y);
    });
    pen.stroke();
  }

  /* ---- pointers on the timeline ---- */
  function spot(event) {
    const box = one("[data-lane]", root).getBoundingClientRect();
    return {
      time: clamp((event.clientX - box.left) / box.width, 0, 1) * state.duration,
      height: clamp(1 - (event.clientY - box.top) / box.height, 0, 1),
    };
  }

  function grab(down) {
    const lane = down.target.closest("[data-lane]");
    if (!lane || down.button !== 0) return;
    const mark = down.target.closest("[data-event]");
    lane.focus({ preventScroll: true });
    if (curveMode) return drawCurve(down, lane);
    if (!mark) {
      if (!down.shiftKey) chosen.clear();
      seek(spot(down).time);
      return draw();
    }
    down.preventDefault();
    const event = state.events[Number(mark.dataset.event)];
    if (down.shiftKey) chosen.has(event) ? chosen.delete(event) : chosen.add(event);
    else if (!chosen.has(event)) chosen = new Set([event]);
    draw();
    const begin = spot(down),
      before = copy(),
      held = new Map([...chosen].map((one) => [one, { ...one }]));
    const move = (moved) => {
      const at = spot(moved);
      held.forEach((was, one) => {
        one.time = clamp(was.time + at.time - begin.time, 0, state.duration - 1e-3);
        one.strength = clamp(was.strength + at.height - begin.height, 0, 1);
      });
      draw();
    };
    const drop = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", drop);
      removeEventListener("pointercancel", drop);
      state.events.sort((a, b) => a.time - b.time);
      remember(before);
      draw();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", drop);
    addEventListener("pointercancel", drop);
  }

  function drawCurve(down, lane) {
    down.preventDefault();
    const before = copy(),
      count = Math.ceil(state.duration * CURVE_RATE);
    const old = state.curve?.levels_db || [];
    const levels = Array.from({ length: count }, (_, n) => old[n] ?? SILENT_DB);
    let last = null;
    const move = (moved) => {
      const { time, height } = spot(moved),
        level = SILENT_DB * (1 - height);
      const at = clamp(Math.floor(time * CURVE_RATE), 0, count - 1),
        from = last ?? { at, level };
      for (let n = Math.min(at, from.at); n <= Math.max(at, from.at); n++) {
        const share = at === from.at ? 1 : (n - from.at) / (at - from.at);
        levels[n] = from.level + share * (level - from.level);
      }
      last = { at, level };
      state.curve = { rate: CURVE_RATE, levels_db: levels };
      paint();
    };
    const drop = () => {
      lane.removeEventListener("pointermove", move);
      removeEventListener("pointerup", drop);
      remember(before);
      draw();
    };
    lane.addEventListener("pointermove", move);
    addEventListener("pointerup", drop);
    move(down);
  }

  /* ---- MIDI keys ---- */
  async function midi(button) {
    if (!navigator.requestMIDIAccess) {
      say("This browser has no MIDI: use Chrome, Edge or Firefox.");
      return;
    }
    try {
      const access = await navigator.requestMIDIAccess();
      const ports = [...access.inputs.values()];
      ports.forEach((port) => {
        port.onmidimessage = ({ data: [kind, , velocity] }) => {
          if ((kind & 0xf0) === 0x90 && velocity > 0 && clock) tap(velocity / 127);
        };
      });
      button.setAttribute("aria-pressed", String(ports.length > 0));
      say(
        ports.length
          ? `Listening to ${ports.map((port) => port.name).join(", ")}: play, then hit keys.`
          : "No MIDI keyboard is connected.",
      );
    } catch {
      say("The browser did not allow MIDI.");
    }
  }

  const say = (words) => {
    one("[data-words]", root).textContent = words;
  };

  /* ---- messages ---- */
  const request = () => ({
    events: state.events.map((event) => [
      Number(event.time.toFixed(6)),
      Number(event.strength.toFixed(4)),
      event.category < 0 ? null : event.category,
      hears() ? event.knobs || {} : {},
    ]),
    knobs: hears() ? state.knobs : {},
    curve: state.curve && {
      rate: state.curve.rate,
      levels_db: state.curve.levels_db.map((level) => Number(level.toFixed(2))),
    },
    duration_s: state.duration,
  });

  function perform() {
    pause();
    say("");
    window.foley.protocol.send({ action: "perform", ...request() });
  }

  /** What Python has to say: a source that was opened, or the sounds of a performance. */
  function receive(value) {
    if (!root || !value) return;
    if (value.hears_knobs !== undefined) root.classList.toggle("hearing", value.hears_knobs);
    if (value.source && value.source !== source) {
      source = value.source;
      pause();
      past.push(copy());
      state = {
        events: value.events.map(([time, strength, category, knobs]) => ({
          time,
          strength,
          category: category ?? -1,
          knobs: knobs || {},
        })),
        curve: value.curve,
        knobs: value.knobs || {},
        duration: value.duration_s,
        frameRate: value.frame_rate || 25,
      };
      chosen.clear();
      variations = [];
      const picture = video();
      if (value.video?.url) picture.src = value.video.url;
      else picture.removeAttribute("src");
      root.classList.toggle("pictured", Boolean(value.video?.url));
      sound().removeAttribute("src");
      position = 0;
      say(value.words || "");
      one("[data-duration]", root).value = state.duration.toFixed(2);
      const rates = one("[data-rate]", root),
        known = [...rates.options].find((option) => Math.abs(Number(option.value) - state.frameRate) < 0.01);
      if (known) rates.value = known.value;
      choices();
      draw();
    }
    if (value.take && value.take !== root.dataset.take) {
      root.dataset.take = value.take;
      variations = value.variations;
      variation = 0;
      say(value.words || "");
      choices();
      take(0);
      if (value.play !== false) {
        position = 0;
        play();
      }
    }
  }

  function take(number) {
    if (!variations[number]) return false;
    variation = number;
    const time = now();
    sound().src = variations[number].audio.url;
    sound().currentTime = time;
    if (clock)
      sound()
        .play()
        .catch(() => {});
    choices();
    paint();
    return true;
  }

  function choices() {
    one("[data-variations]", root).replaceChildren(
      ...variations.map((each, number) => {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.variation = String(number);
        button.setAttribute("aria-pressed", String(number === variation));
        const name = document.createElement("span");
        name.textContent = `Version ${number + 1}`;
        button.append(name, document.createElement("canvas"));
        button.title = `Seed ${each.seed} (key ${number + 1})`;
        return button;
      }),
    );
    all("[data-save]", root).forEach((button) => {
      button.disabled = !variations.length || (button.dataset.save === "video" && !hasPicture());
    });
  }

  /* ---- keys, while the tab is shown ---- */
  const KEYS = {
    " ": () => {
      if (clock) tap();
      else play();
    },
    enter: () => (clock ? pause() : play()),
    escape: () => {
      if (!clock) return false;
      pause();
    },
    p: perform,
    z: (event) => {
      if (event.ctrlKey || event.metaKey) return event.shiftKey ? step(future, past) : step(past, future);
      return false;
    },
    y: (event) => (event.ctrlKey || event.metaKey) && step(future, past),
    a: (event) => {
      if (!(event.ctrlKey || event.metaKey)) return false;
      chosen = new Set(state.events);
      draw();
    },
    n: () => walk(1),
    b: () => walk(-1),
    delete: remove,
    backspace: remove,
    arrowleft: (event) => nudge(event.shiftKey ? -10 : -1, 0) || seek(position - frame()),
    arrowright: (event) => nudge(event.shiftKey ? 10 : 1, 0) || seek(position + frame()),
    arrowup: () => nudge(0, 0.05),
    arrowdown: () => nudge(0, -0.05),
    home: () => seek(0),
    end: () => seek(state.duration),
    c: () => one("[data-curve]", root).click(),
    1: () => take(0),
    2: () => take(1),
    3: () => take(2),
    4: () => take(3),
  };

  addEventListener(
    "keydown",
    (event) => {
      if (!root || !isShown(root)) return;
      const focus = document.activeElement;
      if (focus?.matches("input, textarea, select, [contenteditable]")) return;
      if (
        focus?.matches("button:focus-visible, a:focus-visible") &&
        (event.key === " " || event.key === "Enter") &&
        !focus.closest("[data-lane]") &&
        !focus.matches("[data-tap]")
      )
        return;
      if (event.repeat && !event.key.startsWith("Arrow")) return event.key === " " && event.preventDefault();
      if ((event.ctrlKey || event.metaKey) && !["z", "y", "a"].includes(event.key.toLowerCase())) return;
      const act = KEYS[event.key.toLowerCase()];
      if (!act || act(event) === false) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // the same keys mean other things on Generate
    },
    true,
  );

  function connect(element, value) {
    root = element;
    root.addEventListener("pointerdown", (event) => {
      if (event.target.closest("[data-tap]")) {
        event.preventDefault();
        return clock ? tap() : play();
      }
      grab(event);
    });
    root.addEventListener("dblclick", (event) => {
      if (!event.target.closest("[data-lane]") || event.target.closest("[data-event]") || curveMode) return;
      const { time, height } = spot(event);
      change(() =>
        state.events.push({
          time: Math.min(time, state.duration - 1e-3),
          strength: Math.max(0.05, height),
          category: -1,
        }),
      );
    });
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const data = button.dataset;
      if ("go" in data) clock ? pause() : play();
      else if ("undo" in data) step(past, future);
      else if ("redo" in data) step(future, past);
      else if ("remove" in data) remove();
      else if ("clear" in data)
        change(() => {
          state.events = [];
          state.curve = null;
          chosen.clear();
        });
      else if ("curve" in data) {
        curveMode = !curveMode;
        button.setAttribute("aria-pressed", String(curveMode));
        root.classList.toggle("drawing", curveMode);
      } else if ("midi" in data) midi(button);
      else if ("variation" in data) take(Number(data.variation));
      else if ("save" in data)
        window.foley.protocol.send({ action: "save_performance", kinds: [data.save], variation });
      if (event.detail > 0) button.blur();
    });
    one("[data-class]", root).addEventListener("change", (event) =>
      change(() =>
        chosen.forEach((one) => {
          one.category = Number(event.target.value);
        }),
      ),
    );
    one("[data-rate]", root).addEventListener("change", (event) => {
      state.frameRate = Number(event.target.value);
      draw();
    });
    one("[data-duration]", root).addEventListener("change", (event) => {
      const wanted = clamp(Number(event.target.value) || 10, 0.5, LONGEST_S);
      event.target.value = wanted.toFixed(2);
      change(() => {
        state.duration = wanted;
        state.events = state.events.filter((one) => one.time < wanted);
      });
    });
    new ResizeObserver(paint).observe(one("[data-wave]", root)); // a hidden tab has no size yet
    window.foley.performKnobs.connect(root, { turn: turnKnob, save: saveKnobs });
    receive(value());
    draw();
  }

  /* ---- files that are dropped on the tab ---- */
  const DROPS = /** @type {[RegExp, string][]} */ ([
    [/^video\//, "Drop the video: it lies under the timeline, and its events come from"],
    [/midi?$/, "Drop the MIDI file: its notes become events, as strong as they were hit"],
    [/^audio\//, "Drop the sound: a performance opens again; of another, its onsets and its level become events"],
    [/^text\/|csv|tab-separated/, "Drop the list: its times become events"],
  ]);

  /** What a file that is dragged over the tab is good for; the browser tells its type alone. */
  function promise(type) {
    const words = DROPS.find(([kind]) => kind.test(type))?.[1];
    if (type.startsWith("video/")) return `${words} ${one("#perform-from input")?.value || "its picture"}`;
    return words || "Drop a video, a sound, a MIDI file, or a list of events (CSV, TSV, EDL)";
  }

  const isOpen = () => Boolean(root && isShown(root));

  window.foley.performing = { connect, receive, perform, promise, isOpen };
})();
