"""The class-agreement probe: does a classifier fitted on real clips hear the class that was asked for?"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from foley.evaluation.metrics.embedding_sets import check_same_dimension, clip_means

Label = TypeVar("Label", bound=Hashable)


@dataclass(frozen=True)
class Agreement(Generic[Label]):
    """The share of clips in which the probe hears the class asked for: class by class, and their mean."""

    per_class: dict[Label, float]
    mean: float


@dataclass(frozen=True, eq=False)
class Probe(Generic[Label]):
    """Standardised logistic regression on one embedding a clip (the mean over its windows).

    Embeddings are (clips, dimension) or (clips, windows, dimension); labels anything hashable, one a clip.
    """

    classes: tuple[Label, ...]
    regression: Pipeline

    @classmethod
    def fit(cls, embeddings: np.ndarray, labels: Sequence[Label], *, strength: float = 1.0) -> "Probe[Label]":
        """Fit on real clips; `strength` is scikit-learn's C, the inverse of the regularisation.

        Raises ValueError unless there is a label for each clip and at least two classes.
        """
        clips = clip_means(embeddings)
        _check_labels(clips, labels)
        classes = tuple(dict.fromkeys(labels))
        if len(classes) < 2:
            raise ValueError("A probe needs clips of at least two classes.")
        regression = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
        regression.fit(clips, [classes.index(label) for label in labels])
        return cls(classes, regression)

    def predict(self, embeddings: np.ndarray) -> list[Label]:
        """The class heard in each clip. Raises ValueError for embeddings of another dimension than fitted."""
        clips = clip_means(embeddings)
        check_same_dimension(clips, self.regression[0].mean_)
        return [self.classes[index] for index in self.regression.predict(clips)]

    def agreement(self, embeddings: np.ndarray, labels: Sequence[Label]) -> Agreement[Label]:
        """How often the class heard is the one in `labels`. Raises ValueError as `fit` and `predict` do."""
        _check_labels(clip_means(embeddings), labels)
        heard = self.predict(embeddings)
        hits: dict[Label, list[bool]] = {}
        for label, prediction in zip(labels, heard, strict=True):
            hits.setdefault(label, []).append(bool(label == prediction))
        per_class = {label: sum(found) / len(found) for label, found in hits.items()}
        return Agreement(per_class, sum(per_class.values()) / len(per_class))


def _check_labels(clips: np.ndarray, labels: Sequence[Label]) -> None:
    if len(labels) != len(clips):
        raise ValueError(f"There are {len(clips)} clips but {len(labels)} labels.")
