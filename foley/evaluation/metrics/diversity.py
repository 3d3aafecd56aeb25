"""Does a set of one class vary as real clips do, and is it made of copies of what the model was trained on?

Both work on one embedding a clip (the mean over its windows) and Euclidean distances. Classes differ in how
close their clips lie, so call these class by class.
"""

import numpy as np

from foley.evaluation.metrics.embedding_sets import check_same_dimension, clip_means

CHANCE_PERCENT = 5.0  # of real clips that count as copies


def mean_pairwise_distance(embeddings: np.ndarray) -> float:
    """The mean distance between two different clips of (clips, dimension) or (clips, windows, dimension).

    Raises ValueError for fewer than two clips or values that are not finite.
    """
    from scipy.spatial.distance import pdist  # imported here: the page opens without it

    return float(pdist(clip_means(embeddings, at_least=2)).mean())


def nearest_distances(clips: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(clips,): from each clip to the nearest of `others`. Raises ValueError when their dimensions differ."""
    from scipy.spatial.distance import cdist

    clips, others = clip_means(clips), clip_means(others)
    check_same_dimension(clips, others)
    return cdist(clips, others).min(axis=1)


def find_copies(generated: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Which generated clips lie nearer to a training clip than real clips that were held out do: bool (clips,).

    Of a hundred real clips that the model never saw, five lie nearer to a training clip than the 5th percentile of
    their distances, by chance. A generated clip below it counts as a copy.

    Raises ValueError for an empty set, values that are not finite, or dimensions that differ.
    """
    threshold = np.percentile(nearest_distances(held_out, train), CHANCE_PERCENT)
    return nearest_distances(generated, train) < threshold
