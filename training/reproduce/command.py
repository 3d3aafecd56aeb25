"""`python -m training reproduce`: all cells and designs, with every seed, and the page that says what came of them."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from foley.evaluation.embedders.registry import NAMES
from foley.evaluation.evaluate import EvaluationProgress
from foley.features.encoder import with_preprocessor
from foley.plots import write_png
from foley.presets import BASELINE, PAPER, PAPER_V1, STUDIO, STUDIO_BASELINE, Preset
from foley.resources import SHIPPED_MODEL
from foley.sampling import TOP_P
from foley.system.arguments import real, whole
from foley.system.files import write_text
from training.reproduce import tables
from training.reproduce.bench import Bench, OnStep, Plan
from training.reproduce.cells import DESIGNS, cells

# the paper's design and the baseline's, at the sizes of a preset
DESIGNS_OF = {"studio": (STUDIO, STUDIO_BASELINE), "paper": (PAPER, BASELINE), "paper-v1": (PAPER_V1, BASELINE)}
COUNT = whole(1, 10_000)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", required=True, metavar="FOLDER", help="recordings: a folder a class, or a manifest")
    command.add_argument(
        "--state", type=Path, default=Path("runs/reproduce"), help="folder that a stopped run goes on in"
    )
    command.add_argument("--out", type=Path, default=Path("assets/results/reproduction"), help="folder for the results")
    command.add_argument(
        "--preset", choices=DESIGNS_OF, default="studio", help="whose tables: the studio's or the paper's"
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="of both designs, as in training.prior.batch=4"
    )
    command.add_argument(
        "--minutes", type=real(0, 1e6, above=True), default=10.0, help="processor time of a cell; there are eleven"
    )
    command.add_argument("--whole-recipe", action="store_true", help="instead, train every cell as its preset says")
    command.add_argument("--seeds", type=COUNT, default=1, help="how often everything is done")
    command.add_argument("--clips", type=COUNT, help="training clips of each class (default: all)")
    command.add_argument("--held-out", type=COUNT, help="held-out clips of each class (default: all)")
    command.add_argument("--takes", type=COUNT, default=32, help="takes of each class, of both designs")
    command.add_argument("--embedder", choices=NAMES, default=NAMES[0], help="that hears the takes for table 3")
    command.add_argument("--encoder", default=str(SHIPPED_MODEL), help="checkpoint whose encoder makes the CEmbeds")


def run_reproduce(arguments: argparse.Namespace) -> None:
    """Do what is asked for, showing progress; results are written after every cell."""
    plan = Plan(
        arguments.data,
        arguments.encoder,
        None if arguments.whole_recipe else arguments.minutes,
        arguments.clips,
        arguments.held_out,
        arguments.takes,
        embedder=arguments.embedder,
    )
    with tqdm(unit="clip", disable=None) as bar:

        def on_step(step: EvaluationProgress) -> None:
            bar.set_description(step.what, refresh=False)
            bar.total = step.total
            bar.update(step.done - bar.n)

        designs = [changed(preset, arguments.set) for preset in DESIGNS_OF[arguments.preset]]
        reproduce(plan, arguments.state, arguments.out, arguments.seeds, on_step, *designs)
    print((arguments.out / "reproduction.md").read_text(encoding="utf-8"))


def changed(preset: Preset, changes: Sequence[str]) -> Preset:
    """The preset with `NAME=VALUE` set where it has a use for it, and MERT's input as its own preprocessor says.

    Raises ValueError for a change that is none.
    """
    for change in changes:
        name, _, value = change.partition("=")
        if preset.encoder.kind != "none" or not name.startswith("encoder."):
            preset = preset.override(name, value)
    if preset.encoder.kind == "mert":
        preset = replace(preset, encoder=with_preprocessor(preset.encoder))
    return preset


def reproduce(
    plan: Plan,
    state: Path,
    out: Path,
    seeds: int = 1,
    on_step: OnStep = lambda step: None,
    studio: Preset = STUDIO,
    baseline: Preset = STUDIO_BASELINE,
) -> dict[str, Any]:
    """Train and measure everything that was not yet, and write `reproduction.json`, `.md` and figures.

    Raises ValueError when the data or the encoder's checkpoint cannot be used.
    """
    bench, all_cells = Bench(state, plan), {cell.name: cell for cell in cells(studio, baseline)}
    found: tables.Cells = {}
    designs: tables.Cells = {}
    for seed in range(seeds):
        for name, cell in all_cells.items():
            found.setdefault(name, []).append(bench.cell(cell, seed))
            write_results(plan, found, designs, out)
        for design in DESIGNS:
            designs.setdefault(design.name, []).append(bench.design(design, all_cells, seed, on_step))
            write_results(plan, found, designs, out)
    return {"cells": found, "designs": designs}


def write_results(plan: Plan, found: tables.Cells, designs: tables.Cells, out: Path) -> None:
    """The results so far, for programs and for people."""
    data = {"plan": {**asdict(plan), "data": Path(plan.data).name}, "cells": found, "designs": designs}
    data["plan"]["encoder"] = Path(plan.encoder).name
    write_text(out / "reproduction.json", json.dumps(data, indent=1) + "\n")
    write_text(out / "reproduction.md", page(plan, found, designs))
    write_png(tables.loss_figure(found), out / "losses.png")
    if designs:
        write_png(tables.distance_figure(designs), out / "distances.png")


def page(plan: Plan, found: tables.Cells, designs: tables.Cells) -> str:
    """What was found, in Markdown: first on how little it rests."""
    results = [result for cell in found.values() for result in cell]
    seeds, clips = max(map(len, found.values())), results[0]["clips"]
    hours = sum(result["minutes"] for result in results) / 60
    length = "by its preset's whole recipe"
    if plan.minutes is not None:
        length = f"for {plan.minutes:g} minutes of processor time"
    lines = [
        "# The paper's tables on another corpus",
        "",
        f"Every cell was trained {length} ({min(r['steps'] for r in results)} to "
        f"{max(r['steps'] for r in results)} steps, {hours:.1f} hours by the clock in all) on {clips['train']} clips "
        f"and measured on {clips['validation']} held-out ones, with {seeds} seed{'s' * (seeds > 1)}"
        + (" (in brackets: the least and the most)." if seeds > 1 else ": a difference may be chance.")
        + " The paper trained for days on 4,850 clips. What can be compared is which of two cells of the same budget "
        "does better, not a number here with a number there.",
        "",
        "## Which claims hold here",
        "",
        *tables.claims(found, designs),
        "## The tables",
        "",
        *tables.table_4_or_5("Table 4: VQ-VAE on mels (80 rows, 22.05 kHz)", tables.PAPER_4, found),
        *tables.table_4_or_5("Table 5: MVQVAE on CEmbeds, masked", tables.PAPER_5, found),
        *tables.table_6(found),
    ]
    missing = [cell.name for cell in cells() if cell.name not in found] + [
        d.name for d in DESIGNS if d.name not in designs
    ]
    if missing:
        lines += [f"**Not done yet:** {'; '.join(missing)}. The same command goes on with them.", ""]
    if designs:
        lines += [
            *tables.table_3(designs),
            f"{plan.takes} takes a class, unfiltered, temperature 1, top-p {TOP_P:g}, against the held-out clips, "
            f"heard by {plan.embedder}; the paper's columns are by VGGish on the DCASE development set, so that only "
            "there, with an embedder called vggish, they are on one scale. The floor is that of as many other real "
            "clips.",
            "",
        ]
    lines += [
        *tables.questions(found),
        "MSE is that of standardised CEmbeds, of all rows; those of mels and of CEmbeds are not on one scale. `mel "
        "l1` is of the mel rows alone, in standard deviations, and is. The studio's encoder comes trained; the "
        "baseline has none. The mel alone has fewer codes a clip (16 × 75) than the CEmbed (24 × 75).",
    ]
    return "\n".join(lines) + "\n"
