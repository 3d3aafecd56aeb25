"""Does a set of one class vary as real clips do, and is it made of copies of what the model was trained on?

Both work on one embedding a clip (the mean over its windows) and Euclidean distances. Classes differ in how
close their clips lie, so call these class by class.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist, pdist

from foley.evaluation.metrics.embedding_sets import check_same_dimension, clip_means


def spread(embeddings: np.ndarray) -> float:
    """The mean distance between two different clips of (clips, dimension) or (clips, windows, dimension).

    Raises ValueError for fewer than two clips or values that are not finite.
    """
    return float(pdist(clip_means(embeddings, at_least=2)).mean())


def relative_spread(generated: np.ndarray, real: np.ndarray) -> float:
    """The spread of generated clips over that of real ones: 1 as varied as real, 0 always the same clip.

    Raises ValueError as `spread` does, for dimensions that differ, and when the real clips are all alike.
    """
    check_same_dimension(clip_means(generated), clip_means(real))
    real_spread = spread(real)
    if real_spread == 0:
        raise ValueError("The real clips are all the same, so there is no spread to compare with.")
    return spread(generated) / real_spread


def nearest_distances(clips: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(clips,): from each clip to the nearest of `others`. Raises ValueError when their dimensions differ."""
    clips, others = clip_means(clips), clip_means(others)
    check_same_dimension(clips, others)
    return cdist(clips, others).min(axis=1)


@dataclass(frozen=True, eq=False)
class CopyCheck:
    """How many generated clips lie nearer to a training clip than real clips that were held out ever do.

    `share` is the part of the generated clips nearer than `threshold`. `expected` is the same part of the
    held-out clips, about percentile / 100: a model that does not copy scores about that or below.
    `distances` (clips,) are the generated clips' distances to their nearest training clip.
    """

    share: float
    expected: float
    threshold: float
    distances: np.ndarray


def copy_check(generated: np.ndarray, train: np.ndarray, held_out: np.ndarray, *, percentile: float = 5.0) -> CopyCheck:
    """Compare generated clips with held-out ones by the distance to the nearest training clip.

    The threshold is the `percentile` of the held-out clips' distances: of a hundred real clips that the model
    never saw, so many lie nearer than that by chance. A generated clip below it counts as a copy.

    Raises ValueError for an empty set, values that are not finite, or dimensions that differ.
    """
    real = nearest_distances(held_out, train)
    distances = nearest_distances(generated, train)
    threshold = float(np.percentile(real, percentile))
    share = float((distances < threshold).mean())
    return CopyCheck(share, float((real < threshold).mean()), threshold, distances)
