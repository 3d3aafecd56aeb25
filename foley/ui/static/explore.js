/* The codebook's map: points to click, one code to hear. */
(() => {
  "use strict";
  const { one } = window.foley.hands;
  let hear = (_code) => {};

  function codemap(element, value) {
    hear = (code) => window.foley.protocol.send({ action: "hear_code", code });
    element.addEventListener("click", (event) => {
      const dot = event.target.closest("[data-dot]");
      if (dot) hear(Number(dot.dataset.dot));
    });
    const field = one("[data-code]", element);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && field.value !== "") {
        event.stopPropagation();
        hear(Number(field.value));
      }
    });
    new ResizeObserver(() => plot(element, value())).observe(one("svg", element)); // a hidden tab has no size yet
  }

  function plot(element, value) {
    if (!value) return;
    const svg = one("svg", element);
    svg.replaceChildren(
      ...value.points.map(([x, y, size, kind], code) => {
        const dot = document.createElementNS("http://www.w3.org/2000/svg", "ellipse");
        const width = svg.clientWidth || 600,
          height = svg.clientHeight || 400;
        dot.setAttribute("cx", x);
        dot.setAttribute("cy", String(-y));
        dot.setAttribute("rx", String((2.12 * 4.2 * Math.max(size, 0.6)) / width));
        dot.setAttribute("ry", String((2.12 * 4.2 * Math.max(size, 0.6)) / height));
        dot.setAttribute("fill", kind < 0 ? "var(--faint)" : value.colours[kind]);
        dot.dataset.dot = String(code);
        if (code === value.code) dot.classList.add("heard");
        const words = document.createElementNS("http://www.w3.org/2000/svg", "title");
        words.textContent = `code ${code}${kind < 0 ? "" : `, most used by ${value.classes[kind]}`}`;
        dot.append(words);
        return dot;
      }),
    );
    one("[data-legend]", element).replaceChildren(
      ...value.classes.map((name, kind) => {
        const part = document.createElement("span"),
          mark = document.createElement("i");
        mark.style.background = value.colours[kind];
        part.append(mark, name);
        return part;
      }),
    );
    const audio = one("[data-single]", element),
      url = value.single?.url;
    if (url && audio.getAttribute("src") !== url) {
      audio.src = url;
      audio.play().catch(() => {});
    }
  }

  document.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-hear]");
    if (chip) hear(Number(chip.dataset.hear));
  });
  Object.assign(window.foley, { codemap, plot });
})();
