"""Collecting the clips that an evaluation measures: recordings, recordings sent through the chain, and takes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from torch import Tensor

from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, Clip, Dataset, clip_waveform, load_dataset
from foley.evaluation.clip_set import ClassClips, ClipSet
from foley.evaluation.embedders.registry import Embedder
from foley.evaluation.metrics.bootstrap import Measurement
from foley.evaluation.metrics.calibration import calibrate
from foley.evaluation.metrics.character import changes, character
from foley.evaluation.metrics.frechet import GaussianStatistics
from foley.evaluation.metrics.levels import Defects
from foley.evaluation.metrics.probe import Probe
from foley.evaluation.metrics.reconstruction import reconstruction_distances
from foley.evaluation.metrics.training_value import mel_picture
from foley.evaluation.references import ReferenceStatistics
from foley.evaluation.report import ClipRow
from foley.evaluation.settings import EvaluationSettings
from foley.evaluation.sounds import KeptSounds, Sound
from foley.evaluation.trained_on import classifiers_trained_on
from foley.pipeline import Foley

PICTURED = ("real", "floor", "generated")  # sets that a classifier is trained or tested on
FEWEST_RECORDINGS = 2  # of a class, on each side of the split: of one alone nothing can be said

Item = TypeVar("Item")


class EvaluationProgress(NamedTuple):
    """What is being done, and how many clips of the whole evaluation are done."""

    what: str
    done: int
    total: int


class Collection:
    """The sets of clips of every class, filled step by step.

    Attributes:
        sets: by class and by name, see `clip_set.SETS`.
        files: of the same sets, the file of every clip.
        notes: sentences on what could not be used or measured.
    """

    def __init__(self, foley: Foley, sounds: KeptSounds, embedder: Embedder, settings: EvaluationSettings) -> None:
        self.foley, self.sounds, self.embedder, self.settings = foley, sounds, embedder, settings
        self.sets: dict[Category, dict[str, ClipSet]] = {category: {} for category in Category}
        self.files: dict[Category, dict[str, list[Path]]] = {category: {} for category in Category}
        self.notes: list[str] = []
        self._done = self._total = 0
        self._train: dict[Category, np.ndarray] = {}
        self._references: dict[Category, GaussianStatistics] = {}
        self._probe: Probe | None = None
        self._calibration: dict[Category, dict[str, Measurement]] = {}
        self._trained_on: dict[Category, dict[str, dict[str, np.ndarray]]] = {}

    def against_statistics(self, reference: ReferenceStatistics) -> Iterator[EvaluationProgress]:
        """Collect takes alone. Raises ValueError when the statistics are of another embedder."""
        reference.check_embedder(self.embedder.name, self.embedder.dimension)
        self._references = reference.classes
        self._total = len(Category) * len(self.settings.seeds)
        self.notes.append(
            "The reference is statistics and not recordings: there is no floor, no chain, no probe accuracy, no "
            "diversity and no copy rate."
        )
        for category in Category:
            yield from self._collect_takes(category)

    def against_recordings(self, reference: str | Path) -> Iterator[EvaluationProgress]:
        """Collect recordings, recordings sent through the chain, and takes.

        Raises ValueError when the folder cannot be used or a class has too few recordings.
        """
        yield EvaluationProgress("Reading recordings", 0, 1)
        dataset = load_dataset(reference, self.foley.preset.audio)
        check_counts(dataset, reference)
        if dataset.left_out:
            self.notes.append(f"{len(dataset.left_out)} recordings could not be used: {dataset.left_out[0][1]}")
        sent = {c: _spaced(clips_of(dataset, VALIDATION, c), self.settings.per_class) for c in Category}
        parts, takes = len(self.settings.parts), len(self.settings.seeds)
        self._total = len(dataset.clips) + sum(parts * len(sent[c]) + takes for c in Category)
        for category in Category:
            yield from self._collect_recordings(dataset, category)
        labels = [category for category in Category for _ in self._train[category]]
        self._probe = Probe.fit(np.concatenate([self._train[category] for category in Category]), labels)
        self._calibration = calibrate(self._train)
        for category in Category:
            yield from self._collect_takes(category)
            for part in self.settings.parts:
                yield from self._collect_part(part, category, sent[category])
        yield EvaluationProgress("Training classifiers on takes", self._done, self._total)
        self._trained_on = classifiers_trained_on(self.sets)

    def of_class(self, category: Category) -> ClassClips:
        """What the metrics of a class are computed from."""
        return ClassClips(
            category=category,
            sets=self.sets[category],
            reference=self._references[category],
            train=self._train.get(category),
            probe=self._probe,
            calibration=self._calibration.get(category, {}),
            trained_on=self._trained_on.get(category, {}),
        )

    def rows(self, folder: Path) -> list[ClipRow]:
        """A line for every clip; its file is named relative to `folder` where it lies below it."""
        return [
            row for category in Category for name in self.sets[category] for row in self._rows(category, name, folder)
        ]

    def _collect_recordings(self, dataset: Dataset, category: Category) -> Iterator[EvaluationProgress]:
        for split, name in ((TRAIN, "floor"), (VALIDATION, "real")):
            clips = clips_of(dataset, split, category)
            sounds = (Sound(clip.path, clip_waveform(clip, self.foley.preset.audio)) for clip in clips)
            yield from self._collect(category, name, sounds, f"{category.title}: recordings")
        train = self.sets[category]["floor"]
        self._train[category] = train.embeddings
        chosen = _spaced(range(len(train)), self.settings.per_class)
        self.sets[category]["floor"] = train.subset(chosen)
        self.files[category]["floor"] = [self.files[category]["floor"][index] for index in chosen]
        self._references[category] = GaussianStatistics.from_embeddings(self.sets[category]["real"].embeddings)

    def _collect_takes(self, category: Category) -> Iterator[EvaluationProgress]:
        takes = self.sounds.takes(category, self.settings.seeds, self.settings.temperature, self.settings.top_p)
        yield EvaluationProgress(f"{category.title}: takes", self._done, self._total)
        yield from self._collect(category, "generated", takes, f"{category.title}: takes")

    def _collect_part(self, part: str, category: Category, clips: list[Clip]) -> Iterator[EvaluationProgress]:
        log_mel, rate = self.foley.cembed.log_mel, self.foley.sample_rate
        distances = []

        def sounds() -> Iterator[Sound]:
            for clip in clips:
                recording = clip_waveform(clip, self.foley.preset.audio)
                sound = self.sounds.through(part, category, clip.path.stem, recording)
                found = reconstruction_distances(sound.waveform, recording, log_mel, rate)._asdict()
                found |= changes(character(sound.waveform, rate), character(recording, rate))
                distances.append(found)
                yield sound

        yield from self._collect(category, part, sounds(), f"{category.title}: {part}")
        values = {value: np.array([one[value] for one in distances]) for value in distances[0]}
        self.sets[category][part] = self.sets[category][part].with_values(values)

    def _collect(
        self, category: Category, name: str, sounds: Iterator[Sound], what: str
    ) -> Iterator[EvaluationProgress]:
        clips, files = [], []
        for sound in sounds:
            clip = ClipSet.of_clip(sound.waveform, self.foley.sample_rate, self.embedder)
            clips.append(replace(clip, pictures=self._picture(sound.waveform)) if name in PICTURED else clip)
            files.append(sound.path)
            self._done += 1
            yield EvaluationProgress(what, self._done, self._total)
        self.sets[category][name] = ClipSet.joined(clips)
        self.files[category][name] = files

    def _picture(self, waveform: Tensor) -> np.ndarray:
        """The small log-mel (1, 64, 100) of (samples,)."""
        log_mel = self.foley.cembed.log_mel(waveform[None].to(self.foley.device))[0]
        return mel_picture(log_mel).cpu().numpy()[None]

    def _rows(self, category: Category, name: str, folder: Path) -> Iterator[ClipRow]:
        clips, files = self.sets[category][name], self.files[category][name]
        predicted = self._probe.predict(clips.embeddings) if self._probe else [None] * len(clips)
        for index, (file, guess) in enumerate(zip(files, predicted, strict=True)):
            found = [defect for defect in Defects._fields if clips.values[defect][index]]
            yield ClipRow(
                category=category.name,
                set=name,
                file=str(file.relative_to(folder) if file.is_relative_to(folder) else file),
                predicted=guess.name if guess is not None else "",
                peak_dbfs=round(float(clips.values["peak_dbfs"][index]), 2),
                loudness_lufs=round(float(clips.values["loudness_lufs"][index]), 2),
                defects=", ".join(defect.replace("_", " ") for defect in found),
            )


def check_counts(dataset: Dataset, reference: str | Path) -> None:
    """Raise ValueError when a class has too few recordings on either side of the split."""
    for split in (TRAIN, VALIDATION):
        for category, count in dataset.counts(split).items():
            if count < FEWEST_RECORDINGS:
                raise ValueError(f"{reference} has too few recordings of {category.name} to compare with.")


def clips_of(dataset: Dataset, split: str, category: Category) -> list[Clip]:
    """The clips of a class on one side of the split."""
    return [clip for clip in dataset.of(split) if clip.category is category]


def _spaced(available: Sequence[Item], wanted: int) -> list[Item]:
    """At most `wanted` of a sequence, spread evenly over it."""
    indices = np.linspace(0, len(available) - 1, min(wanted, len(available))).astype(int)
    return [available[index] for index in indices]
