/* The library's list: thousands of takes, of which only the rows in sight are on the page. */
(() => {
  "use strict";
  const { one, all, isShown, isPlaying, takeInHand, play, pause, cardAtHand } = window.foley.hands;
  const ROW_PX = 46,
    SPARE_ROWS = 8,
    LOST_MS = 3000; // far longer than the news of a take needs
  const ORDERS = {
    made: (a, b) => b.made - a.made,
    title: (a, b) => a.title.localeCompare(b.title) || a.seed - b.seed,
    loudness: (a, b) => b.loudness - a.loudness,
    seconds: (a, b) => b.seconds - a.seconds,
    star: (a, b) => b.star - a.star || b.made - a.made,
  };
  let element = null,
    takes = [],
    version = -1,
    trashed = 0; // what Python told of the library
  let shown = [],
    search = "",
    filter = "",
    order = "made",
    onlyStars = false;
  const chosen = new Set(),
    missed = new Set(); // takes for which the list was asked for
  let early = null; // what was told before there was a list
  let anchor = ""; // where a range of chosen rows begins

  const known = (file) => takes.find((take) => take.file === file);
  const box = () => one("[data-rows]", element);
  const changed = () => document.dispatchEvent(new CustomEvent("foley-library"));

  function begin(here) {
    element = here;
    const select = one("[data-filter]", element);
    showFilters();
    select.addEventListener("change", () => {
      filter = select.value;
      list(true);
    });
    one("[data-tag]", element).addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      tag(event.target.value, true);
      event.target.value = "";
    });
    one("[data-tags]", element).addEventListener("click", (event) => {
      const name = event.target.closest("[data-untag]")?.dataset.untag;
      if (name) tag(name, false);
    });
    one("[data-sort]", element).addEventListener("change", (event) => {
      order = event.target.value;
      list(true);
    });
    one("[data-search]", element).addEventListener("input", (event) => {
      search = event.target.value.trim().toLowerCase();
      list(true);
    });
    box().addEventListener("scroll", () => requestAnimationFrame(lay));
    new ResizeObserver(lay).observe(box());
    if (early) receive(early);
    setInterval(ask, LOST_MS);
  }

  /** Ask for the whole list where a take on the stage has not come: once for each, for it may have been deleted. */
  function ask() {
    const lost = all(".takes .take.ready[data-file]").filter(
      (card) => !known(card.dataset.file) && !missed.has(card.dataset.file),
    );
    for (const card of lost) missed.add(card.dataset.file);
    if (lost.length) window.foley.protocol.send({ action: "list" });
  }

  function receive(value) {
    if (!value?.takes) return;
    if (!element) {
      early = value;
      return;
    }
    if (value.all) takes = typeof value.takes === "string" ? JSON.parse(value.takes) : value.takes;
    else if (value.since !== version) {
      window.foley.protocol.send({ action: "list" });
      return;
    } // another page was told in between
    else {
      const fresh = new Map(value.takes.map((take) => [take.file, take])),
        gone = new Set(value.gone);
      takes = takes.filter((take) => !gone.has(take.file)).map((take) => fresh.get(take.file) || take);
      const there = new Set(takes.map((take) => take.file));
      takes.push(...value.takes.filter((take) => !there.has(take.file)));
    }
    takes.sort(ORDERS.made);
    version = value.version;
    trashed = value.trashed;
    showFilters();
    for (const file of [...chosen]) if (!known(file)) chosen.delete(file);
    list();
    changed();
    if (value.all) window.foley.pageState.restore(takes);
  }

  /** Find out which takes are to be seen, and in what order. */
  function list(fromTheTop = false) {
    const words = search.split(/\s+/).filter(Boolean);
    shown = takes.filter((take) => {
      if (onlyStars && !take.star) return false;
      if (filter.startsWith("#") ? !take.tags.includes(filter.slice(1)) : filter && take.category !== Number(filter))
        return false;
      if (!words.length) return true;
      const tags = take.tags.map((name) => `#${name}`).join(" ");
      const text = `${take.title} ${take.class} ${take.seed} ${take.kind} ${take.edits} ${tags}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    if (order !== "made") shown = [...shown].sort(ORDERS[order]);
    one("[data-height]", element).style.height = `${shown.length * ROW_PX}px`;
    box().setAttribute("aria-rowcount", shown.length);
    one("[data-count]", element).textContent = takes.length
      ? `${shown.length === takes.length ? "" : `${shown.length} of `}${takes.length}`
      : "";
    one("[data-empty]", element).hidden = takes.length > 0;
    one("[data-trash]", element).hidden = !trashed;
    if (fromTheTop) box().scrollTop = 0;
    lay();
    showChosen();
  }

  /** Put the rows in sight on the page; those that play or are at hand stay, wherever they are. */
  function lay() {
    const place = one("[data-height]", element),
      first = Math.max(0, Math.floor(box().scrollTop / ROW_PX) - SPARE_ROWS);
    const last = Math.min(shown.length, Math.ceil((box().scrollTop + box().clientHeight) / ROW_PX) + SPARE_ROWS);
    const old = new Map([...place.children].map((row) => [row.dataset.file, row])),
      laid = new Map(),
      focus = document.activeElement;
    shown.forEach((take, number) => {
      const row = old.get(take.file),
        held = row && (row.hasAttribute("data-current") || isPlaying(row));
      if ((number < first || number >= last) && !held) return;
      laid.set(take.file, row || newRow(take));
      fill(laid.get(take.file), take, number);
    });
    for (const [file, row] of old) if (!laid.has(file)) row.remove();
    let next = place.firstElementChild; // in the list's order, which is the one that screen readers read
    for (const row of laid.values()) {
      if (row === next) next = row.nextElementSibling;
      else place.insertBefore(row, next);
    }
    if (place.contains(focus) && focus !== document.activeElement) focus.focus({ preventScroll: true });
    // of all rows one can be reached by Tab: the arrows do the rest
    const rows = [...place.children],
      reached = rows.find((row) => row.hasAttribute("data-current")) || rows[0];
    rows.forEach((row) => {
      row.tabIndex = row === reached ? 0 : -1;
    });
  }

  function newRow(take) {
    const row = document.createElement("div");
    row.className = "take-row ready";
    row.draggable = true;
    row.setAttribute("role", "row");
    row.dataset.player = "";
    row.dataset.file = take.file;
    row.innerHTML = `<span role="gridcell"><label class="pick"><input type="checkbox" tabindex="-1" data-pick title="Choose for export or deletion (X); Shift chooses all up to here"></label></span>
      <span role="gridcell"><button type="button" tabindex="-1" data-play="0" title="Play or pause (Space)"></button></span>
      <span role="gridcell" class="words"><span><b data-name></b> <i></i></span><small></small></span>
      <span role="gridcell"><button type="button" tabindex="-1" class="star" data-star aria-label="Star" title="Star (F)"></button></span><audio preload="none"></audio>`;
    return row;
  }

  function fill(row, take, number) {
    const name = `${take.title}, seed ${take.seed}`,
      title = one("b", row);
    row.style.top = `${number * ROW_PX}px`;
    row.setAttribute("aria-rowindex", number + 1);
    row.setAttribute("aria-selected", chosen.has(take.file));
    if (!title.isContentEditable) title.textContent = take.title;
    one("i", row).textContent = take.seed;
    one("small", row).textContent = [
      ...(take.kind ? [take.kind] : []),
      ...(take.kind.startsWith("continued") ? [] : [`${take.seconds.toFixed(1)} s`]),
      take.quiet ? "nearly silent" : `${take.loudness.toFixed(0).replace("-", "−")} LUFS`,
      ...take.tags.map((name) => `#${name}`),
    ].join(" · ");
    row.toggleAttribute("data-quiet", take.quiet);
    row.title = `${name}${take.edits ? `; ${take.edits}` : ""}. Enter or a double click opens it, N names it. Drag it to your desktop or DAW.`;
    one("[data-play]", row).setAttribute("aria-label", `Play or pause ${name}`);
    one("[data-pick]", row).setAttribute("aria-label", `Choose ${name}`);
    one("[data-star]", row).setAttribute("aria-pressed", take.star);
    one("[data-pick]", row).checked = chosen.has(take.file);
    Object.assign(row.dataset, { loudness: take.loudness, peak: take.peak, seed: take.seed, url: take.url });
    const audio = one("audio", row);
    if (audio.getAttribute("src") !== take.url) audio.src = take.url;
  }

  function showChosen() {
    const foot = one("[data-chosen]", element);
    foot.hidden = chosen.size === 0;
    one("span", foot).textContent = `${chosen.size} chosen`;
    showTags();
    const button = one("[data-export]");
    if (button) button.firstChild.textContent = chosen.size > 1 ? `Export ${chosen.size} takes as ZIP ` : "Export ";
  }

  /* ---- tags: a scene, a project, whatever takes belong to ---- */
  const knownTags = () => [...new Set(takes.flatMap((take) => take.tags))].sort((a, b) => a.localeCompare(b));

  /** The classes and the tags that there are, to be chosen from. */
  function showFilters() {
    const select = one("[data-filter]", element),
      classes = all("#category label span").map((span) => span.textContent),
      tags = knownTags();
    const group = document.createElement("optgroup");
    group.label = "Tags";
    group.append(...tags.map((name) => new Option(`#${name}`, `#${name}`)));
    select.replaceChildren(
      new Option("All classes", ""),
      ...classes.map((name, place) => new Option(name, String(place))),
      ...(tags.length ? [group] : []),
    );
    if (![...select.options].some((option) => option.value === filter)) filter = "";
    select.value = filter;
    one("#known-tags", element).replaceChildren(...tags.map((name) => new Option(name)));
  }

  function tag(name, on) {
    const files = [...chosen];
    if (name.trim() && files.length) window.foley.protocol.send({ action: "tag", files, tag: name, on });
  }

  /** Write a tag for the chosen takes, else for the one at hand. */
  function startTag(file) {
    if (!chosen.size && !choose(file)) return false;
    const field = one("[data-tag]", element);
    field.focus();
    return isShown(field);
  }

  /** The tags of the chosen takes; a press takes one away. */
  function showTags() {
    const names = new Set([...chosen].flatMap((file) => known(file)?.tags || []));
    one("[data-tags]", element).replaceChildren(
      ...[...names].map((name) => {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.untag = name;
        button.textContent = `#${name} ✕`;
        button.title = `Take the tag ${name} away`;
        return button;
      }),
    );
  }

  /** The row of a take, brought into sight where it is not. */
  function rowOf(file, focus = false) {
    const number = shown.findIndex((take) => take.file === file);
    if (number < 0) return null;
    const top = number * ROW_PX,
      view = box();
    if (top < view.scrollTop || top + ROW_PX > view.scrollTop + view.clientHeight)
      view.scrollTop = Math.max(0, top - (top < view.scrollTop ? 0 : view.clientHeight - ROW_PX));
    lay();
    const row = all(".take-row", element).find((one) => one.dataset.file === file);
    if (focus) row?.focus({ preventScroll: true });
    return row;
  }

  /** Go up or down from the take at hand; it plays where takes play by themselves, or where one played. */
  function step(by, extend = false) {
    if (!shown.length || !isShown(one("#generate"))) return false;
    const card = cardAtHand(),
      sounding = card && isPlaying(card),
      at = shown.findIndex((take) => take.file === card?.dataset.file);
    const take = shown[Math.max(0, Math.min(shown.length - 1, at < 0 ? 0 : at + by))];
    if (extend) {
      if (at >= 0) chosen.add(shown[at].file);
      chosen.add(take.file);
      list();
    }
    if (sounding) pause(card);
    const row = rowOf(take.file, true);
    takeInHand(row);
    lay();
    if (sounding || window.foley.forms.values("listening").autoplay) play(row, "0", 0);
    return true;
  }

  function choose(file, range = false) {
    if (!known(file)) return false;
    const from = shown.findIndex((take) => take.file === anchor),
      to = shown.findIndex((take) => take.file === file);
    if (range && from >= 0 && to >= 0)
      shown.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((take) => chosen.add(take.file));
    else chosen.has(file) ? chosen.delete(file) : chosen.add(file);
    anchor = file;
    list();
    return true;
  }
  function chooseAll() {
    shown.forEach((take) => chosen.add(take.file));
    list();
    return shown.length > 0;
  }
  function chooseNone() {
    const had = chosen.size > 0;
    chosen.clear();
    list();
    return had;
  }
  function onlyStarred(button) {
    onlyStars = !onlyStars;
    button.setAttribute("aria-pressed", onlyStars);
    list(true);
  }
  function find() {
    const field = one("[data-search]", element);
    field.focus();
    field.select();
    return isShown(field);
  }

  /** Take deleted ones away at once; Python's answer says the same. Returns the one that is next in the list. */
  function without(files) {
    const at = shown.findIndex((take) => files.includes(take.file));
    takes = takes.filter((take) => !files.includes(take.file));
    files.forEach((file) => chosen.delete(file));
    list();
    return shown[Math.min(Math.max(at, 0), shown.length - 1)]?.file;
  }

  window.foley.library = {
    begin,
    receive,
    known,
    list,
    rowOf,
    step,
    choose,
    chooseAll,
    chooseNone,
    onlyStarred,
    find,
    startTag,
    without,
    chosen,
    takes: () => takes,
  };
})();
