/* The page's own hands: keys, players with one playhead over all their pictures, codes painted while they are drawn. */
(() => {
  "use strict";
  const one = (selector, root = /** @type {any} */ (document)) => root.querySelector(selector);
  const all = (selector, root = /** @type {any} */ (document)) => [...root.querySelectorAll(selector)];
  const isShown = (element) => Boolean(element?.offsetParent);

  /* ---- players: a card holds one sound, or two of the same length between which it can switch ---- */
  let current = null; // the card that was played last

  const voices = (card) => all("audio", card);
  const voiceOf = (card) => voices(card)[Number(card.dataset.voice || 0)];
  const isPlaying = (card) => voices(card).some((audio) => !audio.paused);

  function show(card) {
    const audio = voiceOf(card);
    const playing = isPlaying(card);
    card.toggleAttribute("data-playing", playing);
    all("[data-voice]", card).forEach((part) =>
      part.toggleAttribute("data-on", part.dataset.voice === (card.dataset.voice || "0")),
    );
    one(".strips", card)?.style.setProperty("--at", audio.duration ? audio.currentTime / audio.duration : 0);
    const clock = one("[data-clock]", card);
    if (clock) clock.textContent = playing || audio.currentTime > 0 ? `${audio.currentTime.toFixed(2)} / ` : "";
    if (!card.isConnected)
      voices(card).forEach((other) => other.pause()); // its card went; sound would play on
    else if (playing) requestAnimationFrame(() => show(card));
  }

  function pause(card) {
    voices(card).forEach((audio) => audio.pause());
    show(card);
  }

  /** Returns a promise that is kept as soon as it sounds, or cannot. */
  function play(card, voice = card.dataset.voice || "0", share = null) {
    if (!card.classList.contains("ready")) return Promise.resolve();
    const before = voiceOf(card);
    takeInHand(card);
    card.dataset.voice = voice;
    const audio = voiceOf(card);
    if (share !== null)
      audio.currentTime = share * (audio.duration || 0); // not known yet
    else if (audio !== before) audio.currentTime = before.currentTime;
    voices(card).forEach((other) => other !== audio && other.pause());
    audio.onended = () => {
      audio.currentTime = 0;
      show(card);
    };
    voices(card).forEach((other) => {
      setGain(other, window.foley.gain(card));
      other.loop = "looping" in card.dataset;
    });
    return audio.play().then(
      () => show(card),
      () => show(card),
    );
  }

  /* ---- how loud: an element's volume ends at 1; what must be louder goes through an amplifier ---- */
  const amplifiers = new WeakMap();
  let context = null;
  function setGain(audio, gain) {
    if (gain > 1 && !amplifiers.has(audio)) {
      context ||= new AudioContext();
      const amplifier = context.createGain();
      context.createMediaElementSource(audio).connect(amplifier).connect(context.destination);
      amplifiers.set(audio, amplifier);
    }
    context?.resume();
    const amplifier = amplifiers.get(audio);
    audio.volume = amplifier ? 1 : Math.max(0, gain);
    if (amplifier) amplifier.gain.value = gain;
  }
  function setGains() {
    if (current) voices(current).forEach((audio) => setGain(audio, window.foley.gain(current)));
  }

  /* ---- a take that was asked for plays when it is ready ---- */
  let expected = false;
  document.addEventListener(
    "loadeddata",
    (event) => {
      const card = event.target.closest?.(".take.ready[data-take]");
      if (!expected || !card) return;
      const plays =
        isShown(card) && window.foley.forms.values("listening").autoplay && !(current && isPlaying(current));
      if (isShown(card)) expected = false;
      const first = plays ? play(card, "0", 0) : null;
      // the others of a run wait until the first is heard
      if (card.closest(".takes.many"))
        Promise.resolve(first).then(() => window.foley.protocol.send({ action: "heard", file: card.dataset.file }));
    },
    true,
  );

  function toggle(card, voice = card.dataset.voice || "0") {
    const same = voice === (card.dataset.voice || "0");
    if (isPlaying(card) && same) pause(card);
    else play(card, voice);
  }

  function choose(card, voice) {
    if (isPlaying(card)) return play(card, voice);
    const time = voiceOf(card).currentTime;
    card.dataset.voice = voice;
    voiceOf(card).currentTime = time;
    show(card);
  }

  const cardAtHand = () => (current?.isConnected && isShown(current) ? current : all(".take.ready").find(isShown));

  function takeInHand(card) {
    if (current && current !== card && isPlaying(current)) pause(current);
    current = card;
    all("[data-player][data-current]").forEach((other) => other !== card && other.removeAttribute("data-current"));
    card.setAttribute("data-current", "");
    document.dispatchEvent(new CustomEvent("foley-hand", { detail: card }));
  }

  document.addEventListener("click", (event) => {
    const card = event.target.closest("[data-player]");
    const button = event.target.closest("button, a");
    if (card && button?.dataset.play) toggle(card, button.dataset.play);
    else if (card && button?.dataset.voice) choose(card, button.dataset.voice);
    if (button && "api" in button.dataset) one("footer .show-api")?.click();
    if (button && "themeSwitch" in button.dataset) setTheme(!document.body.classList.contains("dark"));
    if (button && event.detail > 0) button.blur(); // after a mouse click, Space belongs to the player again
  });

  document.addEventListener("pointerdown", (event) => {
    const strips = event.target.closest(".strips");
    if (!strips || event.button !== 0 || event.pointerType === "touch" || event.target.closest("button")) return;
    const card = strips.closest("[data-player]");
    if ("take" in card.dataset && event.target.closest(".codes, .cembed")) return; // there a box may be dragged
    const share = shareAt(card, event);
    if (share < 0 || share > 1) return;
    play(card, event.target.closest("[data-voice]")?.dataset.voice || card.dataset.voice, share);
  });

  document.addEventListener("click", (event) => {
    // a finger that came down to scroll must not play
    const strips = event.pointerType === "touch" && event.target.closest?.(".strips"),
      card = strips && strips.closest("[data-player]");
    if (!card || event.target.closest("button") || card.region) return;
    const share = shareAt(card, event);
    if (share >= 0 && share <= 1)
      play(card, event.target.closest("[data-voice]")?.dataset.voice || card.dataset.voice, share);
  });

  /** Where on the time axis of a card a pointer is, from 0 to 1 on it. */
  function shareAt(card, event) {
    const axis = one("[data-axis]", card)?.getBoundingClientRect();
    if (axis) return (event.clientX - axis.left) / axis.width;
    const style = getComputedStyle(card);
    const [begin, end] = ["--begin", "--end"].map((name) => Number(style.getPropertyValue(name)));
    const box = one(".strips", card).getBoundingClientRect();
    return ((event.clientX - box.left) / box.width - begin) / (end - begin);
  }

  /** A card that left the page may be held on to by the framework: its sound and pictures need not stay with it. */
  function release(card) {
    voices(card).forEach((audio) => {
      audio.pause();
      audio.removeAttribute("src");
      audio.load();
    });
    all("[src]", card).forEach((picture) => picture.removeAttribute("src"));
    if (current === card) current = null;
  }

  new MutationObserver((changes) => {
    const gone = changes
      .flatMap((change) => [...change.removedNodes])
      .filter((node) => node.nodeType === Node.ELEMENT_NODE && !node.isConnected);
    gone
      .flatMap((node) => [node, ...all("[data-player]", node)])
      .filter((node) => node.matches("[data-player]"))
      .forEach(release);
  }).observe(document.documentElement, { childList: true, subtree: true });

  /* ---- codes, painted on the waiting cards while they are drawn ---- */
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  function paint(value, colours) {
    if (!value?.codes) return;
    const [takes, rows, frames] = value.shape;
    const codes = new Uint16Array(bytes(value.codes).buffer);
    const shades = bytes(colours);
    const palette = new Uint32Array(1 + shades.length / 3); // 0, for a code not drawn yet, stays transparent
    for (let code = 1; code < palette.length; code++) {
      const [red, green, blue] = shades.subarray(3 * code - 3, 3 * code);
      palette[code] = (255 << 24) | (blue << 16) | (green << 8) | red;
    }
    all(".take.waiting .codes canvas")
      .slice(0, takes)
      .forEach((canvas, take) => {
        if (canvas.width !== frames || canvas.height !== rows) [canvas.width, canvas.height] = [frames, rows];
        const picture = new ImageData(frames, rows);
        const pixels = new Uint32Array(picture.data.buffer);
        for (let row = 0; row < rows; row++) {
          const start = (take * rows + rows - 1 - row) * frames; // the lowest row of codes is the last line
          for (let frame = 0; frame < frames; frame++) pixels[row * frames + frame] = palette[codes[start + frame]];
        }
        canvas.getContext("2d").putImageData(picture, 0, 0);
      });
  }

  /** What is pressed while a run waits for the model: values for Gradio of Generate and of Stop. */
  function wait(pressed = true) {
    if (!pressed && !window.foley.protocol.isDrawing()) return [{ __type__: "update" }, { __type__: "update" }];
    expected = true;
    if (current && !isPlaying(current)) {
      current.removeAttribute("data-current");
      current = null;
    } // what comes is at hand then
    const bar = one("#progress .progress");
    if (bar) {
      bar.className = "progress waiting";
      one("output", bar).textContent = "Waiting for the model";
    }
    return [false, true].map((interactive) => ({ interactive, __type__: "update" })); // of Generate and of Stop
  }

  /* ---- dark and light ---- */
  const stored = () => {
    try {
      return localStorage.getItem("foley-theme");
    } catch {
      return null;
    }
  };

  function setTheme(dark) {
    try {
      localStorage.setItem("foley-theme", dark ? "dark" : "light");
    } catch {
      /* a private window */
    }
    document.body.classList.toggle("dark", dark);
  }

  /* ---- keys ---- */
  const isText = (element) =>
    element?.isContentEditable ||
    element?.matches("textarea, input:not([type=range], [type=radio], [type=checkbox], [type=number])");
  const EDITING = ["Backspace", "Delete"];
  const takes = (element, key) =>
    isText(element) ||
    (element?.matches("input[type=number]") && (EDITING.includes(key) || (/[\d.,-]/.test(key) && key.length === 1)));
  const click = (selector) => {
    const target = one(selector);
    if (isShown(target)) target.click();
    return isShown(target);
  };

  const KEYS = {
    g: () => click("#generate"),
    escape: () => click("#stop"),
    " ": () => {
      const card = cardAtHand();
      if (card) toggle(card);
      return card;
    },
  };
  for (let number = 1; number <= 7; number++) {
    KEYS[number] = () => {
      const input = all("#category input")[number - 1];
      if (!isShown(input?.closest("label"))) return false;
      input.click();
      return true;
    };
  }

  document.addEventListener("keydown", (event) => {
    const focus = document.activeElement;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      focus?.blur(); // what is being typed counts
      if (click("#generate")) event.preventDefault();
      return;
    }
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      (event.repeat && !event.key.startsWith("Arrow")) ||
      takes(focus, event.key)
    )
      return;
    if ((event.key.startsWith("Arrow") || event.key.length > 1) && focus?.matches("select")) return;
    if (event.key.startsWith("Arrow") && focus?.matches("input")) return;
    if (
      (event.key === " " || event.key === "Enter") &&
      focus?.matches("button:focus-visible, a:focus-visible, input[type=checkbox]:focus-visible")
    )
      return;
    if (!KEYS[event.key.toLowerCase()]?.(event)) return;
    event.preventDefault();
    if (focus?.matches("input[type=number]")) focus.blur(); // so that the next key is one of ours too
  });

  window.foley = {
    paint,
    wait,
    gain: () => 1,
    setGains,
    keys: KEYS,
    hands: {
      one,
      all,
      isShown,
      voices,
      voiceOf,
      isPlaying,
      cardAtHand,
      takeInHand,
      play,
      pause,
      toggle,
      choose,
      shareAt,
      show,
    },
  };
  if (!new URLSearchParams(location.search).has("__theme")) {
    const apply = () => {
      const dark = stored() === "dark";
      if (stored() && document.body.classList.contains("dark") !== dark) document.body.classList.toggle("dark", dark);
    };
    new MutationObserver(apply).observe(document.body, { attributeFilter: ["class"] }); // Gradio sets the system's
    apply();
  }
})();
