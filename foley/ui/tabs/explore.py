"""The tab that looks into the model: its codebook as a map, single codes to hear, sweeps and morphs to compare."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import torch

from foley import explore
from foley.audio.files import write_audio
from foley.audio.loudness import loudness_lufs
from foley.categories import Category
from foley.takes.recipe import Recipe
from foley.takes.take import Take
from foley.ui.components import protocol
from foley.ui.session.device import USES_MODEL, error_message
from foley.ui.session.events import PAGE_ONLY
from foley.ui.session.generation import GenerateController, new_seed
from foley.ui.session.models import Models
from foley.ui.session.visitors import new_folder, served

COLOURS = ("#d1495b", "#edae49", "#66a182", "#2e86ab", "#8d6a9f", "#3bb5c4", "#9c6644")  # of the classes on the map
COLUMNS = 120  # of a small waveform
QUIET = "Nearly silent: the model drew hardly any sound here."

MAP = """
<section class="map" aria-label="Codebook">
  <header><h2>Codebook</h2><p class="note" data-words>${value.words}</p>
    <label title="Hear one code (Enter): it stands alone in a quiet room"><span>Code</span><input type="number" min="0" data-code></label></header>
  <div class="plane"><svg viewBox="-1.06 -1.06 2.12 2.12" preserveAspectRatio="none" role="img" aria-label="Every code, near to those alike"></svg></div>
  <p class="legend" data-legend></p>
  <audio data-single></audio>
</section>
"""  # noqa: E501
ON_MAP = """
window.foley.codemap(element, () => props.value);
watch('value', () => window.foley.plot(element, props.value));
"""
CELLS = """
<div class="cells" data-words="${value.words}">
  {{#each value.cells}}
  <div class="cell ready" data-player data-seed="{{seed}}" data-loudness="{{loudness}}" data-quiet="{{quiet}}">
    <button type="button" data-play="0" title="Play or pause" aria-label="Play or pause {{label}}"></button>
    <span title="{{flag}}"><b>{{label}}</b><small>{{level}}</small></span>
    <svg viewBox="0 -1 120 2" preserveAspectRatio="none" aria-hidden="true"><path d="{{wave}}"/></svg>
    <button type="button" data-cell="{{@index}}" title="Put this take on the stage of Generate, and into the library" aria-label="Open {{label}}">Open</button>
    <audio preload="auto" src="{{audio.url}}"></audio>
  </div>
  {{/each}}
</div>
"""  # noqa: E501
ON_CELLS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-cell]');
  if (button) window.foley.protocol.send({action: "open_cell", cell: Number(button.dataset.cell)});
});
"""


def explore_tab(models: Models, controller: GenerateController, model: gr.State, tabs: gr.Tabs) -> None:
    """Lay the tab out inside the open Blocks; a take that is opened goes to the stage of Generate."""
    use = gr.State(None)
    kinds = [(kind.title, int(kind)) for kind in Category]
    with gr.Row(elem_classes="bench explore"):
        with gr.Column(elem_classes="atlas", min_width=320):
            plane = gr.HTML(
                _map(models.first, None), html_template=MAP, js_on_load=ON_MAP, apply_default_css=False, elem_id="map"
            )
            count = gr.Button("Count the codes of every class", elem_id="count-codes")
            table = gr.HTML("", apply_default_css=False, elem_id="code-table")
        with gr.Column(elem_classes="grids", min_width=320):
            with gr.Row(elem_classes="choices"):
                first = gr.Dropdown(kinds, value=0, label="Class", elem_id="sweep-class", min_width=120)
                second = gr.Dropdown(kinds, value=5, label="Morph to", elem_id="morph-class", min_width=120)
                seed = gr.Number(1, precision=0, label="Seed", elem_id="explore-seed", min_width=90)
                dice = gr.Button("New seed", elem_id="explore-dice", min_width=80)
            with gr.Row(elem_classes="choices"):
                sweep = gr.Button("Temperature sweep", elem_id="sweep")
                morph = gr.Button("Class morph", elem_id="morph")
            cells = gr.HTML(
                {"cells": [], "words": "One seed at seven temperatures, or seven steps from one class to another."},
                html_template=CELLS, js_on_load=ON_CELLS, apply_default_css=False, elem_id="cells",
            )  # fmt: skip
    files = gr.State([])

    def counted(chosen):
        try:
            for done, found in models.run(chosen, explore.count_codes):
                words = f"Counted {done} of {len(Category)} classes"
                yield found, _map(models.get(chosen), found, words), _table(found)
        except Exception as error:
            gr.Warning(error_message(error))

    def heard(message: protocol.HearCode, values: dict, request: gr.Request) -> dict:
        foley, code, found = models.get(values[model]), message.code, values[use]
        there = 0 <= code < foley.preset.vqvae.codebook_size  # if not, the model says so in a sentence
        row = found.usual_row(code) if found and there else foley.preset.grid[0] // 2
        waveform = models.call(values[model], explore.code_in_place, code, row)
        path = write_audio(new_folder(request) / f"code{code}.wav", waveform, foley.sample_rate)
        words = f"Code {code} in row {row}{_shares(found, code)}"
        return {plane: {**_map(foley, found, words), "single": served(path), "code": code}}

    def drawn(how, title, chosen, request, *arguments):
        shown, paths, folder = [], [], new_folder(request)
        try:
            for take in models.run(chosen, how, *arguments):
                label = title(len(shown), take)
                path = take.save(folder / f"{len(shown)}.wav")
                paths.append(str(path))
                shown.append(_cell(take, path, label))
                yield {"cells": shown, "words": ""}, paths
        except Exception as error:
            gr.Warning(error_message(error))

    def swept(kind, number, chosen, request: gr.Request):
        arguments = (Category(kind), int(number or 0))
        sweep = explore.temperature_sweep
        yield from drawn(sweep, lambda _, take: f"t {take.recipe.temperature:.1f}", chosen, request, *arguments)

    def morphed(kind, other, number, chosen, request: gr.Request):
        def title(place: int, _: Take) -> str:
            return f"{explore.MORPH[place]:.0%} {Category(other).title}"

        arguments = (Category(kind), Category(other), int(number or 0))
        yield from drawn(explore.class_morph, title, chosen, request, *arguments)

    def opened(message: protocol.OpenCell, values: dict, request: gr.Request) -> dict:
        recipe = Recipe.read(values[files][message.cell])
        return {**controller.bring_back(recipe, values, request), tabs: gr.Tabs(selected="generate")}

    count.click(counted, model, [use, plane, table], **PAGE_ONLY, **USES_MODEL)
    dice.click(new_seed, None, seed, queue=False, **PAGE_ONLY)
    sweep.click(swept, [first, seed, model], [cells, files], **PAGE_ONLY, **USES_MODEL)
    morph.click(morphed, [first, second, seed, model], [cells, files], **PAGE_ONLY, **USES_MODEL)
    protocol.Mailbox("explore").on(
        {protocol.HearCode: heard, protocol.OpenCell: opened},
        {use, files, *controller.inputs.values()},
        [plane, tabs, *controller.outputs.values()],
        **USES_MODEL,
    )


def _map(foley, use: explore.CodeUse | None, words: str = "") -> dict[str, Any]:
    """Every code: its place, how much it is used, and the class that uses it most (-1 before they are counted)."""
    places = explore.codebook_map(foley)
    counts = torch.zeros(len(Category), len(places)) if use is None else use.by_class.float()
    share = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    most = torch.where(counts.sum(dim=0) > 0, share.argmax(dim=0), -1).tolist()
    size = (share.mean(dim=0) * len(places)).sqrt().clamp(0.35, 3).tolist()
    dots = zip(places.round(3).tolist(), size, most, strict=True)
    return {
        "points": [[x, y, round(r, 2), kind] for (x, y), r, kind in dots],
        "colours": COLOURS,
        "classes": [kind.title for kind in Category] if use else [],
        "words": words or f"{len(places)} codes on their two widest directions. Click one to hear it.",
    }


def _shares(use: explore.CodeUse | None, code: int) -> str:
    if use is None:
        return ""
    counts = use.by_class[:, code]
    if not counts.sum():
        return ", which no class drew"
    best = counts.argsort(descending=True)[:3].tolist()
    return ": " + ", ".join(f"{Category(k).title} {int(counts[k])}" for k in best if counts[k])


def _table(use: explore.CodeUse) -> str:
    rows = "".join(
        f'<tr><th><i style="background:{COLOURS[kind]}"></i>{escape(kind.title)}</th>'
        f"<td>{int((use.by_class[kind] > 0).sum())}</td><td>{use.perplexity(kind):.0f}</td>"
        f"<td>{_chips(use, kind)}</td></tr>"
        for kind in Category
        if use.by_class[kind].sum()
    )
    return (
        '<table class="codes-table"><thead><tr><th>Class</th><th title="Codes that it drew at all">in use</th>'
        '<th title="How many codes it has in even use">perplexity</th><th>typical codes, to be heard</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _chips(use: explore.CodeUse, kind: Category) -> str:
    return " ".join(
        f'<button type="button" data-hear="{code}" title="Hear code {code}">{code}</button>'
        for code in use.typical(kind)
    )


def _cell(take: Take, path: Path, label: str) -> dict[str, Any]:
    pieces = np.array_split(take.waveform.numpy(), COLUMNS)
    peak = max(1e-3, float(take.waveform.abs().max()))
    heights = [max(0.02, float(np.abs(piece).max()) / peak) for piece in pieces]
    quiet, loudness = take.is_nearly_silent, f"{loudness_lufs(take.waveform, take.sample_rate):.1f}"
    return {
        "label": label,
        "seed": str(take.seed),
        "loudness": loudness,
        "quiet": str(quiet).lower(),
        "flag": QUIET if quiet else "",
        "level": "nearly silent" if quiet else f"{loudness} LUFS".replace("-", "−"),
        "wave": "".join(f"M{x + 0.5} {-height:.2f}V{height:.2f}" for x, height in enumerate(heights)),
        "audio": served(path),
    }
