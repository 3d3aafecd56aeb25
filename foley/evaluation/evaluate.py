"""Score a checkpoint against real recordings: what it makes, and what each part of its chain does to a recording."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from foley.audio import rms_dbfs
from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, clip_waveform, load_dataset
from foley.evaluation.diversity import copy_check, relative_spread
from foley.evaluation.embedders import Embedder, load_embedder
from foley.evaluation.frechet import GaussianStatistics, frechet_distance
from foley.evaluation.probe import Probe
from foley.pipeline import Foley

Told = Callable[[str, int, int], None]  # what is being done, how much of it is done, of how much


@dataclass(frozen=True)
class ClassScores:
    """The figures of one class. Shares are of 1; FAD is over all windows, against the held-out recordings."""

    real_agreement: float
    reconstructed_agreement: float
    generated_agreement: float
    floor_fad: float  # of real training clips, as many as are generated
    reconstructed_fad: float
    generated_fad: float
    spread: float
    copies: float
    log_mel_l1: float  # of the reconstructions, through all stages
    real_rms_dbfs: float
    generated_rms_dbfs: float


@dataclass(frozen=True)
class Report:
    """All figures of an evaluation, and what they rest on."""

    model: str
    embedder: str
    per_class: int
    held_out_per_class: int
    seed: int
    temperature: float
    top_p: float
    classes: dict[str, ClassScores]

    def mean(self, figure: str) -> float:
        return float(np.mean([getattr(scores, figure) for scores in self.classes.values()]))

    def to_json(self) -> str:
        means = {name: self.mean(name) for name in ClassScores.__dataclass_fields__}
        return json.dumps({**asdict(self), "mean": means}, indent=2) + "\n"

    def to_markdown(self) -> str:
        """A table for people: a row a class, and their mean."""
        lines = [
            f"{self.model}: {self.per_class} takes a class (temperature {self.temperature}, top-p {self.top_p}, seeds "
            f"from {self.seed}) and {self.held_out_per_class} held-out recordings a class, heard by {self.embedder}.",
            "",
            "| class | real named | reconstructed named | generated named | FAD / floor, reconstructed "
            "| FAD / floor, generated | spread | copies | log-mel L1 | level, real | level, generated |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        rows = [(name, lambda figure, scores=scores: getattr(scores, figure)) for name, scores in self.classes.items()]
        for name, of in [*rows, ("**mean**", self.mean)]:
            lines.append(
                f"| {name} | {of('real_agreement'):.0%} | {of('reconstructed_agreement'):.0%} "
                f"| {of('generated_agreement'):.0%} | {of('reconstructed_fad') / of('floor_fad'):.2f} "
                f"| {of('generated_fad') / of('floor_fad'):.2f} | {of('spread'):.2f} | {of('copies'):.0%} "
                f"| {of('log_mel_l1'):.2f} | {of('real_rms_dbfs'):.0f} dB | {of('generated_rms_dbfs'):.0f} dB |"
            )
        return "\n".join(lines) + "\n"

    def save(self, folder: str | Path) -> Path:
        """Write `report.json` and `report.md` into a folder. Returns the folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("report.json", self.to_json()), ("report.md", self.to_markdown())):
            temporary = folder / f".{name}.{os.getpid()}.tmp"
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, folder / name)
        return folder


def evaluate(
    foley: Foley,
    reference: str | Path,
    per_class: int = 32,
    seed: int = 0,
    temperature: float = 1.0,
    top_p: float = 1.0,
    embedder: Embedder | None = None,
    told: Told = lambda what, done, total: None,
) -> Report:
    """Score a model against the recordings of a dataset folder, in its own split.

    The probe is fitted on all training recordings; distances are to the held-out ones. Takes are unfiltered, with
    seeds from `seed` on. Raises ValueError when a class has too few recordings.
    """
    embedder = embedder or load_embedder()
    dataset = load_dataset(reference, foley.preset.audio, check=lambda done, total: told("reading", done, total))
    counts = {split: dataset.counts(split) for split in (TRAIN, VALIDATION)}
    for category in Category:
        if min(counts[TRAIN][category], counts[VALIDATION][category]) < 2:
            raise ValueError(f"{reference} has too few recordings of {category.name} to compare with.")

    def hear(clips: Iterable[Tensor], what: str, total: int) -> np.ndarray:
        heard = []
        for number, waveform in enumerate(clips):
            heard.append(embedder.embed(waveform.unsqueeze(0), foley.sample_rate)[0])
            told(what, number + 1, total)
        return np.stack(heard)

    train, held_out = {}, {}
    for category in Category:
        for split, heard in ((TRAIN, train), (VALIDATION, held_out)):
            clips = [clip for clip in dataset.of(split) if clip.category is category]
            waveforms = (clip_waveform(clip, foley.preset.audio) for clip in clips)
            heard[category] = hear(waveforms, f"hearing {category.title} ({split})", len(clips))
    labels = [category for category in Category for _ in train[category]]
    probe = Probe.fit(np.concatenate([train[category] for category in Category]), labels)

    classes = {}
    for category in Category:
        clips = [clip for clip in dataset.of(VALIDATION) if clip.category is category]
        rebuilt = [foley.reconstruct(clip.path) for clip in clips]
        reconstructed = hear((r.waveform for r in rebuilt), f"hearing {category.title} (rebuilt)", len(clips))
        takes = []
        for number in range(per_class):
            takes += foley.generate(category, seed + number, temperature, top_p=top_p)
            told(f"generating {category.title}", number + 1, per_class)
        generated = hear((take.waveform for take in takes), f"hearing {category.title} (generated)", per_class)
        real = GaussianStatistics.from_embeddings(held_out[category])
        floor = train[category][_spaced(len(train[category]), per_class)]
        classes[category.name] = ClassScores(
            real_agreement=_agreement(probe, held_out[category], category),
            reconstructed_agreement=_agreement(probe, reconstructed, category),
            generated_agreement=_agreement(probe, generated, category),
            floor_fad=frechet_distance(real, GaussianStatistics.from_embeddings(floor)),
            reconstructed_fad=frechet_distance(real, GaussianStatistics.from_embeddings(reconstructed)),
            generated_fad=frechet_distance(real, GaussianStatistics.from_embeddings(generated)),
            spread=relative_spread(generated, held_out[category]),
            copies=copy_check(generated, train[category], held_out[category]).share,
            log_mel_l1=float(np.mean([r.log_mel_l1 for r in rebuilt])),
            real_rms_dbfs=float(np.mean([rms_dbfs(r.original) for r in rebuilt])),
            generated_rms_dbfs=float(np.mean([rms_dbfs(take.waveform) for take in takes])),
        )
    fewest = min(counts[VALIDATION].values())
    return Report(foley.name, embedder.name, per_class, fewest, seed, temperature, top_p, classes)


def _agreement(probe: Probe, embeddings: np.ndarray, category: Category) -> float:
    return probe.agreement(embeddings, [category] * len(embeddings)).mean


def _spaced(available: int, wanted: int) -> np.ndarray:
    """At most `wanted` indices, spread evenly over those available."""
    return np.linspace(0, available - 1, min(wanted, available)).astype(int)
