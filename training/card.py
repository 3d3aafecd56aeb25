"""The model card of a run: on what, for how long, with which losses."""

from collections import Counter

from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, Dataset
from foley.runs import read_events
from training.run import Run


def model_card(run: Run, dataset: Dataset, stages: tuple[str, ...]) -> str:
    """Markdown for the `README.md` of a checkpoint: data by class and licence, and each stage's training."""
    preset = run.preset
    clips = len(dataset.of(TRAIN))
    lines = [
        "---",
        "license: other",
        "license_name: see-the-recordings",
        "tags: [audio, sound-effects, foley]",
        "---",
        "",
        f"# Foley, preset `{preset.name}`",
        "",
        "New sounds of seven foley classes: CEmbed, MVQVAE, Zen PixelSNAIL and MHiFi-GAN, one `.safetensors` each.",
        "",
        "## Data",
        "",
        f"{clips} recordings of {preset.audio.duration_s:g} s to train on "
        f"({clips * preset.audio.duration_s / 3600:.2f} hours), {len(dataset.of(VALIDATION))} held out; "
        f"{run.options.views} variations of each (speed, shift, gain, noise floor). No recording is on both sides.",
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
    lines += [_stage_row(run, stage) for stage in stages]
    if preset.encoder.kind == "mert":
        lines += ["", "Its encoder is MERT (CC-BY-NC-4.0): what it makes may not be sold."]
    names = sorted({clip.attribution for clip in dataset.of(TRAIN) if clip.attribution})
    if names:
        lines += ["", "## Attribution", "", *(f"- {name}" for name in names)]
    return "\n".join(lines) + "\n"


def _stage_row(run: Run, stage: str) -> str:
    events = read_events(run.stage(stage) / "events.jsonl")
    validations = [event for event in events if event["kind"] == "validation" and event["score"] is not None]
    steps = [event for event in events if event["kind"] == "step"]
    if not validations:
        return f"| {stage} | not trained | | |"
    best = min(validations, key=lambda event: event["score"])
    hidden = {"kind", "time", "step", "best", "score"}
    figures = ", ".join(f"{name} {value:.3g}" for name, value in best.items() if name not in hidden)
    hours = steps[-1]["step"] * steps[-1]["seconds_a_step"] / 3600 if steps else 0.0
    return f"| {stage} | {validations[-1]['step']} (best at {best['step']}) | {hours:.2f} | {figures} |"
