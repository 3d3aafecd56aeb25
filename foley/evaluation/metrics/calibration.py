"""What the distance says where the answer is known: of two halves of a class's recordings, and of other classes'."""

from collections.abc import Mapping

import numpy as np
from threadpoolctl import threadpool_limits

from foley.categories import Category
from foley.evaluation.metrics.bootstrap import Measurement
from foley.evaluation.metrics.frechet import GaussianStatistics, extrapolated_frechet_distance

SPLITS = 10  # each at random, and a draw of both figures
FEWEST = 16  # clips of a class: eight a half, which extrapolating needs


def calibrate(
    recordings: Mapping[Category, np.ndarray], splits: int = SPLITS
) -> dict[Category, dict[str, Measurement]]:
    """FAD∞ by class: `halves`, between two halves of its clips, and `others`, the mean to the other classes.

    `recordings` are embeddings (clips, windows, dimension) by class; distances are freed from the bias of small sets,
    which differ in size from class to class. Nothing where a class has fewer than 16 clips or none is there to compare.
    """
    if len(recordings) < 2 or min(map(len, recordings.values())) < FEWEST:
        return {}
    generator = np.random.default_rng(0)
    halves, others = ({category: [] for category in recordings} for _ in range(2))
    with threadpool_limits(1):
        for _ in range(splits):
            parts = {c: np.array_split(clips[generator.permutation(len(clips))], 2) for c, clips in recordings.items()}
            second = {category: GaussianStatistics.from_embeddings(half) for category, (_, half) in parts.items()}
            for category, (first, _) in parts.items():
                far = {c: extrapolated_frechet_distance(second[c], first, points=6).value for c in parts}
                halves[category].append(far.pop(category))
                others[category].append(np.mean(list(far.values())))
    return {
        category: {
            name: Measurement(float(np.mean(found[category])), np.array(found[category]))
            for name, found in (("halves", halves), ("others", others))
        }
        for category in recordings
    }
