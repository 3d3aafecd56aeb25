"""The take card: a player whose pictures share one time axis and one playhead, as a Gradio component."""

from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from torch import Tensor

from foley import plots
from foley.audio import peak_dbfs
from foley.presets import Preset
from foley.takes import Take
from foley.ui.visitors import served


class Size(NamedTuple):
    """How large a card's pictures are, in CSS pixels on a page 1440 wide."""

    width: int
    wave: int
    cembed: int
    codes: int


LARGE, SMALL = Size(1055, 76, 330, 110), Size(530, 48, 136, 72)  # of a card alone, of two side by side
NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="

TEMPLATE = """
<article class="take ${value.state}" data-player data-seed="${value.seed}" style="${value.style}">
  <header>
    <h3>${value.title}</h3>
    <dl>
      <div><dt>seed</dt><dd>${value.seed}</dd></div>
      <div><dt>temperature</dt><dd data-short="t ">${value.temperature}</dd></div>
      <div><dt>peak</dt><dd>${value.peak}</dd></div>
      <div><dt>length</dt><dd><span data-clock></span>${value.duration}</dd></div>
    </dl>
    <nav>
      <button type="button" data-keep title="Lock this take's seed, to vary the rest">Keep<i> seed</i></button>
      <a href="${value.audio.url}" download="${value.name}" title="${value.name}, 24-bit">WAV</a>
    </nav>
  </header>
  <div class="strips">
    <div class="voice" data-voice="0">
      <button type="button" data-play="0" aria-label="Play or pause ${value.title}, seed ${value.seed}"></button>
      <div class="wave" style="--wave: url('${value.wave.url}')"></div>
    </div>
    <img class="cembed" alt="CEmbed: mel rows below, encoder rows above" src="${value.cembed.url}">
    <div class="codes"><canvas></canvas><img alt="Code grid" src="${value.codes.url}"></div>
    <i class="playhead"></i>
  </div>
  <audio preload="auto" src="${value.audio.url}"></audio>
  <p class="hint">${value.hint}</p>
</article>
"""

EARLIER = """
<div class="earlier ready" data-player data-seed="${value.seed}">
  <button type="button" data-play="0" aria-label="Play or pause ${value.title}, seed ${value.seed}"></button>
  <span>${value.title}</span>
  <button type="button" data-keep title="Set this take's seed and lock it">${value.seed}</button>
  <code title="Temperature">${value.temperature}</code>
  <a href="${value.audio.url}" download="${value.name}" title="${value.name}" aria-label="Download ${value.name}">↓</a>
  <audio preload="none" src="${value.audio.url}"></audio>
</div>
"""


def take_card(value: dict[str, Any], template: str = TEMPLATE, **settings: Any) -> gr.HTML:
    """A take, or the place kept for one that is still being drawn; the value is made by `take_value`, `no_take`."""
    settings = {"js_on_load": None, "apply_default_css": False, "preserved_by_key": None} | settings
    return gr.HTML(value, html_template=template, **settings)


def take_value(take: Take, folder: Path, preset: Preset, size: Size) -> dict[str, Any]:
    """Write a take's WAV and pictures into a folder, and say what its card shows."""
    path = take.save(folder)
    figures = {
        "wave": plots.waveform_figure(take.waveform, preset.grid[1], size.width, size.wave),
        "cembed": plots.cembed_figure(take.cembed, preset, size.width, size.cembed, show_time=False),
        "codes": plots.code_figure(
            take.codes, preset.vqvae.codebook_size, take.duration_s, size.width, about=size.codes
        ),
    }
    return {
        **no_take(preset, size),
        "state": "ready",
        "title": escape(take.category.title),
        "seed": str(take.seed),
        "temperature": f"{take.temperature:.2f}",
        "peak": decibels(take.waveform),
        "duration": f"{take.duration_s:.2f} s",
        "name": escape(path.name),
        "audio": served(path),
        **{name: served(plots.write_png(figure, path.with_suffix(f".{name}.png"))) for name, figure in figures.items()},
    }


def no_take(preset: Preset, size: Size, title: str = "", seed: int | None = None, hint: str = "") -> dict[str, Any]:
    """The same card without a take: everything has its place, so that nothing moves when the take comes."""
    return {
        "state": "waiting" if title else "empty",
        "title": escape(title),
        "seed": "" if seed is None else str(seed),
        **dict.fromkeys(("temperature", "peak", "duration", "name"), ""),
        "hint": hint,
        "style": card_style(preset, size),
        **{name: {"url": NOTHING} for name in ("audio", "wave", "cembed", "codes")},
    }


def decibels(waveform: Tensor) -> str:
    """The peak of a waveform, with a true minus."""
    return f"{peak_dbfs(waveform):.1f} dBFS".replace("-", "−")


def card_style(preset: Preset, size: Size) -> str:
    """Where the time axis lies and how high the pictures are, for the page to keep their places."""
    begin, end = plots.time_axis(preset.grid[1], size.width)
    codes = plots.code_height(preset.grid[0], size.codes)
    return (
        f"--begin: {begin:.5f}; --end: {end:.5f}; --wave-shape: {size.width} / {size.wave}; "
        f"--cembed-shape: {size.width} / {size.cembed}; --codes-shape: {size.width} / {codes:g}; "
        f"--grid-top: {plots.TOP / codes:.5f}; --grid-bottom: {plots.BOTTOM / codes:.5f}"
    )
