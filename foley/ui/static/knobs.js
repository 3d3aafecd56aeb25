/* The knobs: sliders that are "as it comes" until they are turned; letting one go draws the same seed again. */
(() => {
  "use strict";
  const { one, all, cardAtHand } = window.foley.hands;
  const AS_IT_COMES = "as it comes",
    USUAL = 0.5,
    SETTLE_MS = 150; // a double click, or a key that is held, is one change
  let turned = /** @type {any} */ ({}), // values from 0 to 1 by name
    names = /** @type {string[]} */ ([]),
    hand = /** @type {any} */ (() => {}), // hands the values to Gradio
    due = 0, // the timer of the next draw
    missed = false; // something was turned while no draw could begin

  const nameOf = (element) => element.closest("[data-knob]").dataset.knob;
  const isSlider = (element) => Boolean(element?.matches?.("[data-knob] input"));

  /** Called by the component that carries the values to Python. */
  function connect(give, known) {
    hand = give;
    names = known;
    set(turned);
  }

  /** Turn the knobs to values by name; what is not named, or cannot be, is as it comes. Nothing is drawn. */
  function set(values) {
    const possible = ([name, value]) => (!names.length || names.includes(name)) && value >= 0 && value <= 1;
    turned = Object.fromEntries(
      Object.entries(values)
        .map(([name, value]) => [name, value === "" ? Number.NaN : Number(value)])
        .filter(possible),
    );
    hand({ ...turned });
    show();
  }

  function turn(name, value) {
    const { [name]: _, ...others } = turned;
    set(value === null ? others : { ...others, [name]: value });
    document.dispatchEvent(new CustomEvent("foley-knobs"));
  }

  function show() {
    all("[data-knob]").forEach((row) => {
      const value = turned[row.dataset.knob],
        slider = one("input", row),
        words = value === undefined ? AS_IT_COMES : value.toFixed(2);
      row.toggleAttribute("data-on", value !== undefined);
      slider.value = value ?? USUAL;
      slider.style.setProperty("--part", `${100 * slider.value}%`);
      slider.setAttribute("aria-valuetext", words);
      one("output", row).textContent = words;
    });
    const count = Object.keys(turned).length;
    all("[data-turned]").forEach((place) => {
      place.textContent = count ? `${count} turned` : "";
    });
  }

  function release(name) {
    if (turned[name] === undefined) return;
    turn(name, null);
    soon();
  }

  /* ---- the same seed again ---- */
  function soon() {
    clearTimeout(due);
    due = setTimeout(redraw, SETTLE_MS);
  }

  const isDrawing = () => Boolean(one("#generate")?.disabled || one(".take.waiting")); // its card comes a little later

  /** Draw the take at hand again, where it is a whole one of the class that is chosen. */
  function redraw() {
    missed = isDrawing();
    if (missed) return;
    const stage = all(".take.ready[data-take]"),
      card = stage.includes(cardAtHand()) ? cardAtHand() : stage[0],
      take = window.foley.library.known(card?.dataset.file),
      chosen = all("#category input").findIndex((input) => input.checked);
    missed = Boolean(card && !take); // the library has not heard of it yet
    if (take && !take.edits && take.category === chosen)
      window.foley.protocol.send({ action: "redraw", file: take.file });
  }

  new MutationObserver(() => {
    if (missed && !isDrawing()) soon();
  }).observe(document.documentElement, { subtree: true, childList: true, attributeFilter: ["disabled", "class"] });

  document.addEventListener("foley-library", () => {
    if (missed && !isDrawing()) soon();
  });

  /* ---- hands: turned by `input`, let go at `change` ---- */
  document.addEventListener("input", (event) => {
    if (isSlider(event.target)) turn(nameOf(event.target), Number(event.target.value));
  });
  document.addEventListener("change", (event) => {
    if (isSlider(event.target)) soon();
  });
  document.addEventListener("pointerdown", (event) => {
    if (isSlider(event.target)) clearTimeout(due);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-release], #stop");
    if (button?.id === "stop") missed = false;
    else if (button) {
      release(nameOf(button));
      one("input", button.closest("[data-knob]")).focus(); // the button itself goes
    } else if (isSlider(event.target) && turned[nameOf(event.target)] === undefined) {
      turn(nameOf(event.target), Number(event.target.value)); // where it stood already: asked for, from now on
      soon();
    }
  });
  document.addEventListener("dblclick", (event) => {
    if (isSlider(event.target)) release(nameOf(event.target));
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (!isSlider(event.target) || !["Delete", "Backspace"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation(); // elsewhere these keys delete a take
      release(nameOf(event.target));
    },
    true,
  );

  /* ---- folded or not; laid out by Gradio in its own time ---- */
  const FOLDED = "foley-knobs-folded";
  const stored = () => {
    try {
      return localStorage.getItem(FOLDED) === "true";
    } catch {
      return false; // a private window
    }
  };
  document.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.matches?.("details.knobs")) return;
      try {
        localStorage.setItem(FOLDED, String(!event.target.open));
      } catch {
        /* a private window */
      }
    },
    true,
  );
  new MutationObserver(() => {
    const panel = one("details.knobs:not([data-prepared])");
    if (!panel) return;
    panel.dataset.prepared = "";
    panel.open = !stored();
    show();
  }).observe(document.documentElement, { childList: true, subtree: true });

  window.foley.knobs = { connect, set, values: () => ({ ...turned }) };
})();
