/* A region of a take's codes: drawn with the pointer on its pictures, or marked at the playhead. */
(() => {
  "use strict";
  const { one, all, voiceOf, cardAtHand, takeInHand, play, shareAt } = window.foley.hands;

  const LONG_PRESS_MS = 450;

  function setRegion(card, region) {
    all(".take").forEach((other) => {
      if (other !== card) clearRegion(other);
    });
    card.region = region;
    const box = one(".region", card),
      timeline = one(".timeline", card).getBoundingClientRect(),
      grid = one(".codes", card).getBoundingClientRect();
    const {
      rows: [bottom, top],
      frames: [first, last],
    } = region;
    const [rows, frames] = [Number(card.dataset.rows), Number(card.dataset.frames)];
    box.style.left = `${(100 * first) / frames}%`;
    box.style.width = `${(100 * (last - first)) / frames}%`;
    box.style.top = `${(100 * (grid.top - timeline.top + ((rows - top) / rows) * grid.height)) / timeline.height}%`;
    box.style.height = `${((100 * (top - bottom)) / rows) * (grid.height / timeline.height)}%`;
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

  /** The code under a pointer, as fractions: [frame, row]. */
  function placeOf(card, area, at) {
    const box = area.getBoundingClientRect(),
      [rows, frames] = [Number(card.dataset.rows), Number(card.dataset.frames)];
    return [shareAt(card, at) * frames, (1 - (at.clientY - box.top) / box.height) * rows];
  }
  const span = (a, b, size) => {
    const low = Math.max(0, Math.min(size - 1, Math.floor(Math.min(a, b)))),
      high = Math.max(1, Math.min(size, Math.ceil(Math.max(a, b))));
    return [low, Math.max(high, low + 1)];
  };

  /* A mouse drags a box; a finger, which also scrolls, first rests for a moment. */
  document.addEventListener("pointerdown", (event) => {
    const area = event.target.closest("[data-take].ready .codes, [data-take].ready .cembed");
    if (!area || event.button !== 0) return;
    const touch = event.pointerType === "touch",
      card = area.closest("[data-player]"),
      from = { x: event.clientX, y: event.clientY };
    const start = placeOf(card, area, event),
      [rows, frames] = [Number(card.dataset.rows), Number(card.dataset.frames)];
    const wholeHeight = area.classList.contains("cembed");
    if (!touch) event.preventDefault();
    let drawing = !touch,
      dragged = false;
    const draw = (at) => {
      const now = placeOf(card, area, at);
      setRegion(card, {
        frames: span(start[0], now[0], frames),
        rows: wholeHeight ? [0, rows] : span(start[1], now[1], rows),
      });
    };
    const rested =
      touch &&
      setTimeout(() => {
        drawing = dragged = true;
        draw(event);
        navigator.vibrate?.(15);
      }, LONG_PRESS_MS);
    const move = (at) => {
      const moved = Math.hypot(at.clientX - from.x, at.clientY - from.y) > (touch ? 10 : 4);
      if (!drawing) {
        if (moved) clearTimeout(rested);
        return;
      }
      dragged ||= moved;
      if (dragged) draw(at);
    };
    const hold = (at) => {
      if (drawing) at.preventDefault();
    }; // a finger that draws does not scroll
    const end = () => {
      clearTimeout(rested);
      document.removeEventListener("pointermove", move);
      document.removeEventListener("touchmove", hold);
      document.removeEventListener("pointerup", end);
      document.removeEventListener("pointercancel", end);
      if (dragged) return takeInHand(card);
      if (touch) {
        if (card.region) setTimeout(() => clearRegion(card));
        return;
      }
      clearRegion(card);
      const share = start[0] / frames;
      if (share >= 0 && share <= 1) play(card, "0", share);
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("touchmove", hold, { passive: false });
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", end);
  });
  document.addEventListener("contextmenu", (event) => {
    if (event.pointerType === "touch" && event.target.closest?.("[data-take] .strips")) event.preventDefault();
  });

  function mark(edge) {
    const card = cardAtHand();
    if (!card || !("take" in card.dataset)) return false;
    const [rows, frames] = [Number(card.dataset.rows), Number(card.dataset.frames)],
      audio = voiceOf(card);
    const at = Math.min(frames - 1, Math.floor((audio.currentTime / (audio.duration || 1)) * frames));
    const old = card.region?.frames || [0, frames];
    setRegion(card, {
      rows: card.region?.rows || [0, rows],
      frames: edge ? [Math.min(old[0], at), at + 1] : [at, Math.max(old[1], at + 1)],
    });
    return true;
  }

  window.foley.regions = { clearRegion, showRegionButton, mark };
})();
