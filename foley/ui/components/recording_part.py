"""Which part of a recording goes through the model: a slider over the whole of it, where it is longer than a take."""

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from foley.audio.files import LONGEST_S, read_samples

COLUMNS = 240  # of the picture of the whole
NO_PART: dict[str, Any] = {"there": False, "start": 0, "last": 0, "words": "", "wave": "", "left": 0, "width": 0}
PART = """
<div class="part" ${value.there ? "" : "hidden"}>
  <label title="Which part of the recording goes through the model: move the slider to where it begins">
    <span>Part <output>${value.words}</output></span>
    <input type="range" data-part min="0" max="${value.last}" step="0.05" value="${value.start}" aria-label="Where the part begins, in seconds"></label>
  <div class="whole" aria-hidden="true"><svg viewBox="0 -1 240 2" preserveAspectRatio="none"><path d="${value.wave}"/></svg><i style="left: ${value.left}%; width: ${value.width}%"></i></div>
</div>
"""  # noqa: E501
CHOOSE = """
const slider = (event) => event.target.matches("[data-part]") && event.target;
element.addEventListener("input", (event) => {
  const part = slider(event);
  if (!part) return;
  element.querySelector("output").textContent = `from ${Number(part.value).toFixed(2)} s`;
  const bar = element.querySelector("i");
  bar.style.left = `${(100 - parseFloat(bar.style.width)) * part.value / part.max}%`;
});
element.addEventListener("change", (event) => {
  const part = slider(event);
  if (part) window.foley.protocol.send({action: "choose_part", start_s: Number(part.value)});
});
"""


def recording_part() -> gr.HTML:
    """The slider, hidden until a recording longer than a take is there; its value is made by `part_value`."""
    return gr.HTML(NO_PART, html_template=PART, js_on_load=CHOOSE, elem_id="part", apply_default_css=False)


def part_value(path: str | Path, start_s: float, seconds: float) -> dict[str, Any]:
    """What the slider shows for a recording of which `seconds` from `start_s` on are taken. Raises AudioError."""
    mono, rate = read_samples(path, LONGEST_S)
    there_s = len(mono) / rate
    if there_s <= seconds + 0.05:
        return NO_PART
    heights = [float(np.abs(piece).max()) for piece in np.array_split(mono.numpy(), COLUMNS)]
    loudest = max(1e-6, *heights)
    return {
        "there": True,
        "start": round(start_s, 2),
        "last": round(there_s - seconds, 2),
        "words": f"from {start_s:.2f} s",
        "wave": "".join(f"M{x + 0.5} {-high / loudest:.2f}V{high / loudest:.2f}" for x, high in enumerate(heights)),
        "left": round(100 * start_s / there_s, 2),
        "width": round(100 * seconds / there_s, 2),
    }
