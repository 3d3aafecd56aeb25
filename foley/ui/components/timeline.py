"""The timeline of the Perform tab: a picture, events under it, and the sounds that were performed to them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from torch import Tensor

from foley.categories import Category
from foley.conditions.knobs import ENDS
from foley.perform.events import EventList
from foley.ui.session.visitors import served

COLUMNS_A_SECOND, COLUMNS = 200, range(600, 12_001)  # of the waveform: how many, and the fewest and most in all
FRAME_RATES = ("23.976", "24", "25", "29.97", "30", "50", "59.94", "60")

_CLASSES = "".join(f'<option value="{int(kind)}">{kind.title}</option>' for kind in Category)
_RATES = "".join(f"<option{' selected' * (rate == '25')}>{rate}</option>" for rate in FRAME_RATES)

_KNOBS = "".join(
    f'<label class="ask" title="Double click or Del: as it comes">{name.title()}<output>as it comes</output>'
    f'<span><i>{low}</i><input type="range" data-ask="{name}" aria-label="{name.title()} of events" min="0" max="1" '
    f'step="0.05" value="0.5"><i>{high}</i></span></label>'
    for name, (low, high) in ENDS.items()
)

TEMPLATE = f"""
<section class="perform" aria-label="Performance">
  <div class="screen"><video data-video playsinline muted preload="auto"></video>
    <button type="button" data-close-video aria-label="Close the video" title="Close the video; the events stay">✕</button></div>
  <div class="scroll" data-scroll><div class="wide" data-wide>
    <canvas class="ruler" data-ruler aria-hidden="true"></canvas>
    <div class="events-lane" data-lane tabindex="0" role="group" aria-label="Timeline: N and B choose events, arrows move them, Delete removes them">
      <canvas data-wave aria-hidden="true"></canvas>
      <div data-events></div>
      <i class="playhead"></i>
    </div>
  </div></div>
  <div class="versions" data-variations role="group" aria-label="Versions"></div>
  <button type="button" data-tap title="Starts the picture; tap in time with it (Space)">Tap here<span class="by-keys">, or press Space,</span> in time with the picture</button>
  <div class="transport">
    <button type="button" data-go aria-pressed="false" title="Play or pause (Enter; Esc stops)">Play</button>
    <output data-time></output>
    <button type="button" data-undo title="Undo the last change (Ctrl+Z)">Undo</button>
    <button type="button" data-redo title="Do it again (Ctrl+Shift+Z)">Redo</button>
    <button type="button" data-remove title="Remove the chosen events (Del)">Remove</button>
    <button type="button" data-clear title="Remove all events and the level curve">Clear</button>
    <button type="button" data-curve aria-pressed="false" title="Draw how loud it is to be, over time (C)">Draw level</button>
    <button type="button" data-voice aria-pressed="false" title="Perform with your voice or your hands: what the microphone hears while it plays from the start becomes events and a level (V)">Voice</button>
    <button type="button" data-midi aria-pressed="false" title="Hit the keys of a MIDI keyboard while it plays">MIDI keys</button>
    <label title="Of the chosen events">Class<select data-class disabled aria-label="Class of the chosen events"><option value="-1">as all</option>{_CLASSES}</select></label>
    <label title="Frames a second: arrow keys move by one">Frames<select data-rate aria-label="Frames a second">{_RATES}</select></label>
    <label title="Length in seconds, up to five minutes">Length<input type="number" data-duration aria-label="Length in seconds" value="10.00" min="0.5" max="300" step="0.01"></label>
    <label title="Look nearer at the timeline (+ and −)">Zoom<input type="range" data-zoom aria-label="Zoom of the timeline" min="0" max="6" step="1" value="0"></label>
    <label title="Volume of this page ([ and ])">Volume<input type="range" data-volume aria-label="Volume of performances" min="0" max="1" step="0.05" value="1"></label>
    <span class="note" data-count></span>
  </div>
  <div class="out"><span>Take home</span>
    <button type="button" data-save="wav" disabled title="WAV, 24-bit, with its place on the timeline and a marker at each event">WAV</button>
    <button type="button" data-save="video" disabled title="The video with this sound in place of its own; the picture is copied as it is">Video with sound</button>
    <button type="button" data-save="midi" disabled title="The events as MIDI notes">MIDI</button>
    <button type="button" data-save="csv" disabled title="The events as a table of times and strengths">CSV</button>
  </div>
  <div class="asks" role="group" aria-label="Knobs"><span class="note" data-whose>Knobs of all events</span>{_KNOBS}</div>
  <p class="note" data-words role="status"></p>
  <audio data-sound preload="auto"></audio>
</section>
"""  # noqa: E501
CONNECT = """
window.foley.performing.connect(element, () => props.value);
watch('value', () => window.foley.performing.receive(props.value));
"""


class PerformedVersion(NamedTuple):
    """A performance to be heard: `waveform` (samples,), its file as it is served, and the seed it was made with."""

    waveform: Tensor
    sample_rate: int
    file: dict
    seed: int


def timeline(hears_knobs: bool, **settings: Any) -> gr.HTML:
    """The component. Its values are made by `opened_value`, `performed_value` and `model_value`."""
    settings = {"js_on_load": CONNECT, "apply_default_css": False} | settings
    return gr.HTML(model_value(hears_knobs), html_template=TEMPLATE, **settings)


def model_value(hears_knobs: bool) -> dict:
    """Whether the model that performs hears knobs: elsewhere they are not shown."""
    return {"hears_knobs": hears_knobs}


def opened_value(
    source: str,
    events: EventList,
    words: str,
    video: Path | None = None,
    rate: float = 25.0,
    knobs: Mapping[str, float] | None = None,
    keeps_picture: bool = False,
) -> dict:
    """Events that were opened from a file, with the video above them where there is one, and the knobs of all;
    `keeps_picture`: they are for the video that is open already.

    `source` is another one each time: the page opens what it has not opened yet.
    """
    curve = events.curve
    return {
        "source": source,
        "events": [[event.time_s, event.strength, event.category, dict(event.knobs)] for event in events.events],
        "knobs": dict(knobs or {}),
        "curve": None if curve is None else {"rate": curve.rate, "levels_db": list(curve.levels_db)},
        "duration_s": events.duration_s,
        "frame_rate": rate,
        "video": None if video is None else served(video),
        "keeps_picture": keeps_picture,
        "words": words,
    }


def performed_value(now: dict, take: str, heard: list[PerformedVersion], words: str) -> dict:
    """The value `now` with the sounds of performances, one for each version; `take` is another one each time."""
    variations = [
        {"seed": str(one.seed), "audio": one.file, "wave": _columns(one.waveform, one.sample_rate)} for one in heard
    ]
    return {**now, "take": take, "variations": variations, "words": words}


def _columns(waveform: Tensor, sample_rate: int) -> list[float]:
    wanted = round(len(waveform) / sample_rate * COLUMNS_A_SECOND)
    pieces = np.array_split(waveform.numpy(), min(max(wanted, COLUMNS[0]), COLUMNS[-1]))
    return [round(float(np.abs(piece).max()), 4) if len(piece) else 0.0 for piece in pieces]
