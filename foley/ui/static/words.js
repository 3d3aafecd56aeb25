/* The field for words: what was understood as chips, each of which can be changed or taken away (words_field.py). */
(() => {
  "use strict";
  const { one, all } = window.foley.hands;
  const PAUSE_MS = 250; // after the last key, before it is read
  let text = "", dropped = [], values = {}, due = 0;

  const form = () => one("[data-words]");
  const message = (action) => ({ action, text, dropped, values: Object.entries(values).map(([place, value]) => [Number(place), value]) });
  const send = (action) => window.foley.protocol.send(message(action));

  function typed(input) {
    if (input.value === text) return;
    text = input.value;
    dropped = [];
    values = {};
    one("button[type=submit]", form()).disabled = !text.trim();
    clearTimeout(due);
    due = setTimeout(() => send("read_words"), PAUSE_MS);
  }

  function element(tag, words, properties = {}) {
    return Object.assign(document.createElement(tag), { textContent: words }, properties);
  }

  function chipOf(chip) {
    const piece = element("span", "", { className: "chip", title: `“${chip.words}”. ${chip.why}` });
    piece.setAttribute("role", "listitem");
    piece.toggleAttribute("data-unmet-chip", !chip.met);
    if (chip.number === null) piece.append(element("span", chip.label));
    else {
      const input = element("input", "", { type: "number", step: "any", value: String(chip.number) });
      input.setAttribute("aria-label", chip.name);
      input.addEventListener("change", () => {
        if (input.value === "") return;
        values[chip.place] = Number(input.value);
        send("read_words");
      });
      piece.append(element("span", chip.name), input);
    }
    const away = element("button", "×", { type: "button", title: "Take it away" });
    away.setAttribute("aria-label", `Take away ${chip.label}`);
    away.addEventListener("click", () => {
      dropped = [...dropped, chip.place];
      send("read_words");
    });
    piece.append(away);
    return piece;
  }

  /** What Python has read; an answer to words that are gone by now is not shown. */
  function show(answer) {
    if (!form() || answer.text !== text) return;
    one("[data-chips]", form()).replaceChildren(...answer.chips.map(chipOf));
    const unknown = one("[data-not-understood]", form());
    unknown.hidden = !answer.unknown.length;
    unknown.textContent = `Not understood: ${answer.unknown.join(", ")}`;
    const unmet = one("[data-unmet]", form());
    unmet.hidden = !answer.unmet.length;
    unmet.replaceChildren(...answer.unmet.map((sentence) => element("li", sentence)));
  }

  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-words] [name=words]")) typed(event.target); });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches?.("[data-words]")) return;
    event.preventDefault();
    if (text.trim()) send("say_words");
  });

  window.foley.words = { show };
})();
