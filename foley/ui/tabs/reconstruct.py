"""The tab that sends a recording through the whole chain and back, and shows every stop on the way."""

from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
import numpy as np

from foley import plots
from foley.audio.files import AudioError, recording_s, write_audio
from foley.categories import Category
from foley.features.masking import mask_cembed
from foley.models.quantizer import perplexity
from foley.pipeline import Foley
from foley.presets import Preset
from foley.takes.take import Reconstruction
from foley.ui.components import protocol
from foley.ui.components.recording_part import part_value, recording_part
from foley.ui.components.take_card import NOTHING, decibels, take_card
from foley.ui.session.device import USES_MODEL, error_message
from foley.ui.session.events import PAGE_ONLY
from foley.ui.session.generation import GenerateController
from foley.ui.session.models import Models
from foley.ui.session.visitors import new_folder, served

WIDTH, WAVE, CEMBED, CODES = 1076, 46, 420, 96  # of the pictures, in CSS pixels
NO_RECORDING = "There is no recording yet: drop one or record one."
KEYS = "<kbd>Space</kbd> play <kbd>A</kbd> recording <kbd>B</kbd> reconstruction"

TEMPLATE = """
<article class="take pair ${value.state}" tabindex="0" data-player style="${value.style}">
  <header>
    <h2 title="${value.title} ${value.taken}">${value.title} <small>${value.taken}</small></h2>
    <dl>
      <div><dt>log-mel L1</dt><dd>${value.distance}</dd></div>
      <div><dt>peaks</dt><dd>${value.peak}</dd></div>
      <div><dt>length</dt><dd><span data-clock></span>${value.duration}</dd></div>
    </dl>
    <nav>
      <button type="button" data-voice="0" title="Hear the recording (A)"><b>A</b> Recording</button>
      <button type="button" data-voice="1" title="Hear the reconstruction (B), at the same place"><b>B</b> Reconstruction</button>
      <a href="${value.after.url}" download="${value.name}" title="${value.name}, 24-bit">WAV</a>
    </nav>
  </header>
  <div class="strips">
    <div class="voice" data-voice="0">
      <button type="button" data-play="0" title="Play or pause (Space)" aria-label="Play or pause the recording"></button>
      <div class="wave" style="--wave: url('${value.wave_before.url}')"></div>
    </div>
    <div class="voice" data-voice="1">
      <button type="button" data-play="1" title="Play or pause the reconstruction" aria-label="Play or pause the reconstruction"></button>
      <div class="wave" style="--wave: url('${value.wave_after.url}')"></div>
    </div>
    <img class="cembed" alt="CEmbed of the recording; below it, decoded from its codes" src="${value.cembeds.url}">
    <div class="codes"><img alt="Code grid" src="${value.codes.url}"></div>
    <i class="playhead"></i>
  </div>
  <audio preload="auto" src="${value.before.url}"></audio>
  <audio preload="auto" src="${value.after.url}"></audio>
  <p class="hint">${value.hint}</p>
</article>
"""  # noqa: E501
OWN = f"""
<div class="own" role="group" aria-label="From this recording">
  <label title="The class that is drawn with: the one it is heard as, or another"><span>As</span>
    <select data-as aria-label="Class to draw with"><option value="">what it is heard as</option>{
    "".join(f'<option value="{kind.name}">{kind.title}</option>' for kind in Category)
}</select></label>
  <button type="button" data-own="siblings" title="Draw near relatives of the recording, at the distance set on Generate">Siblings of my recording</button>
  <button type="button" data-own="continue" title="Go on from the end of the recording, to the length set on Generate">Continue my recording</button>
  <button type="button" data-own="open" title="Put the recording on the stage of Generate, where any box of its codes can be drawn again">Open it on Generate</button>
</div>
"""  # noqa: E501
_READOUT = '<section class="shares"><h2>Classified as</h2>{}</section>'


def reconstruct_tab(models: Models, controller: GenerateController, model: gr.State, tabs: gr.Tabs) -> None:
    """Lay the tab out inside the open Blocks; a recording that is to be edited goes to the stage of Generate."""
    foley = models.first
    seconds = foley.preset.audio.duration_s
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls", min_width=264, scale=0):
            recording = gr.Audio(
                sources=["upload", "microphone"], type="filepath", label="Recording", editable=False, buttons=[],
                elem_id="recording",
            )  # fmt: skip
            gr.HTML(
                f'<p class="note">WAV, FLAC, OGG, MP3, M4A, or a video: {seconds:g} seconds of its sound, as mono.</p>',
                apply_default_css=False,
            )
            part = recording_part()
            gr.HTML(OWN, js_on_load=None, apply_default_css=False, elem_id="own")
            shares = gr.HTML(_shares(None), elem_id="shares", apply_default_css=False)
            gr.HTML(f'<p class="keys">{KEYS}</p>', apply_default_css=False)
        with gr.Column(elem_classes="stage"):
            card = take_card(_no_pair(foley.preset), TEMPLATE, elem_id="pair")
    source = gr.State(None)  # the path of the recording, and where in it the part begins, in seconds

    def look_at(path: str, start_s: float, chosen: str, request: gr.Request) -> dict:
        """The card, the class shares and the part of a recording. Raises AudioError."""
        folder, opened = new_folder(request), models.get(chosen)
        result, preset = models.call(chosen, Foley.reconstruct, path, 0, start_s), opened.preset
        figure = plots.row_error_figure(result.cembed, result.decoded, preset)
        error = served(plots.write_png(figure, folder / "rows.png"))
        pair = _pair(result, Path(path), folder, opened)
        return {
            card: {**pair, "taken": _taken(recording_s(path), preset.audio.duration_s, start_s)},
            shares: _shares(result, codebook_use(result, preset), error),
            part: part_value(path, start_s, preset.audio.duration_s),
            source: (path, start_s),
        }

    def show(path: str | None, chosen: str, request: gr.Request) -> dict:
        """A recording that has just come, from its beginning; its own place is emptied, ready for the next."""
        if path is None:
            return {recording: gr.skip()}
        try:
            return {recording: None, **look_at(path, 0.0, chosen, request)}
        except Exception as error:
            gr.Warning(error_message(error))
            return {recording: None}

    def choose_part(message: protocol.ChoosePart, values: dict, request: gr.Request) -> dict:
        """Another part of the recording."""
        if not values[source]:
            raise AudioError(NO_RECORDING)
        return look_at(values[source][0], message.start_s, values[model], request)

    def take_over(message: protocol.UseRecording, values: dict, request: gr.Request) -> dict:
        """The recording as a take, on the stage of the first tab and in the library."""
        if not values[source]:
            raise AudioError(NO_RECORDING)
        path, start_s = values[source]
        take = models.call(values[model], Foley.take_of, path, message.category or None, start_s)
        return {**controller.show([take], values, request), tabs: gr.Tabs(selected="generate")}

    inputs = {source, *controller.inputs.values()}
    outputs = [*controller.outputs.values(), tabs, card, shares, part, source]
    handlers = {protocol.UseRecording: take_over, protocol.ChoosePart: choose_part}
    moved = protocol.Mailbox("recording").on(handlers, inputs, outputs, **USES_MODEL)
    moved.success(None, None, None, js="() => window.foley.takes.editNewest()", **PAGE_ONLY)
    gr.on(
        [recording.upload, recording.stop_recording],
        show,
        [recording, model],
        [recording, card, shares, part, source],
        show_progress_on=card,
        show_progress="minimal",
        api_visibility="private",
        **USES_MODEL,
    )


def _pair(result: Reconstruction, source: Path, folder: Path, foley: Foley) -> dict[str, Any]:
    """Write both sounds and all pictures into a folder, and say what the card shows."""
    preset = foley.preset
    masked = mask_cembed(result.cembed, preset.mel.rows, np.random.default_rng(0), preset.training.masking)
    stacked = {"recording": result.cembed, "masked": masked, "decoded from its codes": result.decoded}
    before = write_audio(folder / "recording.wav", result.original, result.sample_rate)
    after = result.save(folder / f"{source.stem}_reconstructed.wav")
    frames, codebook_size = preset.grid[1], preset.vqvae.codebook_size
    figures = {
        "wave_before": plots.waveform_figure(result.original, frames, WIDTH, WAVE),
        "wave_after": plots.waveform_figure(result.waveform, frames, WIDTH, WAVE),
        "cembeds": plots.stacked_figure(stacked, preset, WIDTH, CEMBED, show_time=False),
        "codes": plots.code_figure(result.codes, codebook_size, preset.audio.duration_s, WIDTH, about=CODES),
    }
    return {
        **_no_pair(preset),
        "state": "ready",
        "title": escape(source.name),
        "distance": f"{result.log_mel_l1:.3f}",
        "peak": f"{decibels(result.original)} → {decibels(result.waveform)}",
        "duration": f"{preset.audio.duration_s:.2f} s",
        "name": escape(after.name),
        "before": served(before),
        "after": served(after),
        **{name: served(plots.write_png(figure, folder / f"{name}.png")) for name, figure in figures.items()},
    }


def _no_pair(preset: Preset) -> dict[str, Any]:
    files = ("before", "after", "wave_before", "wave_after", "cembeds", "codes")
    return {
        "state": "empty",
        **dict.fromkeys(("title", "taken", "distance", "peak", "duration", "name"), ""),
        "hint": "Drop a recording or record one: it goes through CEmbed, codes and vocoder, and back.",
        "title": "No recording yet",
        "style": _card_style(preset),
        **{name: {"url": NOTHING} for name in files},
    }


def _taken(there_s: float, taken_s: float, start_s: float) -> str:
    """What of a recording is used, where that is not simply all of it."""
    if there_s > taken_s + 0.05:
        whole = f"{there_s / 60:.0f} min" if there_s >= 120 else f"{there_s:.1f} s"
        return (
            f"{start_s:g} to {start_s + taken_s:g} s of {whole}" if start_s else f"the first {taken_s:g} s of {whole}"
        )
    return f"{there_s:.1f} s, then silence" if there_s < taken_s - 0.05 else ""


def codebook_use(result: Reconstruction, preset: Preset) -> tuple[int, float]:
    """How many different codes a recording takes, and how many that is in even use."""
    size = preset.vqvae.codebook_size
    return int(result.codes.unique().numel()), float(perplexity(result.codes, size))


def _shares(result: Reconstruction | None, use: tuple[int, float] = (0, 0.0), rows: dict | None = None) -> str:
    """The class head's shares as bars, the largest first; the codebook's use and the error of every row."""
    if result is None:
        return _READOUT.format('<p class="note">What the class head takes it for.</p>')
    bars = "".join(
        f'<li style="--share: {share:.4f}"><span>{escape(category.title)}</span><b>{share:.0%}</b></li>'
        for category, share in sorted(result.class_shares.items(), key=lambda item: -item[1])
    )
    url = f"gradio_api/file={quote(rows['path'])}" if rows else ""
    return _READOUT.format(f"<ol>{bars}</ol>") + (
        '<section class="rebuilt"><h2>What the codebook keeps</h2><dl>'
        f"<dt>different codes</dt><dd>{use[0]} of {result.codes.numel()}</dd>"
        f"<dt>in even use</dt><dd>{use[1]:.0f}</dd></dl>"
        f'<img alt="Error of every CEmbed row, mel below, encoder above" src="{url}"></section>'
    )


def _card_style(preset: Preset) -> str:
    """Where the time axis lies and how high the pictures are, for the page to keep their places."""
    begin, end = plots.time_axis(preset.grid[1], WIDTH)
    codes = plots.code_height(preset.grid[0], CODES)
    return (
        f"--begin: {begin:.5f}; --end: {end:.5f}; --wave-shape: {WIDTH} / {WAVE}; "
        f"--cembed-shape: {WIDTH} / {CEMBED}; --codes-shape: {WIDTH} / {codes:g}"
    )
