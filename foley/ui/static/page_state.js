/* What the page was left with: class, settings, knobs, tab and stage, in its address and for the next visit. */
(() => {
  "use strict";
  const { one, all } = window.foley.hands;
  const SETTINGS = ["category", "temperature", "top_p", "count", "seed", "locked"],
    KNOB = "knob.", // before the name of a knob in the address
    SEEDS = 1e8,
    SAVED_MS = 250,
    MOST_REOPENED = 4;
  const AS_IT_IS = { __type__: "update" };
  const number = (selector) => {
    const value = one(`${selector} input[type=number]`)?.value;
    return value === "" || value === undefined ? null : Number(value);
  };
  const store = (value) => {
    try {
      localStorage.setItem("foley-page", JSON.stringify(value));
    } catch {
      /* a private window */
    }
  };
  const stored = () => {
    try {
      return JSON.parse(localStorage.getItem("foley-page")) || {};
    } catch {
      return {};
    }
  };

  function now() {
    const classes = all("#category input"),
      tab = one("#tabs button[role=tab][aria-selected=true]")?.textContent.trim();
    return {
      tab: (tab || "Generate").toLowerCase(),
      category: Math.max(
        0,
        classes.findIndex((input) => input.checked),
      ),
      temperature: number("#temperature"),
      top_p: number("#top-p"),
      count: number("#count"),
      seed: one("#seed input")?.value ?? "",
      locked: one("#lock input")?.checked || false,
      knobs: window.foley.knobs.values(),
      say: window.foley.say.text(),
      takes: all("#tabs .take.ready[data-take]")
        .map((card) => card.dataset.file)
        .filter(Boolean),
    };
  }

  /** From the address, else from the last visit: the same fields, as texts and numbers. */
  function left() {
    const address = new URLSearchParams(location.hash.slice(1)),
      before = stored();
    if (!address.has("category")) return before;
    const found = Object.fromEntries(address);
    const knobs = Object.entries(found)
      .filter(([name]) => name.startsWith(KNOB))
      .map(([name, value]) => [name.slice(KNOB.length), value]);
    return {
      ...found,
      locked: found.locked === "true",
      knobs: Object.fromEntries(knobs),
      takes: address.getAll("take"),
      fromAddress: true,
    };
  }

  /** A seed that is locked, or that came with an address and has no take yet; else a new one, as Generate would roll. */
  function seedOf(before, takes) {
    const hasTake = takes.some((take) => String(take.seed) === String(before.seed));
    const stays = before.locked || (before.fromAddress && !hasTake);
    return before.seed && stays ? before.seed : Math.floor(Math.random() * SEEDS);
  }

  let wanted = null,
    restored = false,
    due = 0;
  function set(values) {
    wanted = values;
    if (values.knobs) window.foley.knobs.set(values.knobs);
    window.foley.protocol.send({ action: "settings" });
  }

  /** The settings' new values, for Gradio: what `set` was called with. */
  function settings() {
    const values = wanted || {};
    wanted = null;
    soon();
    return SETTINGS.map((name) => {
      const value = values[name];
      if (value === undefined || value === null || value === "" || Number.isNaN(Number(value))) return AS_IT_IS;
      return name === "locked" ? Boolean(value) : Number(value);
    });
  }

  /** Open a tab by its name in the address. */
  const go = (name) =>
    all("#tabs button[role=tab]")
      .find((button) => button.textContent.trim().toLowerCase() === name)
      ?.click();

  /** Bring back what the page was left with; `known` says which takes there still are. */
  function restore(takes) {
    if (restored) return;
    restored = true;
    const before = left();
    if (before.tab !== "generate") go(before.tab);
    const files = (before.takes || [])
      .filter((file) => takes.some((take) => take.file === file))
      .slice(0, MOST_REOPENED);
    set({ ...before, seed: seedOf(before, takes) });
    window.foley.say.set(before.say || "");
    if (files.length) window.foley.protocol.send({ action: "open", files });
    else if (takes.length) window.foley.protocol.send({ action: "open", files: [takes[0].file] });
    else window.foley.protocol.send({ action: "example" });
  }

  function save() {
    if (!restored) return;
    const values = now(),
      { takes, knobs, ...rest } = values,
      address = new URLSearchParams(/** @type {any} */ (rest));
    Object.entries(knobs).forEach(([name, value]) => address.append(KNOB + name, String(value)));
    takes.slice(0, MOST_REOPENED).forEach((file) => address.append("take", file));
    store(values);
    history.replaceState(history.state, "", `#${address}`);
  }
  function soon() {
    clearTimeout(due);
    due = setTimeout(save, SAVED_MS);
  }
  for (const kind of ["input", "change", "click", "keyup", "foley-knobs"]) document.addEventListener(kind, soon);
  new MutationObserver(soon).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributeFilter: ["data-file"],
  });

  /** The settings of a take, seed locked, so that the rest can be varied. */
  function use(card) {
    if (!card?.dataset.seed) return false;
    const row = window.foley.library.known(card.dataset.file) || {},
      of = card.dataset;
    set({
      category: of.category ?? row.category,
      temperature: of.temperature || row.temperature,
      top_p: of.topP,
      knobs: JSON.parse(of.knobs || "{}"),
      seed: of.seed,
      locked: true,
    });
    return true;
  }

  window.foley.pageState = { settings, restore, set, use, go };
})();
