/* The events of a performance and its level curve: changed, undone, and kept for the next visit. */
(() => {
  "use strict";
  const LEAST_GAP_S = 0.02,
    MOST_UNDO = 200,
    SAVED_MS = 300,
    KEPT = "foley-performance";

  /** What the Perform tab's scripts share; `root` is the component's element, once it is laid out. */
  const perform = (window.foley.performing = {
    root: /** @type {any} */ (null),
    state: { events: [], curve: null, duration: 10, frameRate: 25, knobs: /** @type {any} */ ({}) },
    chosen: new Set(),
    draw: () => {}, // shows what has changed
  });
  const past = [],
    future = [];
  let due = 0;

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const copy = () => {
    const { events, curve, duration, knobs } = perform.state;
    return JSON.stringify({ events, curve, duration, knobs });
  };

  function change(how) {
    const before = copy();
    how();
    perform.state.events.sort((a, b) => a.time - b.time);
    remember(before);
    perform.draw();
  }

  /** What was before a change can be had again, where it is something else. */
  function remember(before) {
    if (copy() === before) return;
    past.push(before);
    if (past.length > MOST_UNDO) past.shift();
    future.length = 0;
    keep();
  }

  function step(from, to) {
    if (!from.length) return false;
    to.push(copy());
    Object.assign(perform.state, JSON.parse(from.pop()));
    perform.chosen.clear();
    keep();
    perform.draw();
    return true;
  }

  /** Put other events in the place of these, which an undo brings back. */
  function replace(state) {
    const before = copy();
    perform.state = state;
    perform.chosen.clear();
    remember(before);
  }

  /** Keep them for the next visit. */
  function keep() {
    clearTimeout(due);
    due = setTimeout(() => {
      try {
        localStorage.setItem(KEPT, JSON.stringify(perform.state));
      } catch {
        /* a private window, or more events than it holds */
      }
    }, SAVED_MS);
  }

  /** Bring back those of the last visit. */
  function bringBack() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT));
      if (kept?.duration > 0 && Array.isArray(kept.events)) Object.assign(perform.state, kept);
    } catch {
      /* a private window */
    }
  }

  /* ---- single changes ---- */
  function add(time, strength) {
    const { events, duration } = perform.state;
    if (time >= duration || events.some((event) => Math.abs(event.time - time) < LEAST_GAP_S)) return false;
    change(() => events.push({ time, strength, category: -1 }));
    return true;
  }

  function remove() {
    const { chosen } = perform;
    if (!chosen.size) return false;
    change(() => {
      perform.state.events = perform.state.events.filter((event) => !chosen.has(event));
      chosen.clear();
    });
    return true;
  }

  function clear() {
    change(() => {
      perform.state.events = [];
      perform.state.curve = null;
      perform.chosen.clear();
    });
  }

  /** Move the chosen ones by frames, and make them stronger or weaker. */
  function nudge(frames, strength) {
    if (!perform.chosen.size) return false;
    const { duration, frameRate } = perform.state;
    change(() =>
      perform.chosen.forEach((event) => {
        event.time = clamp(event.time + frames / frameRate, 0, duration - 1e-3);
        event.strength = clamp(event.strength + strength, 0, 1);
      }),
    );
    return true;
  }

  /** Choose the event before or after the chosen one. Returns it. */
  function walk(way) {
    const { events } = perform.state;
    if (!events.length) return null;
    const at = events.findIndex((event) => perform.chosen.has(event));
    const next = at < 0 ? (way > 0 ? 0 : events.length - 1) : (at + way + events.length) % events.length;
    perform.chosen = new Set([events[next]]);
    perform.draw();
    return events[next];
  }

  /** Turn a knob of the chosen events, else of all; null: as it comes. `saveKnobs` makes it a change to undo. */
  let beforeKnobs = "";
  function turnKnob(name, value) {
    beforeKnobs ||= copy();
    const turned = (knobs) => {
      const { [name]: _, ...others } = knobs || {};
      return value === null ? others : { ...others, [name]: value };
    };
    if (!perform.chosen.size) perform.state.knobs = turned(perform.state.knobs);
    perform.chosen.forEach((event) => {
      event.knobs = turned(event.knobs);
    });
    perform.draw();
  }

  function saveKnobs() {
    if (beforeKnobs) remember(beforeKnobs);
    beforeKnobs = "";
    perform.draw();
  }

  Object.assign(perform, {
    clamp,
    copy,
    change,
    remember,
    replace,
    keep,
    bringBack,
    undo: () => step(past, future),
    redo: () => step(future, past),
    canUndo: () => past.length > 0,
    canRedo: () => future.length > 0,
    add,
    remove,
    clear,
    nudge,
    walk,
    turnKnob,
    saveKnobs,
  });
})();
