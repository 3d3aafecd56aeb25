/* Keys for everything, and the sheet that tells them. */
(() => {
  "use strict";
  const { one, all, isShown, cardAtHand } = window.foley.hands;
  const { takes, library, regions, forms, keys } = window.foley;
  const WORDS = [
    ["1 – 7", "class"],
    ["Y", "say it: words for a sound"],
    ["G", "generate"],
    ["Esc", "stop; clear the region; choose none"],
    ["Space", "play or pause"],
    ["↑ ↓", "take in the library"],
    ["Shift ↑ ↓", "choose takes on the way"],
    ["Enter", "open it on the stage"],
    ["A B", "hear A or B at one level; Shift sets them"],
    ["L", "loop"],
    ["S", "siblings: more like this"],
    ["C", "continue"],
    ["I O", "region from, to the playhead"],
    ["R", "draw the region again"],
    ["F", "star"],
    ["N", "name"],
    ["X", "choose"],
    ["M", "tag the chosen takes"],
    ["Ctrl A", "choose all that are shown"],
    ["Del", "delete"],
    ["Z", "take the last deletion back"],
    ["E", "export"],
    ["U", "bring a take back from its file"],
    ["K", "use this take's settings"],
    ["D", "roll a new seed"],
    ["T P V", "variety, surprise, variations up; Shift down"],
    ["Q W", "distance, length up; Shift down"],
    ["+ −", "zoom"],
    ["[ ]", "volume"],
    ["H", "show or hide sound plan and codes"],
    ["/", "search the library"],
  ];

  /** The keys of the tab that is open. */
  function help() {
    let sheet = one("#help");
    if (!sheet) {
      sheet = document.createElement("dialog");
      sheet.id = "help";
      sheet.setAttribute("aria-label", "Keys");
      sheet.addEventListener("click", () => sheet.close());
      document.body.append(sheet);
    }
    const { isOpen, hands } = window.foley.performing;
    sheet.innerHTML = `<h2>Keys</h2><dl>${(isOpen() ? hands.WORDS : WORDS)
      .map(
        ([of, words]) =>
          `<div><dt>${of
            .split(" ")
            .map((key) => (key === "–" ? key : `<kbd>${key}</kbd>`))
            .join(" ")}</dt><dd>${words}</dd></div>`,
      )
      .join("")}</dl>`;
    sheet.open ? sheet.close() : sheet.showModal();
    return true;
  }

  /** Gradio's own sheet, which hears no keys. */
  function closeSheetForPrograms() {
    const close = one(".api-docs button > svg[viewBox='0 0 5 5']")?.parentElement;
    close?.click();
    return Boolean(close);
  }

  const way = (event) => (event.shiftKey ? -1 : 1);
  const stop = keys.escape;
  const remove = () =>
    takes.onStage() && takes.remove(library.chosen.size ? [...library.chosen] : [takes.fileAtHand()]);
  Object.assign(keys, {
    a: (event) => takes.hearSlot(0, event),
    b: (event) => takes.hearSlot(1, event),
    y: () => window.foley.say.focus(),
    l: () => takes.loop(),
    s: () => takes.edit("siblings"),
    c: () => takes.edit("continue"),
    r: () => takes.edit("region"),
    i: () => regions.mark(0),
    o: () => regions.mark(1),
    f: () => takes.star(takes.fileAtHand()),
    n: () => takes.rename(),
    x: () => library.choose(takes.fileAtHand()),
    m: () => library.startTag(takes.fileAtHand()),
    z: () => takes.onStage() && takes.undo(),
    e: () => takes.export(),
    u: () => takes.onStage() && window.foley.files.bring(),
    k: () => window.foley.pageState.use(cardAtHand()),
    delete: remove,
    backspace: remove,
    h: () => forms.fold(),
    "/": () => library.find(),
    d: () => {
      const dice = one("#dice");
      if (isShown(dice)) dice.click();
      return isShown(dice);
    },
    t: (event) => forms.nudge("#temperature input[type=range]", 5 * way(event)),
    p: (event) => forms.nudge("#top-p input[type=range]", 5 * way(event)),
    v: (event) => forms.nudge("#count input[type=range]", way(event)),
    q: (event) => forms.nudge("[name=distance]", way(event)),
    w: (event) => forms.nudge("[name=seconds]", way(event)),
    "+": () => forms.nudge("[name=zoom]", 1),
    "-": () => forms.nudge("[name=zoom]", -1),
    "[": () => forms.nudge("[name=volume]", -1),
    "]": () => forms.nudge("[name=volume]", 1),
    arrowdown: (event) => library.step(1, event.shiftKey),
    arrowup: (event) => library.step(-1, event.shiftKey),
    enter: () => takes.onStage() && cardAtHand()?.matches(".take-row") && takes.open(takes.fileAtHand()),
    "?": help,
    escape: () =>
      one("#help")?.open
        ? help()
        : closeSheetForPrograms() ||
          takes.hush() ||
          all(".take").map(regions.clearRegion).some(Boolean) ||
          library.chooseNone() ||
          stop(),
  });
  document.addEventListener("keydown", (event) => {
    if (
      (event.ctrlKey || event.metaKey) &&
      event.key.toLowerCase() === "a" &&
      takes.onStage() &&
      !document.activeElement?.matches(
        "input:not([type=checkbox], [type=radio], [type=range]), textarea, [contenteditable=plaintext-only]",
      ) &&
      library.chooseAll()
    )
      event.preventDefault();
  });
})();
