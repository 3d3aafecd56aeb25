"""Score a checkpoint against real recordings: what it generates, and what each part of its chain does to a recording.

Everything that takes time is kept in a folder (sounds as files, embeddings by content), so that an evaluation that was
stopped goes on where it was, and one of other weights does not embed the recordings again.
"""

import time
from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from foley.categories import Category
from foley.dataset import VALIDATION, clip_waveform, load_dataset
from foley.evaluation.cautions import cautions
from foley.evaluation.collection import Collection, EvaluationProgress, check_counts, clips_of
from foley.evaluation.embedders.registry import CachedEmbedder, Embedder, load_embedder
from foley.evaluation.metrics.bootstrap import Interval, Measurement, mean_measurement
from foley.evaluation.metrics.frechet import GaussianStatistics
from foley.evaluation.metrics.registry import SCORES
from foley.evaluation.references import ReferenceStatistics, holds_statistics, load_statistics
from foley.evaluation.report import Report
from foley.evaluation.scores import score_class
from foley.evaluation.settings import EvaluationSettings
from foley.evaluation.sounds import KeptSounds
from foley.pipeline import Foley


def evaluate(
    foley: Foley,
    reference: str | Path,
    folder: str | Path,
    settings: EvaluationSettings | None = None,
    embedder: Embedder | None = None,
    on_progress: Callable[[EvaluationProgress], None] = lambda progress: None,
) -> Report:
    """As `evaluating`, to the end; `on_progress` is called with every step.

    Args:
        foley: the model.
        reference: recordings or saved statistics, see `evaluating`.
        folder: where sounds and embeddings are kept.
        settings: what to measure; the defaults when not given.
        embedder: the network behind the distances; aiSFX when not given.
        on_progress: called with every step.
    """
    for event in evaluating(foley, reference, folder, settings, embedder):
        if isinstance(event, Report):
            return event
        on_progress(event)
    raise AssertionError("an evaluation ends with its report")


def evaluating(
    foley: Foley,
    reference: str | Path,
    folder: str | Path,
    settings: EvaluationSettings | None = None,
    embedder: Embedder | None = None,
) -> Generator[EvaluationProgress | Report]:
    """Score a model against a reference, step by step; the last event is the report.

    `reference` is a dataset folder, in its own split, or saved statistics (`references.load_statistics`), which allow
    fewer metrics. The probe is fitted on all training recordings; distances are to the held-out ones. Takes are
    unfiltered. Sounds and embeddings are kept below `folder`; closing the iterator loses nothing.

    Raises ValueError when the reference cannot be used, has too few recordings of a class, or is of another embedder.
    """
    settings = settings or EvaluationSettings()
    began = time.monotonic()
    cached = CachedEmbedder(embedder or load_embedder(), Path(folder) / "embeddings")
    collection = Collection(foley, KeptSounds(folder, foley), cached, settings)
    if holds_statistics(reference):
        yield from collection.against_statistics(load_statistics(reference))
    else:
        yield from collection.against_recordings(reference)
    measured = {category: score_class(collection.of_class(category), settings.draws) for category in Category}
    yield Report(
        model=foley.name,
        reference=Path(reference).resolve().name,
        embedder=cached.name,
        settings=asdict(settings),
        classes={c.name: {key: one.interval() for key, one in measured[c].items()} for c in Category},
        mean=_mean(measured),
        clips={c.name: {name: len(clips) for name, clips in collection.sets[c].items()} for c in Category},
        flags=cautions(collection),
        minutes=round((time.monotonic() - began) / 60, 2),
        rows=collection.rows(Path(folder)),
    )


def _mean(measured: dict[Category, dict[str, Measurement]]) -> dict[str, Interval]:
    """The mean of every score over the classes that have it."""
    present = {key: [scores[key] for scores in measured.values() if key in scores] for key in SCORES}
    return {key: mean_measurement(found).interval() for key, found in present.items() if found}


def reference_statistics(reference: str | Path, foley: Foley, embedder: Embedder) -> ReferenceStatistics:
    """The statistics of the held-out recordings of a dataset folder, to be saved and given to others.

    Raises ValueError when a class has too few recordings.
    """
    dataset = load_dataset(reference, foley.preset.audio)
    check_counts(dataset, reference)
    classes = {}
    for category in Category:
        clips = [clip_waveform(clip, foley.preset.audio) for clip in clips_of(dataset, VALIDATION, category)]
        embeddings = np.stack([embedder.embed(clip[None], foley.sample_rate)[0] for clip in clips])
        classes[category] = GaussianStatistics.from_embeddings(embeddings)
    return ReferenceStatistics(classes, embedder.name)
