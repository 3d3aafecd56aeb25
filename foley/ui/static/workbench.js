/* What is done with takes: the library's list, A and B at one level, edits, export, files in and out, names, keys. */
(() => {
  "use strict";
  const { one, all, isShown, voices, voiceOf, isPlaying, cardAtHand, takeInHand, play, choose, show } = window.foley.hands;
  const { clearRegion, showRegionButton, mark } = window.foley.regions, { values, nudge } = window.foley.forms;
  const UNDO_MS = 5000;
  let rack = null, ask = () => {}, takes = []; // the library's element, what sends an event to Python, its takes
  const chosen = new Set(), going = new Map(); // files ticked in the list; files being deleted, with their timers
  let filter = "", onlyStars = false;

  const fileAtHand = () => cardAtHand()?.dataset.file || "";
  const known = (file) => takes.find((take) => take.file === file);
  const cardOf = (file) => [...all(".take.ready"), ...all(".slip", rack || document)].find((card) => card.dataset.file === file);
  const onStage = () => isShown(one("#generate"));

  /* ---- the library's list, in order and with its players kept ---- */
  function shelf(element, value, trigger) {
    rack = element;
    ask = trigger;
    const select = one("[data-filter]", rack);
    const classes = all("#category label span").map((span) => span.textContent);
    select.replaceChildren(new Option("All classes", ""), ...classes.map((name) => new Option(name, name)));
    select.addEventListener("change", () => { filter = select.value; list(); });
    restock(value());
  }

  function restock(value) {
    if (!rack || !value?.takes) return;
    const newest = value.takes[0];
    if (awaited && newest && newest.file !== takes[0]?.file) { slots[1] = newest.file; awaited = false; }
    takes = value.takes;
    for (const file of [...chosen]) if (!known(file)) chosen.delete(file);
    slots.forEach((file, slot) => { if (file && !known(file)) slots[slot] = null; });
    list();
    markSlots();
    showRegionButton();
  }

  const categoryTitle = (name) => name.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

  function list() {
    const rows = one("[data-rows]", rack);
    const wanted = takes.filter((take) =>
      !going.has(take.file) && (!filter || categoryTitle(take.category) === filter) && (!onlyStars || take.star));
    const old = new Map([...rows.children].map((row) => [row.dataset.file, row]));
    const next = wanted.map((take) => old.get(take.file) || newRow(take));
    next.forEach((row, place) => { fill(row, wanted[place]); if (rows.children[place] !== row) rows.insertBefore(row, rows.children[place] || null); });
    while (rows.children.length > next.length) rows.lastChild.remove();
    one("[data-count]", rack).textContent = takes.length ? `${wanted.length === takes.length ? "" : `${wanted.length} of `}${takes.length}` : "";
    one("[data-empty]", rack).hidden = takes.length > 0;
    showChosen();
  }

  function newRow(take) {
    const row = document.createElement("li");
    row.className = "slip ready";
    row.draggable = true;
    row.tabIndex = -1;
    row.setAttribute("role", "option");
    row.dataset.player = "";
    row.dataset.file = take.file;
    row.innerHTML = `<input type="checkbox" data-pick title="Choose for export or deletion (X)"><button type="button" data-play="0"></button>
      <span class="words"><b></b><small></small></span><button type="button" class="star" data-star aria-label="Star" title="Star (F)"></button><audio preload="none"></audio>`;
    return row;
  }

  function fill(row, take) {
    one("b", row).textContent = take.title;
    one("small", row).textContent = `${take.seed} · ${take.seconds.toFixed(1)} s · ${take.loudness.toFixed(0).replace("-", "−")} LUFS`;
    row.toggleAttribute("data-edited", Boolean(take.edits));
    row.title = `${take.title}, seed ${take.seed}${take.edits ? `; ${take.edits}` : ""}. Enter or a double click opens it. Drag it to your desktop or DAW.`;
    one("[data-play]", row).setAttribute("aria-label", `Play or pause ${take.title}, seed ${take.seed}`);
    one("[data-pick]", row).setAttribute("aria-label", `Choose ${take.title}, seed ${take.seed}`);
    one("[data-star]", row).setAttribute("aria-pressed", take.star);
    one("[data-pick]", row).checked = chosen.has(take.file);
    row.dataset.loudness = take.loudness;
    row.dataset.seed = take.seed;
    row.dataset.url = take.url;
    const audio = one("audio", row);
    if (audio.getAttribute("src") !== take.url) audio.src = take.url;
  }

  function showChosen() {
    const foot = one("[data-chosen]", rack);
    foot.hidden = chosen.size === 0;
    one("span", foot).textContent = `${chosen.size} chosen`;
    const button = one("[data-export]");
    if (button) button.firstChild.textContent = chosen.size > 1 ? `Export ${chosen.size} takes as ZIP ` : "Export ";
  }

  function step(by) {
    const rows = all(".slip", rack).filter(isShown);
    if (!rows.length || !onStage()) return false;
    const at = rows.findIndex((row) => row.dataset.file === fileAtHand());
    const row = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))];
    takeInHand(row);
    row.scrollIntoView({ block: "nearest" });
    row.focus({ preventScroll: true });
    return true;
  }

  /* ---- stars, names, deletion that can be taken back ---- */
  function star(file) {
    const take = known(file);
    if (!take) return false;
    take.star = !take.star;
    all("[data-file]").filter((card) => card.dataset.file === file).forEach((card) => one("[data-star]", card)?.setAttribute("aria-pressed", take.star));
    if (onlyStars) list();
    ask("input", { do: "star", files: [file], star: take.star });
    return true;
  }

  function remove(files) {
    files = files.filter((file) => known(file) && !going.has(file));
    if (!files.length) return false;
    const timer = setTimeout(() => finish(files), window.foley.undoMs ?? UNDO_MS);
    files.forEach((file) => {
      going.set(file, timer);
      chosen.delete(file);
      all(".take.ready").filter((card) => card.dataset.file === file).forEach((card) => { voices(card).forEach((audio) => audio.pause()); card.classList.add("going"); });
    });
    const rows = all(".slip", rack), gone = rows.map((row) => files.includes(row.dataset.file)), held = files.includes(fileAtHand());
    const next = rows.find((row, place) => !gone[place] && place > gone.indexOf(true)) || rows.filter((row, place) => !gone[place]).pop();
    list();
    if (held && next) takeInHand(next);
    say(`${files.length > 1 ? `${files.length} takes` : known(files[0]).title} deleted. <button type="button" data-undo title="Take it back (Z)">Undo <kbd>Z</kbd></button>`);
    return true;
  }

  function finish(files) {
    files.forEach((file) => going.delete(file));
    takes = takes.filter((take) => !files.includes(take.file));
    say("");
    ask("input", { do: "delete", files });
  }

  function undo() {
    if (!going.size) return false;
    const back = [...going.keys()];
    new Set(going.values()).forEach(clearTimeout);
    going.clear();
    all(".take.going").forEach((card) => card.classList.remove("going"));
    say("");
    list();
    const row = cardOf(back[0]);
    if (row) takeInHand(row);
    return true;
  }

  function say(words) {
    let bar = one("#said");
    if (!bar) { bar = document.createElement("div"); bar.id = "said"; bar.setAttribute("role", "status"); document.body.append(bar); }
    bar.innerHTML = words;
    bar.hidden = !words;
  }

  /* ---- A and B: two takes at one level, at the same place in time ---- */
  const slots = [null, null];
  let awaited = false; // the first take of an edit becomes B, its take being A

  function markSlots() {
    all("[data-slot]").forEach((button) => button.toggleAttribute("data-on", slots[button.dataset.slot] === button.closest("[data-file]").dataset.file && Boolean(slots[button.dataset.slot])));
    all(".slip", rack || document).forEach((row) => { row.dataset.in = slots.map((file, slot) => (file === row.dataset.file ? "AB"[slot] : "")).join(""); });
  }

  function setSlot(slot, file) {
    slots[slot] = slots[slot] === file ? null : file;
    markSlots();
  }

  function hearSlot(slot, event) {
    const pair = all(".take.ready").find((card) => isShown(card) && voices(card).length > 1);
    if (pair) { takeInHand(pair); choose(pair, String(slot)); return true; }
    if (!slots[slot] || event.shiftKey) {
      if (!fileAtHand()) return false;
      setSlot(slot, fileAtHand());
      return true;
    }
    const card = cardOf(slots[slot]);
    if (!card) return false;
    const before = cardAtHand();
    const share = before && isPlaying(before) && voiceOf(before).duration ? voiceOf(before).currentTime / voiceOf(before).duration : null;
    const audio = voiceOf(card);
    if (share !== null && !audio.duration) audio.addEventListener("loadedmetadata", () => { audio.currentTime = share * audio.duration; }, { once: true });
    play(card, card.dataset.voice || "0", audio.duration ? share : null);
    return true;
  }

  window.foley.volume = (card) => {
    const both = slots.map(known);
    if (!both[0] || !both[1] || !slots.includes(card.dataset.file)) return 1;
    const quieter = Math.min(both[0].loudness, both[1].loudness);
    return Math.min(1, 10 ** ((quieter - Number(card.dataset.loudness)) / 20));
  };

  /* ---- edits and export ---- */
  function edit(kind) {
    const held = all(".take").find((card) => card.region);
    const card = kind === "region" ? held : cardAtHand();
    if (!card?.dataset.file || !onStage()) return false;
    const button = one("#generate");
    if (button.disabled) return true; // it draws already
    slots[0] = card.dataset.file;
    slots[1] = null;
    awaited = true;
    ask("submit", { edit: kind, file: card.dataset.file, ...values("edits"), ...(card.region || {}) });
    return true;
  }

  /** An edit of the newest take, once it is on the stage. */
  function later(kind, patience = 100) {
    const card = all(".take.ready").find((take) => isShown(take) && take.dataset.file && take.dataset.file === takes[0]?.file);
    if (card) { takeInHand(card); edit(kind); }
    else if (patience) setTimeout(() => later(kind, patience - 1), 100);
  }

  function send() {
    const wrong = all("input", one("[data-form=export]")).find((field) => !field.checkValidity());
    if (wrong) { wrong.reportValidity(); return true; }
    const files = chosen.size ? takes.map((take) => take.file).filter((file) => chosen.has(file)) : [fileAtHand()].filter(Boolean);
    if (!onStage()) return false;
    ask("click", { files, settings: values("export") });
    return true;
  }

  function take(value) {
    const url = value?.file?.url;
    if (!url) return;
    const link = document.createElement("a");
    link.href = url;
    link.download = value.name;
    document.body.append(link);
    link.click();
    link.remove();
  }

  const open = (file) => { if (file) ask("select", { file }); return Boolean(file); };

  /* ---- files in and out ---- */
  document.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.(".slip, a[download]");
    if (!row) return;
    const [url, name] = row.matches("a") ? [row.href, row.getAttribute("download")] : [new URL(row.dataset.url, location.href).href, row.dataset.file];
    event.dataTransfer.setData("DownloadURL", `audio/wav:${name}:${url}`);
    event.dataTransfer.setData("text/uri-list", url);
    event.dataTransfer.effectAllowed = "copy";
  });

  const carriesFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  document.addEventListener("dragover", (event) => { if (carriesFiles(event)) { event.preventDefault(); document.body.classList.add("dropping"); } });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!carriesFiles(event)) return;
    event.preventDefault(); // or the page would be left for the file
    if (onStage()) bring(event.dataTransfer.files);
    else if (isShown(one("#recording")) && !event.target.closest("#recording")) hand("#recording", event.dataTransfer.files);
  });

  function bring(files) {
    if (files) return hand("#bring-back", files);
    one("#bring-back input[type=file]")?.click();
    return true;
  }

  /** Give the first of some files to an upload, as choosing it there would. */
  function hand(place, files) {
    const input = one(`${place} input[type=file]`);
    if (!input || !files.length) return false;
    const first = new DataTransfer();
    first.items.add(files[0]);
    input.files = first.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  /* ---- names ---- */
  const heading = (element) => element.closest?.("[data-take] [data-name]");
  function rename(card = cardAtHand()) {
    const name = card && one("[data-name]", cardOf(card.dataset.file) || card);
    if (!name) return false;
    name.contentEditable = "plaintext-only";
    name.focus();
    getSelection().selectAllChildren(name);
    return true;
  }
  document.addEventListener("focusout", (event) => {
    const name = heading(event.target);
    if (!name || !name.isContentEditable) return;
    name.contentEditable = "false";
    ask("input", { do: "name", files: [name.closest("[data-file]").dataset.file], name: name.textContent });
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.isContentEditable && (event.key === "Enter" || event.key === "Escape")) { event.preventDefault(); event.target.blur(); }
  }, true);

  /* ---- clicks ---- */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button, input, h3, a"), card = event.target.closest("[data-file]");
    const has = (name) => button && name in button.dataset;
    if (card && !has("play")) takeInHand(card);
    if (has("edit")) edit(button.dataset.edit);
    else if (has("again")) edit("region");
    else if (has("export")) send();
    else if (has("undo")) undo();
    else if (has("bring")) bring();
    else if (has("onlyStars")) { onlyStars = !onlyStars; button.setAttribute("aria-pressed", onlyStars); list(); }
    else if (has("none")) { chosen.clear(); list(); }
    else if (has("deleteChosen")) remove([...chosen]);
    else if (has("help")) help();
    else if (card && has("star")) star(card.dataset.file);
    else if (card && has("delete")) remove([card.dataset.file]);
    else if (card && has("slot")) setSlot(Number(button.dataset.slot), card.dataset.file);
    else if (card && has("loop")) loop(card);
    else if (card && has("name") && card.classList.contains("ready")) rename(card);
    else if (card && has("pick")) pick(card.dataset.file);
  });
  document.addEventListener("dblclick", (event) => { const row = event.target.closest(".slip"); if (row && !event.target.closest("button, input")) open(row.dataset.file); });

  function pick(file) {
    if (!known(file)) return false;
    chosen.has(file) ? chosen.delete(file) : chosen.add(file);
    list();
    return true;
  }

  function loop(card = cardAtHand()) {
    if (!card) return false;
    const on = card.toggleAttribute("data-looping");
    voices(card).forEach((audio) => { audio.loop = on; });
    one("[data-loop]", card)?.setAttribute("aria-pressed", on);
    return true;
  }

  /* ---- keys ---- */
  const WORDS = [
    ["1 – 7", "class"], ["G", "generate"], ["Esc", "stop; clear the region"], ["Space", "play or pause"], ["↑ ↓", "take in the library"],
    ["Enter", "open it on the stage"], ["A B", "hear A or B at one level; Shift sets them"], ["L", "loop"], ["S", "siblings: more like this"],
    ["C", "continue"], ["I O", "region from, to the playhead"], ["R", "draw the region again"], ["F", "star"], ["N", "name"], ["X", "choose"],
    ["Del", "delete"], ["Z", "undo the deletion"], ["E", "export"], ["U", "bring a take back from its file"], ["K", "keep this take's seed"],
    ["D", "roll a new seed"], ["T P V", "temperature, top-p, variations up; Shift down"], ["Q W", "distance, length up; Shift down"],
  ];
  function help() {
    let sheet = one("#help");
    if (!sheet) {
      sheet = document.createElement("dialog");
      sheet.id = "help";
      sheet.innerHTML = `<h4>Keys</h4><dl>${WORDS.map(([keys, words]) => `<div><dt>${keys.split(" ").map((key) => (key === "–" ? key : `<kbd>${key}</kbd>`)).join(" ")}</dt><dd>${words}</dd></div>`).join("")}</dl>`;
      sheet.addEventListener("click", () => sheet.close());
      document.body.append(sheet);
    }
    sheet.open ? sheet.close() : sheet.showModal();
    return true;
  }

  const way = (event) => (event.shiftKey ? -1 : 1);
  const stop = window.foley.keys.escape;
  Object.assign(window.foley.keys, {
    a: (event) => hearSlot(0, event), b: (event) => hearSlot(1, event), l: () => loop(),
    s: () => edit("siblings"), c: () => edit("continue"), r: () => edit("region"), i: () => mark(0), o: () => mark(1),
    f: () => star(fileAtHand()), n: () => onStage() && rename(), x: () => pick(fileAtHand()), z: () => undo(), e: () => send(), u: () => onStage() && bring(),
    delete: () => onStage() && remove(chosen.size ? [...chosen] : [fileAtHand()]), backspace: () => onStage() && remove(chosen.size ? [...chosen] : [fileAtHand()]),
    k: () => { const keep = cardAtHand(); if (keep?.dataset.seed) window.foley.keepSeed(keep.dataset.seed); return keep; },
    d: () => { const dice = one("#dice"); if (isShown(dice)) dice.click(); return isShown(dice); },
    t: (event) => nudge("#temperature input[type=range]", 5 * way(event)), p: (event) => nudge("#top-p input[type=range]", 5 * way(event)),
    v: (event) => nudge("#count input[type=range]", way(event)), q: (event) => nudge("[name=distance]", way(event)), w: (event) => nudge("[name=seconds]", way(event)),
    arrowdown: () => step(1), arrowup: () => step(-1), enter: () => onStage() && cardAtHand()?.matches(".slip") && open(fileAtHand()),
    "?": help, escape: () => (one("#help")?.open ? help() : all(".take").map(clearRegion).some(Boolean) ? true : stop()),
  });
  Object.assign(window.foley, { shelf, restock, take, show, later });
})();
