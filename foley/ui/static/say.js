/* Say it: words for a sound. While they are typed, Python tells what it understands; Enter makes the sound. */
(() => {
  "use strict";
  const { one, all, isShown } = window.foley.hands;
  const SETTLE_MS = 200;
  let form = null, // the field with its chips
    given = "", // what was to stand in the field before it was there
    changes = /** @type {Record<string, any>} */ ({}), // by a piece's key: its value, or null where it is taken back
    number = 0, // of the last question
    known = /** @type {any} */ (null), // the last answer
    wanted = false, // the sound is to be made as soon as the answer is there
    due = 0;

  const field = () => one("#say-words", form || document);
  const text = () => field()?.value ?? given;
  const message = (action) => ({ action, text: text(), changes: Object.entries(changes) });

  /** Called when the field is laid out. */
  function connect(element) {
    form = one("form", element);
    set(given);
    field().addEventListener("input", () => {
      clearTimeout(due);
      due = setTimeout(ask, SETTLE_MS);
      known = null; // it is of other words
    });
    form.addEventListener("submit", say);
    form.addEventListener("click", click);
    form.addEventListener("keydown", press);
  }

  /** Put words into the field, without making their sound. */
  function set(words) {
    given = words;
    if (!form) return;
    field().value = words;
    ask();
  }

  function ask() {
    clearTimeout(due);
    known = null;
    number += 1;
    if (text().trim()) window.foley.protocol.send({ ...message("understand"), number });
    else receive({ number, keys: [], chips: [], unknown: [], notes: [], controls: null, loop: false });
  }

  function receive(answer) {
    if (!form || answer?.number !== number) return; // of other words, or of none
    known = answer;
    changes = Object.fromEntries(Object.entries(changes).filter(([key]) => answer.keys.includes(key)));
    show();
    if (wanted) make();
  }

  /* ---- the sound ---- */
  function say() {
    wanted = Boolean(text().trim());
    if (!wanted) return;
    if (known) make();
    else ask();
  }

  function make() {
    wanted = false;
    if (!known.controls || one("#generate").disabled) return; // its notes say what is missing; or it draws already
    const { knobs, seed, ...rest } = known.controls;
    window.foley.pageState.set({ ...rest, knobs, ...(seed === null ? {} : { seed, locked: true }) });
    const loop = one("[data-form=export] [name=loop]");
    if (loop && known.loop && !loop.checked) loop.click();
    window.foley.protocol.send(message("say"));
  }

  /* ---- chips ---- */
  function show() {
    const list = one(".chips", form),
      notes = one(".said", form);
    list.replaceChildren(...known.chips.map(chip), ...known.unknown.map(stranger), ...asSaid());
    list.hidden = !list.children.length;
    notes.textContent = known.notes.join(" ");
    notes.hidden = !known.notes.length;
  }

  function chip(piece) {
    const item = document.createElement("li"),
      label = document.createElement(piece.edit ? "button" : "span"),
      back = document.createElement("button");
    item.className = "chip";
    item.dataset.key = piece.key;
    item.dataset.kind = piece.met ? "met" : "unmet";
    label.title = `“${piece.said}”: ${piece.note}`;
    label.append(worded("b", piece.label), ...(piece.mark ? [worded("i", piece.mark)] : []));
    if (piece.edit) Object.assign(label, { type: "button" }).dataset.change = "";
    back.type = "button";
    back.dataset.takeBack = "";
    back.textContent = "✕";
    back.title = "Take it back (Del)";
    back.setAttribute("aria-label", `Take back ${piece.label}`);
    item.append(label, back);
    return item;
  }

  function stranger(word) {
    const item = document.createElement("li");
    item.className = "chip";
    item.dataset.kind = "unknown";
    item.append(document.createElement("span"));
    item.firstChild.append(worded("i", "not understood"), worded("b", word));
    return item;
  }

  /** The way back to what the words say, where something was changed. */
  function asSaid() {
    if (!Object.keys(changes).length) return [];
    const item = document.createElement("li"),
      button = document.createElement("button");
    item.className = "chip";
    Object.assign(button, { type: "button", textContent: "as said", title: "Forget what was changed by hand" });
    button.dataset.asSaid = "";
    item.append(button);
    return [item];
  }

  function worded(kind, words) {
    const element = document.createElement(kind);
    element.textContent = words;
    return element;
  }

  const pieceOf = (item) => known?.chips.find((piece) => piece.key === item?.dataset.key);

  function takeBack(item) {
    const items = all(".chip[data-key]", form),
      place = items.indexOf(item);
    change(item, null);
    const next = items[place + 1] || items[place - 1];
    (one("[data-take-back]", next || form) || field()).focus();
  }

  function change(item, value) {
    changes = { ...changes, [item.dataset.key]: value };
    ask();
  }

  /** Let the value of a chip be changed where it stands. */
  function edit(item) {
    const piece = pieceOf(item);
    if (!piece?.edit) return;
    const { value, choices, ...bounds } = piece.edit,
      box = document.createElement(choices ? "select" : "input"),
      label = one("[data-change]", item);
    if (choices) box.append(...choices.map(([name, words]) => new Option(words, name)));
    else Object.assign(box, { type: "number", ...bounds });
    box.value = String(value);
    box.setAttribute("aria-label", `Change ${piece.label}`);
    let left = false;
    const leave = (keep) => {
      if (left) return;
      left = true;
      const wrong = !box.value || !box.checkValidity(),
        given = choices ? box.value : Number(box.value);
      box.replaceWith(label);
      if (keep && !wrong && given !== value) change(item, given);
      label.focus();
    };
    box.addEventListener("keydown", (/** @type {any} */ event) => {
      if (!["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      leave(event.key === "Enter");
    });
    box.addEventListener("blur", () => leave(true));
    if (choices) box.addEventListener("change", () => leave(true));
    label.replaceWith(box);
    box.focus();
    if (!choices) /** @type {any} */ (box).select();
  }

  function click(event) {
    const item = event.target.closest(".chip"),
      button = event.target.closest("button");
    if (button && "takeBack" in button.dataset) takeBack(item);
    else if (button && "change" in button.dataset) edit(item);
    else if (button && "asSaid" in button.dataset) {
      changes = {};
      ask();
      field().focus();
    }
  }

  /** Keys inside belong to the words and chips alone. */
  function press(event) {
    const item = event.target.closest(".chip");
    if (event.key === "Escape") event.target.blur();
    if (event.target.matches("button") && item?.dataset.key && ["Delete", "Backspace"].includes(event.key)) {
      event.preventDefault();
      takeBack(item);
    }
    event.stopPropagation();
  }

  function focus() {
    if (!isShown(field())) return false;
    field().focus();
    field().select();
    return true;
  }

  window.foley.say = { connect, receive, set, text, focus };
})();
