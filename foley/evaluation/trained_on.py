"""Train on takes alone, test on recordings: what an evaluation's takes are worth to whoever trains a classifier."""

from collections.abc import Mapping

import numpy as np
import torch

from foley.categories import Category
from foley.evaluation.clip_set import ClipSet
from foley.evaluation.metrics.probe import Probe
from foley.evaluation.metrics.training_value import train_and_test

KINDS = ("probe", "network")  # a classifier on a frozen embedding, and one trained from nothing
TRAINED_ON = ("floor", "generated")


def classifiers_trained_on(
    sets: Mapping[Category, Mapping[str, ClipSet]],
) -> dict[Category, dict[str, dict[str, np.ndarray]]]:
    """By class, kind of classifier and the set it was trained on: which held-out recordings it names right (0 or 1).

    They are trained on recordings (`floor`) and on as many takes (`generated`), and tested on `real`.
    """
    found: dict[Category, dict[str, dict[str, np.ndarray]]] = {c: {kind: {} for kind in KINDS} for c in sets}
    tests = {category: sets[category]["real"] for category in sets}
    for name in TRAINED_ON:
        train = {c: of[name].subset(range(min(len(of[each]) for each in TRAINED_ON))) for c, of in sets.items()}
        for kind, right in (("probe", _probe_hits), ("network", _network_hits)):
            for category, hits in right(train, tests).items():
                found[category][kind][name] = hits.astype(float)
    return found


def _probe_hits(train: dict[Category, ClipSet], tests: dict[Category, ClipSet]) -> dict[Category, np.ndarray]:
    embeddings = np.concatenate([clips.embeddings for clips in train.values()])
    probe = Probe.fit(embeddings, [category for category, clips in train.items() for _ in range(len(clips))])
    guesses = {category: probe.predict(clips.embeddings) for category, clips in tests.items()}
    return {category: np.array([guess is category for guess in of]) for category, of in guesses.items()}


def _network_hits(train: dict[Category, ClipSet], tests: dict[Category, ClipSet]) -> dict[Category, np.ndarray]:
    (pictures, labels), (test_pictures, test_labels) = (
        (
            torch.from_numpy(np.concatenate([clips.pictures for clips in side.values() if clips.pictures is not None])),
            [int(category) for category, clips in side.items() for _ in range(len(clips))],
        )
        for side in (train, tests)
    )
    hits = train_and_test(pictures, labels, test_pictures, test_labels)
    return {category: hits[np.array(test_labels) == int(category)] for category in tests}
