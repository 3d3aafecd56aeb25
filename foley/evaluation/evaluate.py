"""Score a checkpoint against real recordings: what it makes, and what each part of its chain does to a recording.

Everything that takes time is kept in a folder (sounds as files, embeddings by content), so that an evaluation that was
stopped goes on where it was, and one of other weights does not hear the recordings again.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from foley.audio.files import SILENCE_PEAK
from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, Clip, Dataset, clip_waveform, load_dataset
from foley.evaluation.chain import PARTS
from foley.evaluation.embedders.registry import CachedEmbedder, Embedder, load_embedder
from foley.evaluation.metrics.bootstrap import mean_measurement
from foley.evaluation.metrics.calibration import calibrate
from foley.evaluation.metrics.frechet import GaussianStatistics
from foley.evaluation.metrics.levels import Defects
from foley.evaluation.metrics.probe import Probe
from foley.evaluation.metrics.reconstruction import Likeness, attack_distance, envelope_distance
from foley.evaluation.references import ReferenceStatistics, holds_statistics, load_statistics
from foley.evaluation.report import ClipRow, Report
from foley.evaluation.scores import FIGURES, Heard, score_class
from foley.evaluation.sounds import KeptSounds, Sound
from foley.pipeline import Foley
from foley.sampling import TOP_P, SamplingSettings
from foley.sampling.noise import check_seed

FEWEST_RECORDINGS = 2  # of a class, on each side of the split: of one alone nothing can be said


class Step(NamedTuple):
    """What is being done, and how much of the whole evaluation is done."""

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class EvaluationSettings:
    """What to measure: takes a class with seeds from `seed` on, draws for the intervals, parts of the chain.

    Raises ValueError for less than one take or draw, and for what cannot be sampled with.
    """

    per_class: int = 32
    seed: int = 0
    temperature: float = 1.0
    top_p: float = TOP_P
    draws: int = 200
    parts: tuple[str, ...] = PARTS

    def __post_init__(self) -> None:
        if self.per_class < 1 or self.draws < 1:
            raise ValueError(f"{self.per_class} takes and {self.draws} draws were asked for: ask for one at least.")
        check_seed(self.seed)
        SamplingSettings(self.temperature, 0, self.top_p)


def evaluate(
    foley: Foley,
    reference: str | Path,
    folder: str | Path,
    settings: EvaluationSettings | None = None,
    embedder: Embedder | None = None,
    told: Callable[[Step], None] = lambda step: None,
) -> Report:
    """As `evaluating`, to the end; `told` hears of every step."""
    for event in evaluating(foley, reference, folder, settings, embedder):
        if isinstance(event, Report):
            return event
        told(event)
    raise AssertionError("an evaluation ends with its report")


def evaluating(
    foley: Foley,
    reference: str | Path,
    folder: str | Path,
    settings: EvaluationSettings | None = None,
    embedder: Embedder | None = None,
) -> Iterator[Step | Report]:
    """Score a model against a reference, step by step; the last event is the report.

    `reference` is a dataset folder, in its own split, or saved statistics (`references.load_statistics`), which allow
    fewer figures. The probe is fitted on all training recordings; distances are to the held-out ones. Takes are
    unfiltered. Sounds and embeddings are kept below `folder`; closing the iterator loses nothing.

    Raises ValueError when the reference cannot be used, has too few recordings of a class, or is of another embedder.
    """
    settings = settings or EvaluationSettings()
    embedder = embedder or load_embedder()
    began = time.monotonic()
    cached = CachedEmbedder(embedder, Path(folder) / "embeddings")
    evaluation = _Evaluation(foley, KeptSounds(folder, foley), cached, settings, Path(folder))
    if holds_statistics(reference):
        yield from evaluation.against_statistics(load_statistics(reference))
    else:
        yield from evaluation.against_recordings(reference)
    yield evaluation.report(Path(reference).resolve().name, (time.monotonic() - began) / 60)


def reference_statistics(reference: str | Path, foley: Foley, embedder: Embedder) -> ReferenceStatistics:
    """The statistics of the held-out recordings of a dataset folder, to be saved and given to others.

    Raises ValueError when a class has too few recordings.
    """
    dataset = load_dataset(reference, foley.preset.audio)
    _check_counts(dataset, reference)
    classes = {}
    for category in Category:
        clips = [clip_waveform(clip, foley.preset.audio) for clip in _clips(dataset, VALIDATION, category)]
        embeddings = np.stack([embedder.embed(clip[None], foley.sample_rate)[0] for clip in clips])
        classes[category] = GaussianStatistics.from_embeddings(embeddings)
    return ReferenceStatistics(classes, embedder.name)


class _Evaluation:
    """An evaluation under way: what was heard so far, and what it says."""

    def __init__(
        self, foley: Foley, sounds: KeptSounds, embedder: Embedder, settings: EvaluationSettings, folder: Path
    ):
        self.foley, self.sounds, self.embedder, self.settings, self.folder = foley, sounds, embedder, settings, folder
        self.done = self.total = 0
        self.train: dict[Category, np.ndarray] = {}
        self.references: dict[Category, GaussianStatistics] = {}
        self.sets: dict[Category, dict[str, Heard]] = {category: {} for category in Category}
        self.files: dict[Category, dict[str, list[Path]]] = {category: {} for category in Category}
        self.probe: Probe | None = None
        self.flags: list[str] = []
        self.seeds = range(settings.seed, settings.seed + settings.per_class)

    def against_statistics(self, reference: ReferenceStatistics) -> Iterator[Step]:
        """Hear takes alone."""
        reference.check_embedder(self.embedder.name, self.embedder.dimension)
        self.references = reference.classes
        self.total = len(Category) * len(self.seeds)
        self.flags.append(
            "The reference is statistics and no recordings: no floor, no chain, no probe, no spread, no copy check."
        )
        for category in Category:
            yield from self._hear_takes(category)

    def against_recordings(self, reference: str | Path) -> Iterator[Step]:
        """Hear recordings, recordings sent through the chain, and takes."""
        yield Step("Reading recordings", 0, 1)
        dataset = load_dataset(reference, self.foley.preset.audio)
        _check_counts(dataset, reference)
        if dataset.left_out:
            self.flags.append(f"{len(dataset.left_out)} recordings could not be used: {dataset.left_out[0][1]}")
        through = {c: _spaced(_clips(dataset, VALIDATION, c), self.settings.per_class) for c in Category}
        self.total = len(dataset.clips) + sum(
            len(self.settings.parts) * len(through[c]) + len(self.seeds) for c in Category
        )
        for category in Category:
            yield from self._hear_recordings(dataset, category)
        labels = [category for category in Category for _ in self.train[category]]
        self.probe = Probe.fit(np.concatenate([self.train[category] for category in Category]), labels)
        for category in Category:
            yield from self._hear_takes(category)
            for part in self.settings.parts:
                yield from self._hear_part(part, category, through[category])

    def _hear_recordings(self, dataset: Dataset, category: Category) -> Iterator[Step]:
        for split, name in ((TRAIN, "floor"), (VALIDATION, "real")):
            clips = _clips(dataset, split, category)
            sounds = (Sound(clip.path, clip_waveform(clip, self.foley.preset.audio)) for clip in clips)
            yield from self._hear(category, name, sounds, f"{category.title}: recordings")
        self.train[category] = self.sets[category]["floor"].embeddings
        kept = _spaced(range(len(self.train[category])), self.settings.per_class)
        floor = self.sets[category]["floor"]
        self.sets[category]["floor"] = Heard(floor.embeddings[kept], floor.levels[kept], floor.defects[kept])
        self.files[category]["floor"] = [self.files[category]["floor"][index] for index in kept]
        self.references[category] = GaussianStatistics.from_embeddings(self.sets[category]["real"].embeddings)

    def _hear_takes(self, category: Category) -> Iterator[Step]:
        takes = self.sounds.takes(category, self.seeds, self.settings.temperature, self.settings.top_p)
        yield Step(f"{category.title}: takes", self.done, self.total)
        yield from self._hear(category, "generated", takes, f"{category.title}: takes")

    def _hear_part(self, part: str, category: Category, clips: list[Clip]) -> Iterator[Step]:
        recordings, found = [clip_waveform(clip, self.foley.preset.audio) for clip in clips], []

        def sounds() -> Iterator[Sound]:
            for clip, recording in zip(clips, recordings, strict=True):
                sound = self.sounds.through(part, category, clip.path.stem, recording)
                found.append(self._likeness(sound.waveform, recording))
                yield sound

        yield from self._hear(category, part, sounds(), f"{category.title}: {part}")
        self.sets[category][part] = replace(self.sets[category][part], likeness=np.array(found))

    def _hear(self, category: Category, name: str, sounds: Iterator[Sound], what: str) -> Iterator[Step]:
        heard, files = [], []
        for sound in sounds:
            heard.append(Heard.of([sound.waveform], self.embedder, self.foley.sample_rate))
            files.append(sound.path)
            self.done += 1
            yield Step(what, self.done, self.total)
        self.sets[category][name] = Heard(
            *(np.concatenate([getattr(one, part) for one in heard]) for part in ("embeddings", "levels", "defects"))
        )
        self.files[category][name] = files

    def _likeness(self, sound: Tensor, recording: Tensor) -> Likeness:
        analysis, rate = self.foley.cembed.log_mel, self.foley.sample_rate
        a, b = (analysis(waveform[None].to(self.foley.device)) for waveform in (sound, recording))
        return Likeness(
            float((a - b).abs().mean()),
            envelope_distance(sound, recording, rate),
            attack_distance(sound, recording, rate),
        )

    def report(self, reference: str, minutes: float) -> Report:
        """The figures of all that was heard."""
        measured = {
            category: score_class(
                category, self.references[category], self.sets[category], self.train.get(category), self.probe,
                self.settings.draws,
            )
            for category in Category
        }  # fmt: skip
        for category, figures in calibrate(self.train).items():
            measured[category] |= figures
        rows = [row for category in Category for name in self.sets[category] for row in self._rows(category, name)]
        self._flag()
        mean = {}
        for name in FIGURES:
            present = [figures[name] for figures in measured.values() if name in figures]
            if present:
                mean[name] = mean_measurement(present).interval()
        return Report(
            model=self.foley.name,
            reference=reference,
            embedder=self.embedder.name,
            settings=asdict(self.settings),
            classes={c.name: {name: one.interval() for name, one in measured[c].items()} for c in Category},
            mean=mean,
            clips={c.name: {name: len(heard) for name, heard in self.sets[c].items()} for c in Category},
            flags=self.flags,
            minutes=round(minutes, 2),
            rows=rows,
        )

    def _rows(self, category: Category, name: str) -> list[ClipRow]:
        heard, files = self.sets[category][name], self.files[category][name]
        guesses = self.probe.predict(heard.embeddings) if self.probe else [None] * len(heard)
        return [
            ClipRow(
                category.name,
                name,
                str(file.relative_to(self.folder) if file.is_relative_to(self.folder) else file),
                guess.name if guess is not None else "",
                round(float(levels[0]), 2),
                round(float(levels[2]), 2),
                ", ".join(word.replace("_", " ") for word, is_so in zip(Defects._fields, found, strict=True) if is_so),
            )
            for file, guess, levels, found in zip(files, guesses, heard.levels, heard.defects, strict=True)
        ]

    def _flag(self) -> None:
        """Say what makes a figure worth less than it looks."""
        settings, dimension = self.settings, self.embedder.dimension
        windows = {c: int(np.prod(self.sets[c]["generated"].embeddings.shape[:2])) for c in Category}
        if min(windows.values()) < dimension:
            self.flags.append(
                f"A Fréchet distance here rests on {min(windows.values())} windows for {dimension} dimensions: it is "
                "too high by an amount that depends on their number. Compare it with the floor of as many clips."
            )
        if settings.parts and "floor" in self.sets[Category(0)]:
            self.flags.append(
                "What goes through the chain is the held-out recordings, and its distance is to the other clips: "
                "untouched they have the floor's."
            )
        if settings.per_class < 2:
            self.flags.append("One take a class: its spread is unknown, and its intervals have no width.")
        for category in Category:
            sets = self.sets[category]
            for name, words in (("floor", "training recordings"), ("reconstructed", "held-out recordings")):
                if name in sets and len(sets[name]) < settings.per_class:
                    self.flags.append(
                        f"{category.title}: there are {len(sets[name])} {words}, fewer than the takes; "
                        "distances of smaller sets come out higher."
                    )
            silent = int((sets["generated"].levels[:, 0] < 20 * np.log10(SILENCE_PEAK)).sum())
            if silent:
                self.flags.append(f"{category.title}: {silent} takes are silent.")


def _check_counts(dataset: Dataset, reference: str | Path) -> None:
    for split in (TRAIN, VALIDATION):
        for category, count in dataset.counts(split).items():
            if count < FEWEST_RECORDINGS:
                raise ValueError(f"{reference} has too few recordings of {category.name} to compare with.")


def _clips(dataset: Dataset, split: str, category: Category) -> list[Clip]:
    return [clip for clip in dataset.of(split) if clip.category is category]


def _spaced(available, wanted: int) -> list:
    """At most `wanted` of a sequence, spread evenly over it."""
    indices = np.linspace(0, len(available) - 1, min(wanted, len(available))).astype(int)
    return [available[index] for index in indices]
