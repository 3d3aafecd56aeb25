"""The probe: a classifier fitted on real clips. Its accuracy on takes says whether they are of the class asked for."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from foley.evaluation.metrics.embedding_sets import check_same_dimension, clip_means

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Label = TypeVar("Label", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Probe(Generic[Label]):
    """Standardised logistic regression on one embedding a clip (the mean over its windows).

    Embeddings are (clips, dimension) or (clips, windows, dimension); labels anything hashable, one a clip.
    """

    classes: tuple[Label, ...]
    regression: "Pipeline"

    @classmethod
    def fit(cls, embeddings: np.ndarray, labels: Sequence[Label], *, strength: float = 1.0) -> "Probe[Label]":
        """Fit on real clips; `strength` is scikit-learn's C, the inverse of the regularisation.

        Raises ValueError unless there is a label for each clip and at least two classes.
        """
        from sklearn.linear_model import LogisticRegression  # imported here: the page opens without it
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        clips = clip_means(embeddings)
        if len(labels) != len(clips):
            raise ValueError(f"There are {len(clips)} clips but {len(labels)} labels.")
        classes = tuple(dict.fromkeys(labels))
        if len(classes) < 2:
            raise ValueError("A probe needs clips of at least two classes.")
        regression = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
        regression.fit(clips, [classes.index(label) for label in labels])
        return cls(classes, regression)

    def predict(self, embeddings: np.ndarray) -> list[Label]:
        """The class of each clip. Raises ValueError for embeddings of another dimension than fitted."""
        clips = clip_means(embeddings)
        check_same_dimension(clips, self.regression.named_steps["standardscaler"].mean_)
        return [self.classes[index] for index in self.regression.predict(clips)]
