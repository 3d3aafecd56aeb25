"""The compiled steps of the incremental sampler: loops over the caches, without Python and without allocation.

"rows" are those of the scratch `x` and `y` that a function works on: takes, or takes x positions where several
positions share one reading of the weights. Functions are given the arrays they use and no more, since numba
compiles long lists of arrays for many seconds.
"""

import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit

from foley.sampling import handover, tiles, vectors
from foley.sampling.handover import await_done, await_turn, claim, finish, write
from foley.sampling.tiles import multiply, put_bias
from foley.sampling.vectors import add, add_glu, attend, choose, clear, copy, elu, inner

# Numba keeps what it compiled, by signature and by the age of this file alone. A default argument is part of the
# signature: with this one, compiled code of another version of the files above is never taken for this one's.
_SOURCES = zlib.crc32(b"".join(Path(module.__file__).read_bytes() for module in (handover, tiles, vectors)))


class Layers(NamedTuple):
    """The weights, each with its bias packed for `multiply`; the letters are those of `Weights`."""

    tables: np.ndarray  # (offsets, V + 1, C), plain
    input_bias: np.ndarray  # (C,), plain
    coordinates: np.ndarray  # (height x width, 2), plain
    condition: np.ndarray  # (R, packed)
    above1: np.ndarray  # (R, k - 1, k, packed), with the bias in the first of the taps
    above2: np.ndarray
    left1: np.ndarray  # (R, packed): the taps side by side, as in all below
    left2: np.ndarray
    key1: np.ndarray  # (B, packed)
    key2: np.ndarray
    memory: np.ndarray  # key and value side by side
    query1: np.ndarray
    query2: np.ndarray
    query: np.ndarray
    spread: np.ndarray  # with the bias for each of the first s positions
    output1: np.ndarray
    auxiliary: np.ndarray
    output2: np.ndarray
    tail1: np.ndarray  # (E, packed)
    tail2: np.ndarray
    logits: np.ndarray  # (packed)


class Scratch(NamedTuple):
    """Working memory of one thread: float32, contiguous."""

    x: np.ndarray  # (rows, widest input)
    y: np.ndarray  # (rows, widest packed output)
    features: np.ndarray  # (takes, C)
    local: np.ndarray  # (takes, C)
    seen: np.ndarray  # (takes, A)
    window: np.ndarray  # (takes x s, K)
    query_window: np.ndarray  # (takes x s, Q)
    updates: np.ndarray  # (R, takes, 2, C): of an even column and the one after it
    scores: np.ndarray  # (max of T and V,)


@inner()
def _gated_residual(features, rows, hidden, first, second, x, y):
    """features[:rows] (rows, channels) becomes the output of a gated residual of 1x1 layers."""
    channels = features.shape[1]
    for row in range(rows):
        elu(features[row], x[row, :channels])
    put_bias(y, rows, first)
    multiply(y, x, rows, first)
    for row in range(rows):
        elu(y[row, :hidden], x[row, :hidden])
    put_bias(y, rows, second)
    multiply(y, x, rows, second)
    for row in range(rows):
        add_glu(y[row], features[row])


@njit(nogil=True, cache=True)
def start_row(tables, bias, above_offsets, codes, start, row, _=_SOURCES):
    """start (takes, width, C): what the input layer takes from the codes above, and its bias."""
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
def _move_up(rows):
    for n in range(rows.shape[0] - 1):
        for column in range(rows.shape[1]):
            copy(rows[n + 1, column], rows[n, column])


@inner()
def _take_from_above(rows, above, weights):
    """above (width, packed outputs) from the rows above of rows (k, padded width, inputs)."""
    up, kernel = weights.shape[:2]
    width = above.shape[0]
    put_bias(above, width, weights[0, 0])
    for n in range(up):
        for column in range(kernel):
            multiply(above, rows[n, column:], width, weights[n, column])


@njit(nogil=True, cache=True)
def begin_row(
    features, hidden, above1, above2, condition, weights1, weights2, condition_weights, row, first, last, _=_SOURCES
):
    """`above1` and `above2` for a new row, whose place is made in `features` and `hidden` by moving them up.

    Of the pairs (causal residual block, take), counted take by take within a block, the first .. last - 1.
    """
    takes, width = condition.shape[0], condition.shape[2]
    for n in range(first, last):
        layer, take = n // takes, n % takes
        if row > 0:
            _move_up(features[layer, take])
            _move_up(hidden[layer, take])
        _take_from_above(features[layer, take], above1[layer, take], weights1[layer])
        _take_from_above(hidden[layer, take], above2[layer, take], weights2[layer])
        here = condition[take, min(row, condition.shape[1] - 1)]
        multiply(above2[layer, take], here, width, condition_weights[layer])


@inner()
def _take_from_left(rows, above, left, x, y, first, last):
    """y = above + left taps for each take (the first axis of both) and each of the columns first .. last - 1."""
    takes, kernel, _, channels = rows.shape
    count = takes * (last - first)
    n = 0
    for take in range(takes):
        for column in range(first, last):
            for tap in range(kernel // 2):
                copy(rows[take, kernel - 1, column + tap], x[n, tap * channels :])
            copy(above[take, column], y[n])
            n += 1
    multiply(y, x, count, left)


@inner()
def _find_hidden(features, hidden, above, left, x, y, first, last):
    """`hidden` of the columns first .. last - 1 of the newest row, in some causal residual blocks."""
    layers, takes, kernel, _, channels = hidden.shape
    for layer in range(layers):
        _take_from_left(features[layer], above[layer], left[layer], x, y, first, last)
        n = 0
        for take in range(takes):
            for column in range(first, last):
                elu(y[n, :channels], hidden[layer, take, kernel - 1, kernel // 2 + column])
                n += 1


@inner()
def _find_updates(hidden, updates, above, left, x, y, first, last):
    """What some causal residual blocks add at the columns first .. last - 1, from `hidden` to their left."""
    layers, takes = hidden.shape[:2]
    for layer in range(layers):
        _take_from_left(hidden[layer], above[layer], left[layer], x, y, first, last)
        n = 0
        for take in range(takes):
            for column in range(first, last):
                update = updates[layer, take, column - first]
                clear(update)
                add_glu(y[n], update)
                n += 1


@inner()
def _look_left(features, hidden, above1, above2, updates, left1, left2, x, y, column, first, last):
    """The updates of an even column and the next, in the causal residual blocks first .. last - 1.

    They do not see their own position: so features before the even column are enough for both, which share one
    reading of the weights.
    """
    features, hidden, updates = features[first:last], hidden[first:last], updates[first:last]
    width = above1.shape[2]
    _find_hidden(features, hidden, above1[first:last], left1[first:last], x, y, max(column - 1, 0), column + 1)
    _find_updates(hidden, updates, above2[first:last], left2[first:last], x, y, column, min(column + 2, width))


@njit(nogil=True, cache=True)
def help_draw(
    features, hidden, above1, above2, updates, left1, left2, x, y, jobs, columns_done, first, last, _=_SOURCES
):
    """Look left for the thread that draws the columns first .. last - 1, where it has not yet done so itself.

    `jobs` are (column / 2, block) in one axis; `columns_done` says of every block how many columns are known.
    """
    blocks = columns_done.shape[0]
    residuals = features.shape[0] // blocks
    for column in range(first, last, 2):
        for block in range(blocks):
            job = column // 2 * blocks + block
            if await_turn(jobs, job, columns_done, block, column):
                _look_left(
                    features, hidden, above1, above2, updates, left1, left2, x, y,
                    column, block * residuals, (block + 1) * residuals,
                )  # fmt: skip
                finish(jobs, job)


@inner()
def _pass_residuals(features, local, rows, updates, place, parity):
    """A block's causal part: `local` from `features` (takes, C), and what later columns and rows will read.

    `rows` (layers, takes, k, padded width, C) and `updates` are those of the block.
    """
    layers, takes, kernel = rows.shape[:3]
    for take in range(takes):
        copy(features[take], local[take])
        for layer in range(layers):
            elu(local[take], rows[layer, take, kernel - 1, place])
            add(updates[layer, take, parity], local[take])


@inner()
def _features_of(recent, window, position, hidden, first, second, x, y):
    """Key or query features (takes x s, channels): a residual of the last channels of recent (takes, s, K)."""
    takes, factor, channels = recent.shape
    for take in range(takes):
        for n in range(factor):
            copy(recent[take, n, channels - window.shape[1] :], window[take * factor + n])
    _gated_residual(window, takes * factor, hidden, first, second, x, y)
    for row in range(takes * factor):
        if position - factor + 1 + row % factor < 0:  # before the first position
            clear(window[row])


@inner()
def _remember(keys, values, window, time, memory, y):
    """The key and value at `time`, from key features (takes x s, K)."""
    takes, channels, _ = keys.shape
    put_bias(y, takes, memory)
    multiply(y, window, takes, memory)
    for take in range(takes):
        for c in range(channels):
            keys[take, c, time] = y[take, c]
            values[take, c, time] = y[take, channels + c]


@inner()
def _look_back(keys, values, seen, query_window, times, heads, query, scores, y):
    """`seen` (takes, A) over the first `times`, from query features (takes x s, Q)."""
    takes, channels = seen.shape
    size = channels // heads
    scale = np.float32(1) / np.sqrt(np.float32(size))
    put_bias(y, takes, query)
    multiply(y, query_window, takes, query)
    for take in range(takes):
        for c in range(channels):
            y[take, c] *= scale
        for first in range(0, channels, size):
            last = first + size
            head_keys, head_values = keys[take, first:last], values[take, first:last]
            attend(y[take, first:last], head_keys, head_values, times, scores, seen[take, first:last])


@inner()
def _spread(seen, near, far, weights, y):
    """The causal transposed convolution: `seen` (takes, A) goes to the 2 s positions from here on."""
    takes, factor, channels = near.shape
    put_bias(y, takes, weights)
    for take in range(takes):
        for n in range(factor):
            add(far[take, n], y[take, n * channels :])
    multiply(y, seen, takes, weights)
    for take in range(takes):
        for n in range(factor):
            copy(y[take, n * channels : (n + 1) * channels], near[take, n])
            copy(y[take, (factor + n) * channels : (factor + n + 1) * channels], far[take, n])


@inner()
def _put_out(features, local, seen, first, auxiliary, second, x, y):
    """A block's last residual: `features` from `local` (takes, C) and `seen` (takes, A)."""
    takes, channels = features.shape
    for take in range(takes):
        elu(local[take], x[take, :channels])
    put_bias(y, takes, first)
    multiply(y, x, takes, first)
    for take in range(takes):
        elu(seen[take], x[take, : seen.shape[1]])
    multiply(y, x, takes, auxiliary)
    for take in range(takes):
        elu(y[take, :channels], x[take, :channels])
        copy(local[take], features[take])
    put_bias(y, takes, second)
    multiply(y, x, takes, second)
    for take in range(takes):
        add_glu(y[take], features[take])


@njit(nogil=True, cache=True)
def draw_codes(
    weights, caches, scratch, codes, kept, noise, all_logits, jobs, columns_done,
    row, first, last, heads, temperature, top_k, top_p, _=_SOURCES,
):  # fmt: skip
    """Draw the columns first .. last - 1 of a row into codes (takes, height, width) and the caches' own copy.

    The logits go to `all_logits` (takes, height, width, V), unless it has no takes. `first` is even; `jobs` and
    `columns_done`, zeros at the beginning of a row, are what `help_draw` says.
    """
    takes, _, width = codes.shape
    x, y, features, local, seen = scratch.x, scratch.y, scratch.features, scratch.local, scratch.seen
    window, query_window = scratch.window, scratch.query_window
    channels, hidden, outputs = features.shape[1], caches.hidden.shape[4], noise.shape[2]
    blocks, _, factor, _ = caches.recent.shape
    residuals = caches.features.shape[0] // blocks
    zen = weights.spread.shape[1] > 0
    half = caches.hidden.shape[2] // 2
    left_tables = weights.tables[weights.tables.shape[0] - half :]
    for column in range(first, last):
        position = row * width + column
        for take in range(takes):
            copy(caches.start[take, column], features[take])
            for n in range(half):
                add(left_tables[n, caches.codes[take, half + row, column + n]], features[take])
        for block in range(blocks):
            layer, next_layer = block * residuals, (block + 1) * residuals
            if column % 2 == 0:
                job = column // 2 * blocks + block
                if claim(jobs, job):
                    _look_left(
                        caches.features, caches.hidden, caches.above1, caches.above2, scratch.updates,
                        weights.left1, weights.left2, x, y, column, layer, next_layer,
                    )  # fmt: skip
                else:
                    await_done(jobs, job)
            rows, updates = caches.features[layer:next_layer], scratch.updates[layer:next_layer]
            _pass_residuals(features, local, rows, updates, half + column, column % 2)
            write(columns_done, block, column + 1)
            recent = caches.recent[block]
            newest = (position - 1) % factor  # so that it comes last when a window ends
            for take in range(takes):
                latest = recent[take, newest]
                copy(features[take], latest)
                copy(local[take], latest[channels:])
                copy(weights.coordinates[position], latest[2 * channels :])
            if position % factor == 0:
                time = position // factor
                keys, values = caches.keys[block], caches.values[block]
                first_layer, second_layer = weights.key1[block], weights.key2[block]
                _features_of(recent, window, position, channels, first_layer, second_layer, x, y)
                _remember(keys, values, window, time, weights.memory[block], y)
                first_layer, second_layer = weights.query1[block], weights.query2[block]
                _features_of(recent, query_window, position, channels, first_layer, second_layer, x, y)
                query, times = weights.query[block], time + 1 if zen else time
                _look_back(keys, values, seen, query_window, times, heads, query, scratch.scores, y)
                if zen:
                    _spread(seen, caches.near[block], caches.far[block], weights.spread[block], y)
            if zen:
                for take in range(takes):
                    copy(caches.near[block, take, position % factor], seen[take])
            output1, auxiliary = weights.output1[block], weights.auxiliary[block]
            _put_out(features, local, seen, output1, auxiliary, weights.output2[block], x, y)
        to_draw = all_logits.shape[0]
        for take in range(takes):
            to_draw += not kept[take, row, column]
        if to_draw == 0:
            continue
        for layer in range(weights.tail1.shape[0]):
            _gated_residual(features, takes, hidden, weights.tail1[layer], weights.tail2[layer], x, y)
        for take in range(takes):
            elu(features[take], x[take, :channels])
        put_bias(y, takes, weights.logits)
        multiply(y, x, takes, weights.logits)
        for take in range(all_logits.shape[0]):
            copy(y[take, :outputs], all_logits[take, row, column])
        for take in range(takes):
            if not kept[take, row, column]:
                logits = y[take, :outputs]
                code = choose(logits, noise[take, column], scratch.scores, temperature, top_k, top_p)
                codes[take, row, column] = code
                caches.codes[take, half + row, half + column] = code
    if last == width and width % 2 == 0:  # the one that no pair has come to
        _find_hidden(caches.features, caches.hidden, caches.above1, weights.left1, x, y, width - 1, width)
