/* What is seen of a performance: marks of its events, waveforms, the level curve, a ruler; and how near one looks. */
(() => {
  "use strict";
  const { one, all } = window.foley.hands;
  const perform = window.foley.performing;
  const SILENT_DB = -60,
    TICK_PX = 80, // at least, from one number of the ruler to the next
    TICKS_S = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60];

  const scroller = () => one("[data-scroll]", perform.root);
  let nearness = 0; // how often the timeline was doubled
  const zoom = () => 2 ** nearness;

  /** The seconds that are in sight: the first, and how many. */
  function sight() {
    const box = scroller(),
      seconds = perform.state.duration / zoom();
    return { first: (box.scrollLeft / Math.max(1, box.scrollWidth)) * perform.state.duration, seconds };
  }

  function draw() {
    const { root, state, chosen } = perform;
    const names = all("[data-class] option", root);
    one("[data-events]", root).replaceChildren(...state.events.map((event, number) => mark(event, number, names)));
    one("[data-count]", root).textContent =
      `${state.events.length} event${state.events.length === 1 ? "" : "s"} in ${state.duration.toFixed(2)} s`;
    one("[data-undo]", root).disabled = !perform.canUndo();
    one("[data-redo]", root).disabled = !perform.canRedo();
    one("[data-class]", root).disabled = !chosen.size;
    one("[data-class]", root).value = String([...chosen][0]?.category ?? -1);
    one("[data-remove]", root).disabled = !chosen.size;
    window.foley.performKnobs.show(root, chosen, state.knobs);
    perform.showVolume();
    paint();
    perform.place();
  }

  function mark(event, number, names) {
    const button = document.createElement("button"),
      strength = Math.round(100 * event.strength),
      kind = names.find((option) => Number(option.value) === event.category && event.category >= 0)?.textContent,
      words = kind ? `, ${kind}` : "";
    button.type = "button";
    button.dataset.event = String(number);
    button.style.left = `${(100 * event.time) / perform.state.duration}%`;
    button.style.setProperty("--strength", event.strength);
    button.classList.toggle("chosen", perform.chosen.has(event));
    button.setAttribute(
      "aria-label",
      `Event ${number + 1} at ${event.time.toFixed(3)} s, strength ${strength} %${words}`,
    );
    button.setAttribute("aria-pressed", String(perform.chosen.has(event)));
    button.tabIndex = -1;
    button.toggleAttribute("data-turned", Object.keys(event.knobs || {}).length > 0);
    button.title = `${event.time.toFixed(3)} s · ${strength} %${words}`;
    if (kind) button.dataset.kind = kind.slice(0, 1);
    return button;
  }

  /** A pen for a canvas as large as it is shown; null where it is not shown. */
  function penOf(canvas) {
    const scale = window.devicePixelRatio || 1;
    if (!canvas.clientWidth) return null;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    return pen;
  }

  const colour = (name) => getComputedStyle(perform.root).getPropertyValue(name);

  /** Paint the peaks of a whole performance, of which `seconds` from `first` on are in sight. */
  function paintWave(canvas, wave, { first, seconds }) {
    const pen = penOf(canvas);
    if (!pen || !wave?.length) return pen;
    const wide = canvas.clientWidth,
      high = canvas.clientHeight,
      rate = wave.length / perform.state.duration,
      step = wide / (seconds * rate),
      last = Math.min(wave.length, Math.ceil((first + seconds) * rate));
    pen.fillStyle = colour("--faint");
    for (let n = Math.max(0, Math.floor(first * rate)); n < last; n++) {
      const height = Math.max(1, wave[n] * high * 0.92);
      pen.fillRect((n - first * rate) * step, (high - height) / 2, Math.max(1, step - 0.5), height);
    }
    return pen;
  }

  function paint() {
    if (!perform.root) return;
    const inSight = sight(),
      canvas = one("[data-wave]", perform.root);
    all("[data-variation] canvas", perform.root).forEach((each, number) =>
      paintWave(each, perform.waveOf(number), inSight),
    );
    const pen = paintWave(canvas, perform.waveOf(), inSight);
    if (pen) paintCurve(pen, canvas, inSight);
    paintRuler(inSight);
  }

  function paintCurve(pen, canvas, { first, seconds }) {
    const { curve } = perform.state;
    if (!curve) return;
    pen.strokeStyle = colour("--accent");
    pen.lineWidth = 1.5;
    pen.beginPath();
    curve.levels_db.forEach((level, n) => {
      const x = (((n + 0.5) / curve.rate - first) / seconds) * canvas.clientWidth,
        y = (perform.clamp(level, SILENT_DB, 0) / SILENT_DB) * canvas.clientHeight;
      n ? pen.lineTo(x, y) : pen.moveTo(x, y);
    });
    pen.stroke();
  }

  function paintRuler({ first, seconds }) {
    const canvas = one("[data-ruler]", perform.root),
      pen = penOf(canvas);
    if (!pen) return;
    const rate = canvas.clientWidth / seconds,
      step = TICKS_S.find((each) => each * rate >= TICK_PX) || 60;
    pen.fillStyle = colour("--faint");
    pen.font = `10px ${colour("--mono") || "monospace"}`;
    for (let tick = Math.ceil(first / step - 1e-6); tick * step <= first + seconds; tick++) {
      const time = tick * step,
        x = (time - first) * rate,
        rest = (time % 60).toFixed(step < 0.1 ? 2 : step < 1 ? 1 : 0);
      pen.fillRect(x, 12, 1, 6);
      pen.fillText(time >= 60 ? `${Math.floor(time / 60)}:${rest.padStart(2, "0")}` : `${rest} s`, x + 4, 13);
    }
  }

  /** Look nearer or farther; what is at the playhead, or in the middle, stays where it is. */
  function setZoom(wanted) {
    const slider = one("[data-zoom]", perform.root),
      { first, seconds } = sight(),
      at = perform.position(),
      held = at >= first && at <= first + seconds ? at : first + seconds / 2,
      share = (held - first) / seconds;
    nearness = perform.clamp(wanted, Number(slider.min), Number(slider.max));
    slider.value = String(nearness);
    one("[data-wide]", perform.root).style.width = `${100 * zoom()}%`;
    scrollTo(held - share * (perform.state.duration / zoom()));
    paint();
  }

  function scrollTo(time) {
    scroller().scrollLeft = (time / perform.state.duration) * scroller().scrollWidth;
  }

  /** Scroll to a time that is out of sight. */
  function bringIntoSight(time) {
    const { first, seconds } = sight();
    if (zoom() === 1 || (time >= first && time < first + seconds)) return;
    scrollTo(time - seconds / 10);
  }

  function watch() {
    scroller().addEventListener("scroll", () => requestAnimationFrame(paint));
    new ResizeObserver(paint).observe(scroller()); // a hidden tab has no size yet
    one("[data-zoom]", perform.root).addEventListener("input", (event) => setZoom(Number(event.target.value)));
  }

  const zoomBy = (steps) => setZoom(nearness + steps);

  Object.assign(perform, { SILENT_DB, draw, paint, bringIntoSight, watch, zoomBy });
})();
