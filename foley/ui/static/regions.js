/* A region of a take's codes: drawn with the pointer on its pictures, or marked at the playhead. */
(() => {
  "use strict";
  const { one, all, voiceOf, cardAtHand, takeInHand, play, shareAt } = window.foley.hands;

  function setRegion(card, region) {
    all(".take").forEach((other) => { if (other !== card) clearRegion(other); });
    card.region = region;
    const box = one(".region", card), strips = one(".strips", card).getBoundingClientRect(), grid = one(".codes", card).getBoundingClientRect();
    const style = getComputedStyle(card);
    const [begin, end, above, below] = ["--begin", "--end", "--grid-top", "--grid-bottom"].map((name) => Number(style.getPropertyValue(name)));
    const { rows: [bottom, top], frames: [first, last] } = region;
    const [rows, frames] = [Number(card.dataset.rows), Number(card.dataset.frames)];
    const height = grid.height * (1 - above - below), start = grid.top - strips.top + above * grid.height;
    box.style.left = `${100 * (begin + (first / frames) * (end - begin))}%`;
    box.style.width = `${(100 * (last - first) / frames) * (end - begin)}%`;
    box.style.top = `${(100 * (start + ((rows - top) / rows) * height)) / strips.height}%`;
    box.style.height = `${((100 * (top - bottom)) / rows) * (height / strips.height)}%`;
    box.hidden = false;
    one("[data-edit=region]").disabled = false;
  }

  function clearRegion(card) {
    if (!card?.region) return false;
    card.region = null;
    one(".region", card).hidden = true;
    showRegionButton();
    return true;
  }

  function showRegionButton() {
    const button = one("[data-edit=region]");
    if (button) button.disabled = !all(".take").some((card) => card.region);
  }

  document.addEventListener("pointerdown", (event) => {
    const area = event.target.closest("[data-take].ready .codes, [data-take].ready .cembed");
    if (!area || event.button !== 0) return;
    event.preventDefault();
    const card = area.closest("[data-player]"), [rows, frames] = [Number(card.dataset.rows), Number(card.dataset.frames)];
    const wholeHeight = area.classList.contains("cembed"), from = { x: event.clientX, y: event.clientY };
    const place = (at) => {
      const box = area.getBoundingClientRect(), style = getComputedStyle(card);
      const [above, below] = ["--grid-top", "--grid-bottom"].map((name) => Number(style.getPropertyValue(name)));
      const down = ((at.clientY - box.top) / box.height - above) / (1 - above - below);
      return [shareAt(card, at) * frames, (1 - down) * rows];
    };
    const span = (a, b, size) => {
      const low = Math.max(0, Math.min(size - 1, Math.floor(Math.min(a, b)))), high = Math.max(1, Math.min(size, Math.ceil(Math.max(a, b))));
      return [low, Math.max(high, low + 1)];
    };
    const start = place(event);
    let dragged = false;
    const move = (at) => {
      dragged ||= Math.hypot(at.clientX - from.x, at.clientY - from.y) > 4;
      if (!dragged) return;
      const now = place(at);
      setRegion(card, { frames: span(start[0], now[0], frames), rows: wholeHeight ? [0, rows] : span(start[1], now[1], rows) });
    };
    const end = () => {
      document.removeEventListener("pointermove", move);
      if (dragged) return takeInHand(card);
      clearRegion(card);
      const share = start[0] / frames;
      if (share >= 0 && share <= 1) play(card, "0", share);
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", end, { once: true });
  });

  function mark(edge) {
    const card = cardAtHand();
    if (!card || !("take" in card.dataset)) return false;
    const [rows, frames] = [Number(card.dataset.rows), Number(card.dataset.frames)], audio = voiceOf(card);
    const at = Math.min(frames - 1, Math.floor((audio.currentTime / (audio.duration || 1)) * frames));
    const old = card.region?.frames || [0, frames];
    setRegion(card, { rows: card.region?.rows || [0, rows], frames: edge ? [Math.min(old[0], at), at + 1] : [at, Math.max(old[1], at + 1)] });
    return true;
  }

  window.foley.regions = { clearRegion, showRegionButton, mark };
})();
