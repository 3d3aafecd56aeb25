"""What a code takes from the codes to its left in the causal residual blocks, for two columns at a time."""

from typing import NamedTuple

import numpy as np

from foley.sampling.backends.cpu.compiled import inner
from foley.sampling.backends.cpu.matrix_products import multiply
from foley.sampling.backends.cpu.vectors import add_glu, clear, copy, elu


class LeftConvs(NamedTuple):
    """The arrays of the causal convolutions of all residual blocks, see `Caches`, `Scratch` and `Layers`."""

    features: np.ndarray
    hidden: np.ndarray
    above1: np.ndarray
    above2: np.ndarray
    updates: np.ndarray
    weights1: np.ndarray
    weights2: np.ndarray


@inner(forceinline=True)
def _add_left_taps(newest_row, above, weights, taps, x, y, first, last):
    """y = above + the taps to the left, for each take (first axis of both) and the columns first .. last - 1."""
    takes, _, channels = newest_row.shape
    count = takes * (last - first)
    n = 0
    for take in range(takes):
        for column in range(first, last):
            for tap in range(taps):
                copy(newest_row[take, column + tap], x[n, tap * channels :])
            copy(above[take, column], y[n])
            n += 1
    multiply(y, x, count, weights)


@inner(forceinline=True)
def compute_hidden(features, hidden, above, weights, taps, x, y, first, last):
    """`hidden` of the columns first .. last - 1 of the newest row, in some causal residual blocks."""
    layers, takes, _, channels = hidden.shape
    for layer in range(layers):
        _add_left_taps(features[layer], above[layer], weights[layer], taps, x, y, first, last)
        n = 0
        for take in range(takes):
            for column in range(first, last):
                elu(y[n, :channels], hidden[layer, take, taps + column])
                n += 1


@inner(forceinline=True)
def _compute_updates(hidden, updates, above, weights, taps, x, y, first, last):
    """What some causal residual blocks add at the columns first .. last - 1, from `hidden` to their left."""
    layers, takes = hidden.shape[:2]
    for layer in range(layers):
        _add_left_taps(hidden[layer], above[layer], weights[layer], taps, x, y, first, last)
        n = 0
        for take in range(takes):
            for column in range(first, last):
                update = updates[layer, take, column - first]
                clear(update)
                add_glu(y[n], update)
                n += 1


@inner(forceinline=True)
def first_of_pair(column, block):
    """The first of the two columns that share one reading of a block's weights, for either of them.

    Pairs of odd blocks begin at odd columns (and their first is but one column), so that each brings as much work.
    """
    return max(column - (column + block) % 2, 0)


@inner(forceinline=True)
def causal_left_conv(convs, taps, x, y, column, block, residuals):
    """The updates of the pair that begins at this column, in the causal residual blocks of a block.

    They do not see their own position: so features before the pair are enough for both of its columns.

    Args:
        convs: the arrays of all residual blocks, `LeftConvs`.
        taps: how many columns to the left a convolution reads.
        x, y: working memory.
        column: the first of the pair.
        block: which block of the prior.
        residuals: residual blocks of a block.
    """
    first, last = block * residuals, (block + 1) * residuals
    features, hidden, updates = convs.features[first:last], convs.hidden[first:last], convs.updates[first:last]
    above1, above2 = convs.above1[first:last], convs.above2[first:last]
    end = min(column + 2 - (column + block) % 2, above1.shape[2])
    compute_hidden(features, hidden, above1, convs.weights1[first:last], taps, x, y, max(column - 1, 0), column + 1)
    _compute_updates(hidden, updates, above2, convs.weights2[first:last], taps, x, y, column, end)
