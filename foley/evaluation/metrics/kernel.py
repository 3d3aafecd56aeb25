"""The kernel distance between two sets of embeddings: no Gaussian assumed, no bias from small sets."""

import numpy as np

from foley.evaluation.metrics.embedding_sets import as_table, check_same_dimension


def kernel_distance(a: np.ndarray, b: np.ndarray, *, degree: int = 3) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / dimension + 1)^degree, as in KID.

    Takes (samples, dimension) or (clips, windows, dimension). Being unbiased it is about 0 for two sets of
    one distribution, and as often below as above (Bińkowski et al., "Demystifying MMD GANs", 2018).

    Raises ValueError for an empty set, a single sample, values that are not finite, dimensions that differ.
    """
    a, b = as_table(a, at_least=2), as_table(b, at_least=2)
    check_same_dimension(a, b)

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** degree

    return float(_mean_off_diagonal(kernel(a, a)) + _mean_off_diagonal(kernel(b, b)) - 2 * kernel(a, b).mean())


def _mean_off_diagonal(gram: np.ndarray) -> float:
    count = len(gram)
    return (gram.sum() - np.trace(gram)) / (count * (count - 1))
