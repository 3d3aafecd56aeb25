"""The model card of a run: on what, for how long, with which losses, and how it measures."""

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import ModelCard, ModelCardData

from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, Dataset
from foley.evaluation.report import Report
from foley.evaluation.report_pages import print_score
from foley.plots import line_figure
from foley.presets import STAGES
from foley.runs.events import read_events
from foley.runs.view import EVENTS
from training.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CARD, CURVES = "README.md", "curves.png"
SCORES = {
    "generated_fad": "FAD",
    "floor_fad": "FAD, other recordings (the floor)",
    "generated_probe_accuracy": "probe accuracy",
    "real_probe_accuracy": "probe accuracy, real recordings",
    "generated_within_class_diversity": "within-class diversity",
    "generated_copy_rate": "copy rate",
    "generated_loudness_lufs": "LUFS",
    "real_loudness_lufs": "LUFS, real",
}
WEAKNESSES = "Known weaknesses"
PRIORS = {"pixelsnail": "Zen PixelSNAIL", "diffusion": "VQ-Diffusion"}
DEFECTS = ("dc_offset", "click", "clipping", "dead_silence")


def model_card(run: Run, dataset: Dataset, report: Report | None = None, before: str = "") -> str:
    """Markdown for the `README.md` of a checkpoint: data by class and licence, each stage's training, its scores.

    `before` is the card that is replaced, whose words on weaknesses are people's and stay.
    """
    preset = run.preset
    clips = len(dataset.of(TRAIN))
    data = ModelCardData(license="other", license_name="see-the-recordings", tags=["audio", "sound-effects", "foley"])
    lines = [
        f"# Foley, preset `{preset.name}`",
        "",
        f"New sounds of seven foley classes: CEmbed, MVQVAE, {PRIORS[preset.prior.kind]} and MHiFi-GAN, one "
        "`.safetensors` each.",
        "",
        "## Data",
        "",
        f"{clips} recordings of {preset.audio.duration_s:g} s to train on "
        f"({clips * preset.audio.duration_s / 3600:.2f} hours), {len(dataset.of(VALIDATION))} held out; "
        f"{run.views} variations of each (speed, shift, gain, noise floor). No recording is on both sides.",
        "",
        "| class | to train on | held out |",
        "|---|---|---|",
        *(f"| {c.name} | {dataset.counts(TRAIN)[c]} | {dataset.counts(VALIDATION)[c]} |" for c in Category),
    ]
    licences = Counter(clip.licence for clip in dataset.of(TRAIN) if clip.licence)
    sources = Counter(clip.source for clip in dataset.of(TRAIN) if clip.source)
    for title, counts in (("licence", licences), ("source", sources)):
        if counts:
            rows = [f"| {name} | {number} |" for name, number in counts.most_common()]
            lines += ["", f"| {title} of the training recordings | clips |", "|---|---|", *rows]
    if licences:
        lines += [
            "",
            "The code that made these weights is Apache-2.0. Some of the recordings are under share-alike or copyleft "
            "terms; whether those reach what a model learned from them is not settled, so judge by your own use.",
        ]
    lines += ["", "## Training", "", "| stage | steps | hours | best validation |", "|---|---|---|---|"]
    lines += _rows_before(run)
    lines += [_stage_row(run, stage) for stage in STAGES if _events(run, stage) or not run.options.init_from]
    if any(_events(run, stage) for stage in STAGES):
        lines += ["", f"![Loss on held-out recordings while it was trained]({CURVES})"]
    if report is not None:
        lines += _scores(report)
    lines += _section(before, WEAKNESSES)
    if preset.encoder.kind == "mert":
        lines += ["", "Its encoder is MERT (CC-BY-NC-4.0): what it makes may not be sold."]
    names = sorted({clip.attribution for clip in dataset.of(TRAIN) if clip.attribution})
    if names:
        lines += ["", "## Attribution", "", *(f"- {name}" for name in names)]
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n".join(lines) + "\n"))


def curves(run: Run) -> "Figure | None":
    """The scores on held-out recordings over the steps, of every stage that was trained; None where none was."""
    lines = {stage: [(event["step"], event["score"]) for event in _validations(run, stage)] for stage in STAGES}
    lines = {stage: points for stage, points in lines.items() if points}
    return line_figure(lines) if lines else None


def card_of(folder: Path) -> str:
    """The card of a checkpoint folder, or nothing."""
    path = folder / CARD
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _scores(report: Report) -> list[str]:
    rows = [*report.classes.items(), ("**mean**", report.mean)]
    shares = {name: report.mean[f"generated_{name}"].value for name in DEFECTS if f"generated_{name}" in report.mean}
    defects = ", ".join(f"{name.replace('_', ' ')} {share:.1%}" for name, share in shares.items())
    return [
        "",
        "## How it measures",
        "",
        f"{report.basis()} The takes are unfiltered.",
        "",
        "| class | " + " | ".join(SCORES.values()) + " |",
        "|---" * (len(SCORES) + 1) + "|",
        *(f"| {name} | " + " | ".join(print_score(key, scores) for key in SCORES) + " |" for name, scores in rows),
        *(["", f"Share of takes with a defect: {defects}."] if defects else []),
    ]


def _section(card: str, title: str) -> list[str]:
    found = re.search(rf"^## {title}\n.*?(?=^## |\Z)", card, re.MULTILINE | re.DOTALL)
    return ["", *found[0].strip().splitlines()] if found else []


def _rows_before(run: Run) -> list[str]:
    """How the checkpoint that a run started from was trained, as its card has it."""
    table = re.search(r"^## Training\n.*?^\|---[|-]*\|\n(.*?)(?=^\s*$|^[^|]|\Z)", _start_card(run), re.M | re.S)
    return [row for row in table[1].splitlines() if "not trained" not in row] if table else []


def _start_card(run: Run) -> str:
    return card_of(Path(run.options.init_from)) if run.options.init_from else ""


def _events(run: Run, stage: str) -> list[dict]:
    return read_events(run.stage(stage) / EVENTS)


def _validations(run: Run, stage: str) -> list[dict]:
    return [e for e in _events(run, stage) if e["kind"] == "validation" and e["score"] is not None]


def _stage_row(run: Run, stage: str) -> str:
    validations = _validations(run, stage)
    steps = [event for event in _events(run, stage) if event["kind"] == "step"]
    if not validations:
        return f"| {stage} | not trained | | |"
    best = min(validations, key=lambda event: event["score"])
    hidden = {"kind", "time", "step", "best", "score"}
    figures = ", ".join(f"{name} {value:.3g}" for name, value in best.items() if name not in hidden)
    hours = steps[-1]["step"] * steps[-1]["seconds_a_step"] / 3600 if steps else 0.0
    then = ", fine-tuned" if run.options.init_from else ""
    return f"| {stage}{then} | {validations[-1]['step']} (best at {best['step']}) | {hours:.2f} | {figures} |"
