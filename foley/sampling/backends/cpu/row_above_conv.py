"""What a row takes from the rows above, computed for all its columns before the first of them is sampled."""

from typing import NamedTuple

import numpy as np

from foley.sampling.backends.cpu import matrix_products, vectors
from foley.sampling.backends.cpu.compiled import cached, inner
from foley.sampling.backends.cpu.matrix_products import PANEL, combine, multiply, put_bias
from foley.sampling.backends.cpu.vectors import add, clear, copy

_NEAR = 2**19  # bytes that stay in a core's cache


class RowCaches(NamedTuple):
    """The caches that a new row moves on, see `Caches`."""

    features: np.ndarray
    hidden: np.ndarray
    features_above: np.ndarray
    hidden_above: np.ndarray
    above1: np.ndarray
    above2: np.ndarray
    condition: np.ndarray


class RowWeights(NamedTuple):
    """The weights that a new row reads, see `Layers`."""

    above1: np.ndarray
    above2: np.ndarray
    condition: np.ndarray
    to_points: np.ndarray
    from_points: np.ndarray


@cached(matrix_products, vectors)
def start_row(tables, bias, above_offsets, codes, start, row):
    """start (takes, width, C): what the input layer takes from the codes above, and its bias.

    Args:
        tables: a vector for each code at each offset, (offsets, V + 1, C).
        bias: (C,).
        above_offsets: rows up and columns to the right of each offset, (offsets above, 2).
        codes: of all rows with their margins.
        start: the output.
        row: which row begins.
    """
    takes, width, _ = start.shape
    margin = (codes.shape[2] - width) // 2
    for take in range(takes):
        for column in range(width):
            copy(bias, start[take, column])
            for n in range(above_offsets.shape[0]):
                up, right = above_offsets[n, 0], above_offsets[n, 1]
                code = codes[take, margin + row - up, margin + column + right]
                add(tables[n, code], start[take, column])


@inner()
def _move_up(newest, rows, to_points, outputs):
    """A row (takes, padded width, inputs) that is done goes to the rows above: (points, takes x tiles, inputs)."""
    points, count, _ = rows.shape
    tiles = count // newest.shape[0]
    for n in range(count):
        first = n % tiles * outputs
        for point in range(points):
            clear(rows[point, n])
        combine(rows[:, n], to_points, newest[n // tiles, first : first + points])


@inner(allocates=True)
def _row_above_conv(rows, above, weights, from_points, row):
    """above (takes, tiles x outputs, packed channels) from the rows above (k - 1, points, takes x tiles, inputs)."""
    up, points, count, _ = rows.shape
    takes, width, _ = above.shape
    outputs, tiles = from_points.shape[0], count // takes
    for take in range(takes):
        put_bias(above[take], width, weights[0, 0])
    if row == 0:
        return
    group = max(_NEAR // (points * count * PANEL * 4), 1)
    products = np.empty((points, count, group * PANEL), np.float32)
    for first in range(0, weights.shape[2], group):  # so that the products stay near
        last = min(first + group, weights.shape[2])
        for point in range(points):
            for n in range(count):
                clear(products[point, n, : (last - first) * PANEL])
            for n in range(max(up - row, 0), up):  # the farthest first
                multiply(products[point], rows[(row + n) % up, point], count, weights[point, n, first:last])
        for n in range(count):
            column = n % tiles * outputs
            here = above[n // tiles, column : column + outputs, first * PANEL : last * PANEL]
            combine(here, from_points, products[:, n, : (last - first) * PANEL])


@cached(matrix_products, vectors, allocates=True)
def begin_row(caches, weights, row, first, last):
    """`above1` and `above2` for a new row, in the causal residual blocks first .. last - 1.

    What `features` and `hidden` hold of the row before goes to the rows above. `caches` are `RowCaches`, `weights`
    are `RowWeights`.
    """
    condition, to_points, from_points = caches.condition, weights.to_points, weights.from_points
    takes, width, outputs = condition.shape[0], condition.shape[2], from_points.shape[0]
    same = np.empty((1, caches.above2.shape[3]), np.float32)  # what all columns take from a condition of width 1
    for layer in range(first, last):
        if row > 0:
            place = (row - 1) % caches.features_above.shape[1]
            _move_up(caches.features[layer], caches.features_above[layer, place], to_points, outputs)
            _move_up(caches.hidden[layer], caches.hidden_above[layer, place], to_points, outputs)
        _row_above_conv(caches.features_above[layer], caches.above1[layer], weights.above1[layer], from_points, row)
        _row_above_conv(caches.hidden_above[layer], caches.above2[layer], weights.above2[layer], from_points, row)
        for take in range(takes):
            here, above = condition[take, min(row, condition.shape[1] - 1)], caches.above2[layer, take]
            if width > 1:
                multiply(above, here, width, weights.condition[layer])
                continue
            clear(same[0])
            multiply(same, here, 1, weights.condition[layer])
            for column in range(above.shape[0]):
                add(same[0], above[column])
