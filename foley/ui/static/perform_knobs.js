/* The Perform tab's knobs: of the events that are chosen, or of all; "as it comes" until one is turned. */
(() => {
  "use strict";
  const { one, all } = window.foley.hands;
  const AS_IT_COMES = "as it comes",
    USUAL = 0.5;

  /**
   * @param {HTMLElement} root the Perform tab's component
   * @param {{ turn: (name: string, value: number | null) => void, save: () => void }} hand
   */
  function connect(root, hand) {
    const nameOf = (slider) => slider.dataset.ask;
    const of = (event) => event.target.closest?.("[data-ask]");
    root.addEventListener("input", (event) => {
      const slider = of(event);
      if (slider) hand.turn(nameOf(slider), Number(slider.value));
    });
    root.addEventListener("change", (event) => {
      if (of(event)) hand.save();
    });
    const release = (event) => {
      hand.turn(nameOf(of(event)), null);
      hand.save();
    };
    root.addEventListener("dblclick", (event) => {
      if (of(event)) release(event);
    });
    root.addEventListener(
      "keydown",
      (event) => {
        if (!of(event) || !["Delete", "Backspace"].includes(event.key)) return;
        event.preventDefault();
        event.stopPropagation(); // elsewhere these keys remove events
        release(event);
      },
      true,
    );
  }

  /** Show the values of the chosen events, else those of all; what an event does not ask for itself is as for all. */
  function show(root, chosen, common) {
    const [first] = chosen;
    one("[data-whose]", root).textContent = first
      ? `Knobs of ${chosen.size === 1 ? "the chosen event" : `${chosen.size} chosen events`}`
      : "Knobs of all events";
    all("[data-ask]", root).forEach((slider) => {
      const value = first?.knobs?.[slider.dataset.ask] ?? common[slider.dataset.ask];
      slider.value = value ?? USUAL;
      const words = value === undefined ? AS_IT_COMES : Number(value).toFixed(2);
      slider.setAttribute("aria-valuetext", words);
      const label = slider.closest("label");
      label.toggleAttribute("data-on", value !== undefined);
      one("output", label).textContent = words;
    });
  }

  window.foley.performKnobs = { connect, show };
})();
