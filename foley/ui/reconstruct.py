"""The tab that sends a recording through the whole chain and back, and shows every stop on the way."""

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from foley import plots
from foley.audio import write_audio
from foley.pipeline import Foley
from foley.presets import Preset
from foley.takes import Reconstruction
from foley.ui.cards import LARGE, NOTHING, card_style, decibels, take_card
from foley.ui.device import ONE_AT_A_TIME, notice
from foley.ui.visitors import new_folder, served

SIZE = LARGE._replace(wave=52, cembed=400)
KEYS = "<kbd>Space</kbd> play <kbd>A</kbd> recording <kbd>B</kbd> reconstruction"

TEMPLATE = """
<article class="take pair ${value.state}" data-player style="${value.style}">
  <header>
    <h3>${value.title}</h3>
    <dl>
      <div><dt>log-mel L1</dt><dd>${value.distance}</dd></div>
      <div><dt>peaks</dt><dd>${value.peak}</dd></div>
      <div><dt>length</dt><dd><span data-clock></span>${value.duration}</dd></div>
    </dl>
    <nav>
      <button type="button" data-voice="0"><b>A</b> Recording</button>
      <button type="button" data-voice="1"><b>B</b> Reconstruction</button>
      <a href="${value.after.url}" download="${value.name}" title="${value.name}, 24-bit">WAV</a>
    </nav>
  </header>
  <div class="strips">
    <div class="voice" data-voice="0">
      <button type="button" data-play="0" aria-label="Play or pause the recording"></button>
      <div class="wave" style="--wave: url('${value.wave_before.url}')"></div>
    </div>
    <div class="voice" data-voice="1">
      <button type="button" data-play="1" aria-label="Play or pause the reconstruction"></button>
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
"""
_READOUT = '<section class="shares"><h4>Heard as</h4>{}</section>'


def reconstruct_tab(foley: Foley, reconstruct: Callable[..., Reconstruction]) -> None:
    """Lay the tab out inside the open Blocks; `reconstruct` is `Foley.reconstruct`, on whatever device it is lent."""
    seconds = foley.preset.audio.duration_s
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls", min_width=280, scale=0):
            recording = gr.Audio(
                sources=["upload", "microphone"], type="filepath", label="Recording", editable=False, buttons=[],
                elem_id="recording",
            )  # fmt: skip
            gr.HTML(
                f'<p class="note">WAV, FLAC, OGG or MP3. The first {seconds:g} seconds are taken, as mono.</p>',
                apply_default_css=False,
            )
            shares = gr.HTML(_shares(None), elem_id="shares", apply_default_css=False)
            gr.HTML(f'<p class="keys">{KEYS}</p>', apply_default_css=False)
        with gr.Column(elem_classes="stage"):
            card = take_card(_no_pair(foley.preset), TEMPLATE, elem_id="pair")

    def show(path: str | None, request: gr.Request) -> tuple:
        """The card and the class shares of a recording; its own place is emptied, ready for the next."""
        if path is None:
            return gr.skip(), gr.skip(), gr.skip()
        try:
            result = reconstruct(path, 0)
            return None, _pair(result, Path(path), new_folder(request), foley.preset), _shares(result)
        except Exception as error:
            gr.Warning(notice(error))
            return None, gr.skip(), gr.skip()

    gr.on(
        [recording.upload, recording.stop_recording],
        show,
        recording,
        [recording, card, shares],
        show_progress_on=card,
        show_progress="minimal",
        api_visibility="private",
        **ONE_AT_A_TIME,
    )


def _pair(result: Reconstruction, source: Path, folder: Path, preset: Preset) -> dict[str, Any]:
    """Write both sounds and all pictures into a folder, and say what the card shows."""
    before = write_audio(folder / "recording.wav", result.original, result.sample_rate)
    after = result.save(folder / f"{source.stem}_reconstructed.wav")
    frames, codebook_size = preset.grid[1], preset.vqvae.codebook_size
    figures = {
        "wave_before": plots.waveform_figure(result.original, frames, SIZE.width, SIZE.wave),
        "wave_after": plots.waveform_figure(result.waveform, frames, SIZE.width, SIZE.wave),
        "cembeds": plots.comparison_figure(
            result.cembed, result.decoded, preset, SIZE.width, SIZE.cembed, show_time=False
        ),
        "codes": plots.code_figure(result.codes, codebook_size, preset.audio.duration_s, SIZE.width, about=SIZE.codes),
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
        **dict.fromkeys(("title", "distance", "peak", "duration", "name"), ""),
        "hint": "Drop a recording or record one: it goes through CEmbed, codes and vocoder, and back.",
        "style": card_style(preset, SIZE),
        **{name: {"url": NOTHING} for name in files},
    }


def _shares(result: Reconstruction | None) -> str:
    """The class head's shares as bars, the largest first."""
    if result is None or not result.class_shares:
        return (
            '<section class="shares"><h4>Heard as</h4><p class="note">What the class head takes it for.</p></section>'
        )
    bars = "".join(
        f'<li style="--share: {share:.4f}"><span>{escape(category.title)}</span><b>{share:.0%}</b></li>'
        for category, share in sorted(result.class_shares.items(), key=lambda item: -item[1])
    )
    return _READOUT.format(f"<ol>{bars}</ol>")
