/* The Perform tab: what its buttons do, and what it has to say to Python and hears from it. */
(() => {
  "use strict";
  const { one, all } = window.foley.hands;
  const perform = window.foley.performing;
  const LONGEST_S = 300,
    KEPT_SETTINGS = "foley-perform-settings";

  let versions = [],
    version = 0,
    source = "",
    warmed = "";

  const hears = () => perform.root.classList.contains("hearing"); // the model: knobs
  const say = (words) => {
    one("[data-words]", perform.root).textContent = words;
  };

  /* ---- to Python ---- */
  const request = () => ({
    events: perform.state.events.map((event) => [
      Number(event.time.toFixed(6)),
      Number(event.strength.toFixed(4)),
      event.category < 0 ? null : event.category,
      hears() ? event.knobs || {} : {},
    ]),
    knobs: hears() ? perform.state.knobs : {},
    curve: perform.state.curve && {
      rate: perform.state.curve.rate,
      levels_db: perform.state.curve.levels_db.map((level) => Number(level.toFixed(2))),
    },
    duration_s: perform.state.duration,
  });

  function send() {
    perform.pause();
    say("");
    window.foley.protocol.send({ action: "perform", ...request() });
  }

  /** The first tap lets takes be drawn already, so that the sound is there soon after the last one. */
  function warm() {
    const fields = all(".perform-settings input, .perform-settings select").map((field) => field.value);
    const key = JSON.stringify([fields, perform.state.knobs]);
    if (warmed === key) return;
    warmed = key;
    window.foley.protocol.send({ action: "warm", knobs: hears() ? perform.state.knobs : {} });
  }

  /* ---- from Python: a source that was opened, or the sounds of a performance ---- */
  function receive(value) {
    if (!perform.root || !value) return;
    if (value.hears_knobs !== undefined) perform.root.classList.toggle("hearing", value.hears_knobs);
    if (value.source && value.source !== source) open(value);
    if (value.take && value.take !== perform.root.dataset.take) hear(value);
  }

  function open(value) {
    source = value.source;
    perform.pause();
    const under = value.keeps_picture && perform.hasPicture(); // a list of events for the picture that is there
    const duration = under ? perform.state.duration : value.duration_s;
    perform.replace({
      events: value.events
        .filter(([time]) => time < duration)
        .map(([time, strength, category, knobs]) => ({ time, strength, category: category ?? -1, knobs: knobs || {} })),
      curve: value.curve,
      knobs: value.knobs || {},
      duration,
      frameRate: under ? perform.state.frameRate : value.frame_rate || 25,
    });
    versions = [];
    if (!under) perform.show(value.video?.url);
    perform.hear(null);
    perform.rewind();
    say(value.words || "");
    showLength();
    showVersions();
    perform.draw();
  }

  function hear(value) {
    perform.root.dataset.take = value.take;
    versions = value.variations;
    say(value.words || "");
    take(0);
    if (value.play === false) return;
    perform.rewind();
    perform.play();
  }

  function take(number) {
    if (!versions[number]) return false;
    version = number;
    perform.hear(versions[number].audio.url);
    showVersions();
    perform.paint();
    return true;
  }

  /* ---- what is seen beside the timeline ---- */
  function showLength() {
    const { duration, frameRate } = perform.state,
      rates = one("[data-rate]", perform.root),
      known = [...rates.options].find((option) => Math.abs(Number(option.value) - frameRate) < 0.01);
    one("[data-duration]", perform.root).value = duration.toFixed(2);
    if (known) rates.value = known.value;
  }

  function showVersions() {
    one("[data-variations]", perform.root).replaceChildren(
      ...versions.map((each, number) => {
        const button = document.createElement("button"),
          name = document.createElement("span");
        button.type = "button";
        button.dataset.variation = String(number);
        button.setAttribute("aria-pressed", String(number === version));
        button.title = `Seed ${each.seed} (key ${number + 1})`;
        name.textContent = `Version ${number + 1}`;
        button.append(name, document.createElement("canvas"));
        return button;
      }),
    );
    all("[data-save]", perform.root).forEach((button) => {
      button.disabled = !versions.length || (button.dataset.save === "video" && !perform.hasPicture());
    });
  }

  function closeVideo() {
    perform.pause();
    perform.show(null);
    showVersions();
    window.foley.protocol.send({ action: "close_video" });
  }

  /* ---- buttons and fields ---- */
  function click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const data = button.dataset;
    if ("go" in data) perform.hands.toggle();
    else if ("undo" in data) perform.undo();
    else if ("redo" in data) perform.redo();
    else if ("remove" in data) perform.remove();
    else if ("clear" in data) perform.clear();
    else if ("curve" in data) perform.hands.toggleCurve();
    else if ("midi" in data) perform.listenToMidi(button);
    else if ("voice" in data) perform.record();
    else if ("closeVideo" in data) closeVideo();
    else if ("variation" in data) take(Number(data.variation));
    else if ("save" in data)
      window.foley.protocol.send({ action: "save_performance", kinds: [data.save], variation: version });
    if (event.detail > 0) button.blur(); // Space belongs to the timeline again
  }

  const FIELDS = {
    class: (field) =>
      perform.change(() =>
        perform.chosen.forEach((event) => {
          event.category = Number(field.value);
        }),
      ),
    rate: (field) => {
      perform.state.frameRate = Number(field.value);
      perform.keep();
      perform.draw();
    },
    duration: (field) => {
      const wanted = perform.clamp(Number(field.value) || 10, 0.5, LONGEST_S);
      field.value = wanted.toFixed(2);
      perform.change(() => {
        perform.state.duration = wanted;
        perform.state.events = perform.state.events.filter((event) => event.time < wanted);
      });
    },
    volume: (field) => perform.setVolume(field.value),
  };

  function connect(element, value) {
    perform.root = element;
    perform.bringBack();
    perform.hands.connect();
    element.addEventListener("click", click);
    Object.entries(FIELDS).forEach(([name, changed]) => {
      const field = one(`[data-${name}]`, element);
      field.addEventListener(name === "volume" ? "input" : "change", () => changed(field));
    });
    perform.watch();
    window.foley.performKnobs.connect(element, { turn: perform.turnKnob, save: perform.saveKnobs });
    showLength();
    receive(value());
    perform.draw();
    window.foley.protocol.send({ action: "perform_settings" });
  }

  /* ---- the settings beside the timeline, kept for the next visit ---- */
  function keepSettings(...values) {
    try {
      localStorage.setItem(KEPT_SETTINGS, JSON.stringify(values));
    } catch {
      /* a private window */
    }
  }

  /** The settings' values for Gradio, as they were left; `count` of them. */
  function settings(count) {
    let kept = [];
    try {
      kept = JSON.parse(localStorage.getItem(KEPT_SETTINGS)) || [];
    } catch {
      /* a private window */
    }
    return Array.from({ length: count }, (_, place) => kept[place] ?? { __type__: "update" });
  }

  Object.assign(perform, {
    connect,
    receive,
    perform: send,
    warm,
    say,
    take,
    keepSettings,
    settings,
    waveOf: (number = version) => versions[number]?.wave || [],
  });
})();
