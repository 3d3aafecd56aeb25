/* The forms for edits and export: what they say beside their sliders, kept for the next time. */
(() => {
  "use strict";
  const { one, all, isShown } = window.foley.hands;
  const EXCLUSIVE = { loop: "one_event", one_event: "loop" }; // a single event is no loop
  const USUAL_LEVELS = { peak: -1, loudness: -16 }; // dBFS, LUFS: as in foley/takes/export.py

  const CHOICES = "foley-choices", // what was changed, by form and field: all else follows the page
    ALL_VALUES = "foley-forms"; // what earlier pages kept: every value, whether anybody had chosen it or not
  const FORMER = {
    export: { template: "{ucs}_{title} {seed}_FOLEY_{model}", fade_out_s: "0" }, // what stood there by itself then
  };

  const store = (name, value) => {
    try {
      localStorage.setItem(name, JSON.stringify(value));
    } catch {
      /* a private window */
    }
  };
  const stored = (name) => {
    try {
      return JSON.parse(localStorage.getItem(name));
    } catch {
      return null;
    }
  };
  const values = (name) =>
    Object.fromEntries(
      all("[name]", one(`[data-form=${name}]`) || document.createElement("form")).map((field) => [
        field.name,
        field.type === "checkbox" ? field.checked : field.value,
      ]),
    );

  /** The choices of a form: those kept, else what an earlier page kept, but for what nobody had chosen. */
  function choices(form) {
    const kept = stored(CHOICES);
    if (kept) return kept[form] || {};
    const former = FORMER[form] || {};
    const before = Object.entries(stored(ALL_VALUES)?.[form] || {});
    return Object.fromEntries(before.filter(([name, value]) => former[name] !== value));
  }

  function keep(form) {
    const name = form.dataset.form;
    const changed = Object.entries(values(name)).filter(([field, value]) => form.usual[field] !== value);
    const others = all("[data-form]").map((other) => [other.dataset.form, choices(other.dataset.form)]);
    store(CHOICES, { ...Object.fromEntries(others), [name]: Object.fromEntries(changed) });
  }

  function prepare(form) {
    if (form.usual) return;
    form.usual = values(form.dataset.form);
    Object.entries(choices(form.dataset.form)).forEach(([name, value]) => {
      const field = one(`[name="${name}"]`, form);
      if (field) field.type === "checkbox" ? (field.checked = value) : (field.value = value);
    });
    showValues(form);
  }
  new MutationObserver(() => all("[data-form]").forEach(prepare)).observe(document.documentElement, {
    childList: true,
    subtree: true,
  }); // Gradio lays them out in its own time
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("[data-form]");
    if (!form) return;
    const other = EXCLUSIVE[event.target.name];
    if (other && event.target.checked) one(`[name=${other}]`, form).checked = false;
    const usual = USUAL_LEVELS[event.target.name === "normalise" ? event.target.value : ""];
    if (usual !== undefined) one("[name=level]", form).value = usual;
    keep(form);
    showValues(form);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-form] select")) event.target.blur();
  }); // the next key is one of ours

  function showValues(form) {
    all("output", form).forEach((output) => {
      const field = output.parentElement.querySelector("input");
      output.textContent = field.name === "seconds" ? `${field.value} s` : Number(field.value).toFixed(2);
    });
    if (form.dataset.form === "listening") {
      document.documentElement.style.setProperty("--zoom", one("[name=zoom]", form).value);
      window.foley.setGains();
    }
    const unit = one("[data-unit]", form);
    if (unit) unit.textContent = one("[name=normalise]", form).value === "loudness" ? "LUFS" : "dBFS";
    const level = one("[name=level][type=number]", form);
    if (level) level.disabled = one("[name=normalise]", form).value === "off";
    all("[name^=fade]", form).forEach((fade) => {
      fade.disabled = one("[name=loop]", form).checked;
    });
  }

  function nudge(selector, by) {
    const slider = one(selector);
    if (!isShown(slider)) return false;
    slider.value = Number(slider.value) + by * Number(slider.step);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    slider.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  /* ---- the inside of the takes, shown or folded away; remembered ---- */
  function fold(folded = !document.documentElement.classList.contains("folded")) {
    document.documentElement.classList.toggle("folded", folded);
    store("foley-folded", folded);
    all("[data-fold]").forEach((button) => button.setAttribute("aria-expanded", !folded));
    return true;
  }
  if (stored("foley-folded")) document.documentElement.classList.add("folded");
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-fold]")) fold();
  });

  window.foley.forms = { values, nudge, fold };
})();
