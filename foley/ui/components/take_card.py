"""The take card: a player whose pictures share one time axis and one playhead, as a Gradio component."""

from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from torch import Tensor

from foley import plots
from foley.audio.files import peak_dbfs
from foley.presets import Preset
from foley.takes.library import Entry
from foley.takes.take import Take
from foley.ui.session.visitors import address, served


class Size(NamedTuple):
    """How large a card's pictures are, in CSS pixels on a page 1440 wide."""

    width: int
    wave: int
    cembed: int
    codes: int


LARGE, SMALL = Size(832, 84, 372, 144), Size(404, 44, 112, 72)  # of a card alone, of two side by side
NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="

TEMPLATE = """
<article class="take ${value.state}" tabindex="-1" data-player data-take data-file="${value.file}" data-seed="${value.seed}"
  data-loudness="${value.loudness}" data-rows="${value.rows}" data-frames="${value.frames}" style="${value.style}">
  <header>
    <button type="button" class="star" data-star aria-pressed="${value.star}" aria-label="Star" title="Star (F): keep this take in sight"></button>
    <h3 data-name spellcheck="false" title="Click to name this take (N)">${value.title}</h3>
    <nav>
      <button type="button" data-slot="0" title="Hear this take as A (A): A and B play at the same level">A</button>
      <button type="button" data-slot="1" title="Hear this take as B (B): A and B play at the same level">B</button>
      <button type="button" data-loop aria-pressed="false" aria-label="Loop" title="Play over and over (L)">↻</button>
      <button type="button" data-delete aria-label="Delete" title="Delete this take and its file (Del)">✕</button>
      <a href="${value.audio.url}" download="${value.name}" title="${value.name}, 24-bit, as it is. Drag it to your desktop or DAW">WAV</a>
    </nav>
  </header>
  <dl>
    <div><dt>seed</dt><dd><button type="button" data-keep title="Set this take's seed and lock it (K), to vary the rest">${value.seed}</button></dd></div>
    <div><dt>temperature</dt><dd data-short="t ">${value.temperature}</dd></div>
    <div><dt>peak</dt><dd>${value.peak}</dd></div>
    <div><dt>loudness</dt><dd>${value.lufs}</dd></div>
    <div><dt>length</dt><dd><span data-clock></span>${value.duration}</dd></div>
    <div class="edits" title="${value.edits}">${value.edits}</div>
  </dl>
  <div class="strips">
    <div class="voice" data-voice="0">
      <button type="button" data-play="0" title="Play or pause (Space)" aria-label="Play or pause ${value.title}, seed ${value.seed}"></button>
      <div class="wave" style="--wave: url('${value.wave.url}')"></div>
    </div>
    <img class="cembed" alt="CEmbed: mel rows below, encoder rows above" src="${value.cembed.url}">
    <div class="codes"><canvas></canvas><img alt="Code grid" src="${value.codes.url}"></div>
    <i class="playhead"></i>
    <div class="region" hidden><button type="button" data-again title="Draw only these codes anew (R)">Draw again <kbd>R</kbd></button></div>
  </div>
  <audio preload="auto" src="${value.audio.url}"></audio>
  <p class="hint">${value.hint}</p>
</article>
"""  # noqa: E501


def take_card(value: dict[str, Any], template: str = TEMPLATE, **settings: Any) -> gr.HTML:
    """A take, or the place kept for one that is still being drawn; the value is made by `take_value`, `no_take`."""
    settings = {"js_on_load": None, "apply_default_css": False, "preserved_by_key": None} | settings
    return gr.HTML(value, html_template=template, **settings)


def take_value(take: Take, entry: Entry, path: Path, folder: Path, preset: Preset, size: Size) -> dict[str, Any]:
    """Draw a take's pictures into a folder, and say what its card shows; `path` is its file in the library."""
    preset = as_long_as(take, preset)
    figures = {
        "wave": plots.waveform_figure(take.waveform, preset.grid[1], size.width, size.wave),
        "cembed": plots.cembed_figure(take.cembed, preset, size.width, size.cembed, show_time=False),
        "codes": plots.code_figure(
            take.codes, preset.vqvae.codebook_size, take.duration_s, size.width, about=size.codes
        ),
    }
    stem = path.stem
    return {
        **no_take(preset, size),
        "state": "ready",
        "file": escape(entry.file),
        "star": str(entry.star).lower(),
        "title": escape(entry.title),
        "seed": str(take.seed),
        "temperature": f"{take.temperature:.2f}",
        "peak": decibels(take.waveform),
        "loudness": f"{entry.loudness_lufs:.2f}",
        "lufs": f"{entry.loudness_lufs:.1f} LUFS".replace("-", "−"),
        "duration": f"{take.duration_s:.2f} s",
        "edits": escape("; ".join(take.edits)),
        "name": escape(take.file_name),
        "audio": {"url": address(path)},
        **{name: served(plots.write_png(figure, folder / f"{stem}.{name}.png")) for name, figure in figures.items()},
    }


def no_take(preset: Preset, size: Size, title: str = "", seed: int | None = None, hint: str = "") -> dict[str, Any]:
    """The same card without a take: everything has its place, so that nothing moves when the take comes."""
    words = ("file", "temperature", "peak", "loudness", "lufs", "duration", "edits", "name")
    return {
        "state": "waiting" if title else "empty",
        "title": escape(title),
        "seed": "" if seed is None else str(seed),
        "star": "false",
        **dict.fromkeys(words, ""),
        "hint": hint,
        "rows": preset.grid[0],
        "frames": preset.grid[1],
        "style": card_style(preset, size),
        **{name: {"url": NOTHING} for name in ("audio", "wave", "cembed", "codes")},
    }


def as_long_as(take: Take, preset: Preset) -> Preset:
    """The preset of a take, whose length an edit may have changed; pictures are laid out by it."""
    return replace(preset, audio=replace(preset.audio, duration_s=take.duration_s))


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
