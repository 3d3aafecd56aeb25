"""The take card: what a take sounds and looks like, over one time axis with one playhead."""

import json
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from torch import Tensor

from foley.audio.files import peak_dbfs
from foley.presets import Preset
from foley.takes.export import TEMPLATE as TEMPLATE_OF_NAMES
from foley.takes.export import file_stem
from foley.takes.library import Entry
from foley.takes.take import Take
from foley.ui.components.knob_panel import knob_words
from foley.ui.components.library_list import TOO_QUIET, is_quiet, kind
from foley.ui.components.pictures import cembed_pictures, code_picture, mel_ticks
from foley.ui.session.visitors import address, served

NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="

TEMPLATE = """
<article class="take ${value.state}" tabindex="-1" data-player data-take data-file="${value.file}" data-seed="${value.seed}"
  data-loudness="${value.loudness}" data-peak="${value.peak}" data-rows="${value.rows}" data-frames="${value.frames}"
  data-category="${value.category}" data-temperature="${value.temperature}" data-top-p="${value.top_p}" data-knobs="${value.knobs}" aria-label="Take ${value.title} ${value.seed}">
  <header>
    <button type="button" class="star" data-star aria-pressed="${value.star}" aria-label="Star" title="Star (F): keep this take in sight"></button>
    <h2 data-name spellcheck="false" title="Click to name this take (N)">${value.title}</h2>
    <span class="asked" title="Asked for by knobs: ${value.asked}" ${value.asked ? "" : "hidden"}>${value.asked}</span>
    <span class="kind" title="${value.edits}">${value.kind}</span>
    <nav aria-label="This take">
      <button type="button" data-keep title="Set class, variety, surprise and seed to those of this take, and lock the seed (K)">Use its settings</button>
      <button type="button" data-slot="0" aria-label="Hear as A" title="Hear this take as A (A): A and B play at the same level">A</button>
      <button type="button" data-slot="1" aria-label="Hear as B" title="Hear this take as B (B): A and B play at the same level">B</button>
      <button type="button" data-loop aria-pressed="false" aria-label="Loop" title="Play over and over (L)">↻</button>
      <button type="button" data-delete aria-label="Delete" title="Delete this take (Del); Z brings it back">✕</button>
      <a href="${value.audio.url}" download="${value.name}" title="${value.name}: 24-bit, mono, 24 kHz, as it is. Drag it to your desktop or DAW">WAV</a>
    </nav>
  </header>
  <p class="flag" role="status" ${value.flag ? "" : "hidden"}>${value.flag}</p>
  <div class="pictures">
    <button type="button" data-play="0" title="Play or pause (Space)" aria-label="Play or pause ${value.title}, seed ${value.seed}"></button>
    <div class="strips"><div class="timeline">
      <sound-picture src="${value.audio.url}" data-axis class="sound" role="img" aria-label="Waveform and spectrogram of ${value.title}, seed ${value.seed}"></sound-picture>
      <div class="inside" data-inside>
        <div class="lane cembed" data-caption="sound plan (CEmbed)" title="CEmbed: what the model decodes into sound. Loudness in each band of pitch, low bands at the bottom">
          <span class="axis">${value.ticks}</span><img alt="Sound plan (CEmbed, mel part) of ${value.title}, seed ${value.seed}" src="${value.mel.url}"></div>
        <div class="lane cembed embedding" data-caption="what a listening network says (CEmbed)" ${value.has_encoder ? "" : "hidden"} title="CEmbed, second part: what a network that listens would say about each moment, ${value.encoder_rows} numbers at a time">
          <img alt="Sound plan (CEmbed, encoder part) of ${value.title}, seed ${value.seed}" src="${value.encoder.url}"></div>
        <div class="lane codes" data-caption="codes" title="Codes: the grid of numbers that the model draws, one after the other; everything above is made from it. Drag a box to draw that part again">
          <canvas></canvas><img alt="Code grid of ${value.title}, seed ${value.seed}" src="${value.codes}"></div>
      </div>
      <div class="region" hidden><button type="button" data-again title="Draw only these codes anew (R)">Draw again <kbd>R</kbd></button></div>
      <i class="playhead"></i>
    </div></div>
    <button type="button" class="fold" data-fold aria-expanded="true" title="Show or hide the inside of the model (H); remembered">Inside the model: the codes are drawn first, the sound plan is made from them, the sound from the plan</button>
  </div>
  <dl>
    <div><dt>seed</dt><dd>${value.seed}</dd></div>
    <div title="Variety (temperature)"><dt>variety</dt><dd>${value.temperature}</dd></div>
    <div title="Highest sample, below full scale"><dt>peak</dt><dd>${value.decibels}</dd></div>
    <div title="Loudness by BS.1770"><dt>loudness</dt><dd>${value.lufs}</dd></div>
    <div><dt>length</dt><dd><span data-clock></span>${value.duration}</dd></div>
    <div class="format" title="One channel; the model makes 24 kHz, so nothing lies above 12 kHz. 44.1 and 48 kHz exports are upsampled"><dt></dt><dd>mono, up to 12 kHz</dd></div>
  </dl>
  <audio preload="auto" src="${value.audio.url}"></audio>
  <p class="hint">${value.hint}</p>
</article>
"""  # noqa: E501


def take_card(value: dict[str, Any], template: str = TEMPLATE, **settings: Any) -> gr.HTML:
    """A take, or the place kept for one that is still being drawn; the value is made by `take_value`, `no_take`."""
    settings = {"js_on_load": None, "apply_default_css": False, "preserved_by_key": None} | settings
    return gr.HTML(value, html_template=template, **settings)


def take_value(take: Take, entry: Entry, path: Path, preset: Preset) -> dict[str, Any]:
    """What the card of a take says and plays; `path` is its file in the library. Its pictures come later."""
    return {
        **no_take(preset),
        "state": "ready",
        "file": escape(entry.file),
        "star": str(entry.star).lower(),
        "title": escape(entry.title),
        "kind": escape(kind(take.recipe.edits)),
        "category": str(int(take.category)),
        "seed": str(take.seed),
        "temperature": f"{take.recipe.temperature:.2f}",
        "top_p": f"{take.recipe.top_p:g}",
        "knobs": escape(json.dumps(take.recipe.asked.knobs)),
        "asked": knob_words(take.recipe.asked),
        "peak": f"{entry.peak_dbfs:.2f}",
        "decibels": decibels(take.waveform),
        "loudness": f"{entry.loudness_lufs:.2f}",
        "lufs": f"{entry.loudness_lufs:.1f} LUFS".replace("-", "−"),
        "duration": f"{take.duration_s:.2f} s",
        "edits": escape("; ".join(take.recipe.edits)),
        "flag": TOO_QUIET if is_quiet(entry) else "",
        "name": escape(f"{file_stem(take, TEMPLATE_OF_NAMES, name=entry.name)}.wav"),
        "frames": take.codes.shape[1],
        "audio": {"url": address(path)},
        "codes": code_picture(take.codes, preset.vqvae.codebook_size),
    }


def take_pictures(take: Take, preset: Preset, folder: Path) -> dict[str, Any]:
    """Draw the CEmbed of a take into a folder: what joins its card's value when its sound is there already."""
    mel, encoder = cembed_pictures(take.cembed, preset, folder, f"{take.file_name}-{id(take):x}")
    return {"mel": served(mel), "encoder": served(encoder) if encoder else {"url": NOTHING}}


def no_take(preset: Preset, title: str = "", seed: int | None = None, hint: str = "") -> dict[str, Any]:
    """The same card without a take: everything has its place, so that nothing moves when the take comes."""
    words = (
        "file", "kind", "category", "temperature", "top_p", "peak", "decibels", "loudness", "lufs", "duration",
        "knobs", "asked", "edits", "flag", "name",
    )  # fmt: skip
    encoder_rows = preset.rows - preset.mel.rows
    ticks = "".join(f'<i style="bottom: {100 * place:.1f}%">{label}</i>' for label, place in mel_ticks(preset))
    return {
        "state": "waiting" if title else "empty",
        "title": escape(title) or "No take yet",
        "seed": "" if seed is None else str(seed),
        "star": "false",
        **dict.fromkeys(words, ""),
        "hint": hint,
        "rows": preset.grid[0],
        "frames": preset.grid[1],
        "ticks": ticks,
        "has_encoder": encoder_rows > 0,
        "encoder_rows": encoder_rows,
        **{name: {"url": NOTHING} for name in ("audio", "mel", "encoder")},
        "codes": NOTHING,
    }


def decibels(waveform: Tensor) -> str:
    """The peak of a waveform, with a true minus."""
    return f"{peak_dbfs(waveform):.1f} dBFS".replace("-", "−")
