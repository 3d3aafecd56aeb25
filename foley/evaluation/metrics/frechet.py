"""The Fréchet distance between two sets of embeddings, each taken as a Gaussian (FAD), or for infinite sets.

Dowson and Landau, 1982; Kilgour et al., "Fréchet Audio Distance", 2019; Chong and Forsyth, "Effectively
Unbiased FID and Inception Score", 2020 (the extrapolation).
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from scipy import linalg

from foley.evaluation.metrics.embedding_sets import as_clips, as_table, check_same_dimension


@dataclass(frozen=True, eq=False)
class GaussianStatistics:
    """A set as the Fréchet distance takes it.

    Mean (dimension,), a factor F (dimension, rank) of the covariance F Fᵀ, and the count of samples. A small set's own
    samples are a factor, and all that the distance needs: its covariance is only made where it is asked for.
    """

    mean: np.ndarray
    factor: np.ndarray
    count: int

    @classmethod
    def from_embeddings(cls, embeddings: np.ndarray) -> "GaussianStatistics":
        """The statistics of (samples, dimension) or (clips, windows, dimension); covariance over count - 1.

        Raises ValueError for an empty set, a single sample, or values that are not finite.
        """
        table = as_table(embeddings, at_least=2)
        mean = table.mean(axis=0)
        root = (table - mean).T / np.sqrt(len(table) - 1)
        if root.shape[1] > root.shape[0]:
            return cls.from_covariance(mean, root @ root.T, len(table))
        return cls(mean, root, len(table))

    @classmethod
    def from_covariance(cls, mean: np.ndarray, covariance: np.ndarray, count: int) -> "GaussianStatistics":
        """Those with a given covariance (dimension, dimension); directions of mere rounding noise are left out."""
        values, vectors = linalg.eigh(covariance)
        kept = values > max(values[-1], 0.0) * len(values) * np.finfo(np.float64).eps
        statistics = cls(mean, vectors[:, kept] * np.sqrt(values[kept]), count)
        statistics.__dict__["covariance"] = covariance  # as it was given, to the last bit
        return statistics

    @cached_property
    def covariance(self) -> np.ndarray:
        """(dimension, dimension)."""
        return self.factor @ self.factor.T

    @property
    def variance(self) -> float:
        """The sum over all directions: the covariance's trace."""
        return float(np.square(self.factor).sum())

    def tensors(self, prefix: str = "") -> dict[str, np.ndarray]:
        """What a file keeps of them: `mean`, `covariance` and `count`, each with the prefix before its name."""
        tensors = {"mean": self.mean, "covariance": self.covariance, "count": np.array([self.count])}
        return {f"{prefix}{name}": np.ascontiguousarray(value) for name, value in tensors.items()}

    @classmethod
    def from_tensors(cls, tensors: dict[str, np.ndarray], prefix: str = "") -> "GaussianStatistics":
        """Those that `tensors` gave. Raises KeyError when one is missing."""
        mean, covariance, count = (tensors[f"{prefix}{name}"] for name in ("mean", "covariance", "count"))
        return cls.from_covariance(mean, covariance, int(count[0]))

    @classmethod
    def load(cls, path: str | Path) -> "GaussianStatistics":
        """Read the tensors of a `.safetensors` file. Raises ValueError when it is missing or holds others."""
        if not Path(path).is_file():
            raise ValueError(f"{path} is not there: check the name of the statistics.")
        try:
            return cls.from_tensors(load_file(path))
        except (SafetensorError, KeyError, OSError):
            raise ValueError(f"{path} does not hold the statistics of a set of embeddings.") from None


def frechet_distance(a: GaussianStatistics, b: GaussianStatistics) -> float:
    """|mean_a - mean_b|² + tr(A + B - 2 (A^½ B A^½)^½), the squared Fréchet (2-Wasserstein) distance.

    The trace of the root is the sum of the singular values of F_aᵀ F_b (with F Fᵀ the covariance): no root of
    a product is taken, so covariances without full rank (fewer samples than dimensions) add no noise.

    Raises ValueError when the dimensions differ.
    """
    check_same_dimension(a.mean, b.mean)
    difference = a.mean - b.mean
    cross = np.asarray(linalg.svdvals(a.factor.T @ b.factor)).sum() if a.factor.size and b.factor.size else 0.0
    distance = difference @ difference + a.variance + b.variance - 2 * cross
    return max(float(distance), 0.0)


@dataclass(frozen=True, eq=False)
class ExtrapolatedDistance:
    """A straight line through distances at several sample counts, read off at infinity.

    `value` is the distance for infinitely many samples, `r_squared` how straight the line is: what it says is
    worth little when that is far from 1. `counts` and `distances` (points,) are the points behind it.
    """

    value: float
    slope: float
    r_squared: float
    counts: np.ndarray
    distances: np.ndarray


def extrapolated_frechet_distance(
    reference: GaussianStatistics, embeddings: np.ndarray, *, points: int = 15, seed: int = 0
) -> ExtrapolatedDistance:
    """FAD-inf: the distance to `reference` freed from the bias of a small set, which falls as 1/count.

    Random subsets of the clips in `embeddings` ((clips, windows, dimension), or (samples, dimension)), from a
    quarter of them to all, evenly spaced in 1/count, give the points of a linear fit. The bias of `reference`
    itself stays. With fewer samples than dimensions the bias is not yet linear: compare `r_squared`.

    Raises ValueError as `frechet_distance` and `GaussianStatistics.from_embeddings` do, and below 8 clips.
    """
    clips = as_clips(embeddings)
    if len(clips) < 8:
        raise ValueError(f"Extrapolating to infinite samples needs at least 8 clips; there are {len(clips)}.")
    generator = np.random.default_rng(seed)
    sizes = np.unique(np.round(1 / np.linspace(4 / len(clips), 1 / len(clips), points)).astype(int))
    sets = [GaussianStatistics.from_embeddings(clips[generator.permutation(len(clips))[:size]]) for size in sizes]
    counts = np.array([subset.count for subset in sets])
    distances = np.array([frechet_distance(reference, subset) for subset in sets])
    slope, value = np.polyfit(1 / counts, distances, 1)
    residual = distances - (value + slope / counts)
    spread = ((distances - distances.mean()) ** 2).sum()
    r_squared = 1 - float((residual**2).sum() / spread) if spread > 0 else 1.0
    return ExtrapolatedDistance(float(value), float(slope), r_squared, counts, distances)
