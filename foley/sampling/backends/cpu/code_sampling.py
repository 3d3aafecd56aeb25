"""Drawing the codes of a row, one by one, by one thread or by two that share what is to be read."""

import numpy as np

from foley.sampling.backends.cpu import causal_left_conv, matrix_products, vectors, work_queue
from foley.sampling.backends.cpu.cache import cached
from foley.sampling.backends.cpu.causal_left_conv import find_hidden, first_of_pair, look_left
from foley.sampling.backends.cpu.matrix_products import product, put_bias, run_product
from foley.sampling.backends.cpu.vectors import add, add_glu, attend, choose, clear, copy, elu, inner
from foley.sampling.backends.cpu.work_queue import (
    accept,
    await_done,
    claim,
    field,
    finish,
    hand_back,
    offer,
    read,
    take_back,
    write,
)

_WORTH_SHARING = 2**16  # bytes of weights of which another thread may take half
_PRODUCT, _ATTENTION = 0, 1


@inner()
def _share(y, x, rows, w, desk):
    """y[:rows] += x @ w, of which a thread that has nothing else to do may take half the outputs."""
    job = product(y, x, rows, w)
    first, panels = job[0], job[1]
    if desk.shape[0] == 0 or w.size < _WORTH_SHARING:
        run_product(*job)
        return
    half = panels // 2
    offer(desk, (_PRODUCT, half, panels - half) + job[2:])
    run_product(first, half, *job[2:])
    if take_back(desk):
        run_product(half, panels - half, *job[2:])


@inner()
def _gated_residual(features, rows, hidden, first, second, x, y, desk):
    """features[:rows] (rows, channels) becomes the output of a gated residual of 1x1 layers."""
    channels = features.shape[1]
    for row in range(rows):
        elu(features[row], x[row, :channels])
    put_bias(y, rows, first)
    _share(y, x, rows, first, desk)
    for row in range(rows):
        elu(y[row, :hidden], x[row, :hidden])
    put_bias(y, rows, second)
    _share(y, x, rows, second, desk)
    for row in range(rows):
        add_glu(y[row], features[row])


@inner()
def _pass_residuals(features, local, rows, updates, place, which):
    """A block's causal part: `local` from `features` (takes, C), and what later columns and rows will read.

    `rows` (layers, takes, padded width, C) and `updates` are those of the block, of which `which` is this column's.
    """
    layers, takes = rows.shape[:2]
    for take in range(takes):
        copy(features[take], local[take])
        for layer in range(layers):
            elu(local[take], rows[layer, take, place])
            add(updates[layer, take, which], local[take])


@inner()
def _features_of(recent, window, position, hidden, first, second, x, y, desk):
    """Key or query features (takes x s, channels): a residual of the last channels of recent (takes, s, K)."""
    takes, factor, channels = recent.shape
    for take in range(takes):
        for n in range(factor):
            copy(recent[take, n, channels - window.shape[1] :], window[take * factor + n])
    _gated_residual(window, takes * factor, hidden, first, second, x, y, desk)
    for row in range(takes * factor):
        if position - factor + 1 + row % factor < 0:  # before the first position
            clear(window[row])


@inner()
def _remember(keys, values, window, first, last, memory, y, desk):
    """Keys and values of the times first .. last - 1 (first < 0: there is none), from their key features."""
    takes, channels, _ = keys.shape
    times = last - first
    put_bias(y, takes * times, memory)
    _share(y, window, takes * times, memory, desk)
    for take in range(takes):
        for n in range(max(-first, 0), times):
            for c in range(channels):
                keys[take, c, first + n] = y[take * times + n, c]
                values[take, c, first + n] = y[take * times + n, channels + c]


@inner()
def _attend(keys, values, seen, queries, times, size, first, last, scores):
    """`seen` (takes, A) over the first `times`, in the heads first .. last - 1 of a size, from scaled queries."""
    for take in range(seen.shape[0]):
        for start in range(first * size, last * size, size):
            end = start + size
            head_keys, head_values = keys[take, start:end], values[take, start:end]
            attend(queries[take, start:end], head_keys, head_values, times, scores, seen[take, start:end])


@inner()
def _look_back(keys, values, block, seen, query_window, times, heads, query, scores, y, desk):
    """`seen` (takes, A) over the first `times`, from query features (takes x s, Q)."""
    takes, channels = seen.shape
    size = channels // heads
    scale = np.float32(1) / np.sqrt(np.float32(size))
    put_bias(y, takes, query)
    _share(y, query_window, takes, query, desk)
    for take in range(takes):
        for c in range(channels):
            y[take, c] *= scale
    shared = desk.shape[0] > 0 and 8 * channels * times * takes > _WORTH_SHARING
    half = heads // 2 if shared else heads
    if shared:
        offer(desk, (_ATTENTION, block, times, size, half, heads))
    _attend(keys[block], values[block], seen, y, times, size, 0, half, scores)
    if shared and take_back(desk):
        _attend(keys[block], values[block], seen, y, times, size, half, heads, scores)


@inner()
def _spread(seen, near, far, weights, y, desk):
    """The causal transposed convolution: `seen` (takes, A) goes to the 2 s positions from here on."""
    takes, factor, channels = near.shape
    put_bias(y, takes, weights)
    for take in range(takes):
        for n in range(factor):
            add(far[take, n], y[take, n * channels :])
    _share(y, seen, takes, weights, desk)
    for take in range(takes):
        for n in range(factor):
            copy(y[take, n * channels : (n + 1) * channels], near[take, n])
            copy(y[take, (factor + n) * channels : (factor + n + 1) * channels], far[take, n])


@inner()
def _put_out(features, local, seen, first, auxiliary, second, x, y, desk):
    """A block's last residual: `features` from `local` (takes, C) and `seen` (takes, A)."""
    takes, channels = features.shape
    for take in range(takes):
        elu(local[take], x[take, :channels])
    put_bias(y, takes, first)
    _share(y, x, takes, first, desk)
    for take in range(takes):
        elu(seen[take], x[take, : seen.shape[1]])
    _share(y, x, takes, auxiliary, desk)
    for take in range(takes):
        elu(y[take, :channels], x[take, :channels])
        copy(local[take], features[take])
    put_bias(y, takes, second)
    _share(y, x, takes, second, desk)
    for take in range(takes):
        add_glu(y[take], features[take])


@cached(work_queue, causal_left_conv, matrix_products, vectors)
def help_draw(
    features, hidden, above1, above2, updates, left1, left2, half, x, y, jobs, columns_done, first, last,
    keys, values, seen, queries, scores, desk,
):  # fmt: skip
    """Help the thread that draws the columns first .. last - 1: with halves of what it is at, else by looking left.

    `jobs` are (column, block) in one axis; `columns_done` says of every block how many columns are known.
    """
    blocks = columns_done.shape[0]
    residuals = features.shape[0] // blocks
    job, end = first * blocks, last * blocks
    while read(columns_done, blocks - 1) < last:
        if accept(desk):
            if field(desk, 0) == _PRODUCT:
                run_product(
                    field(desk, 1), field(desk, 2), field(desk, 3), field(desk, 4), field(desk, 5), field(desk, 6),
                    field(desk, 7), field(desk, 8), field(desk, 9), field(desk, 10),
                )  # fmt: skip
            else:
                block, times, size = field(desk, 1), field(desk, 2), field(desk, 3)
                _attend(keys[block], values[block], seen, queries, times, size, field(desk, 4), field(desk, 5), scores)
            hand_back(desk)
            continue
        column, block = job // blocks, job % blocks
        if job < end and first_of_pair(column, block) != column:
            job += 1
        elif job < end and read(columns_done, block) >= column:
            if claim(jobs, job):
                look_left(
                    features, hidden, above1, above2, updates, left1, left2, half, x, y, column, block, residuals
                )  # fmt: skip
                finish(jobs, job)
            job += 1


@cached(work_queue, causal_left_conv, matrix_products, vectors)
def draw_codes(
    weights, caches, scratch, codes, kept, noise, all_logits, jobs, columns_done, desk,
    row, first, last, heads, temperature, top_k, top_p,
):  # fmt: skip
    """Draw the columns first .. last - 1 of a row into codes (takes, height, width) and the caches' own copy.

    The logits go to `all_logits` (takes, height, width, V), unless it has no takes. `jobs` and `columns_done`, zeros
    at the beginning of a row, are what `help_draw` says.
    """
    takes, _, width = codes.shape
    x, y, features, local, seen = scratch.x, scratch.y, scratch.features, scratch.local, scratch.seen
    window, query_window = scratch.window, scratch.query_window
    channels, hidden, outputs = features.shape[1], caches.hidden.shape[3], noise.shape[2]
    blocks, _, factor, _ = caches.recent.shape
    residuals = caches.features.shape[0] // blocks
    zen = weights.spread.shape[1] > 0
    half = caches.codes.shape[1] - codes.shape[1]
    left_tables = weights.tables[weights.tables.shape[0] - half :]
    for column in range(first, last):
        position = row * width + column
        for take in range(takes):
            copy(caches.start[take, column], features[take])
            for n in range(half):
                add(left_tables[n, caches.codes[take, half + row, column + n]], features[take])
        for block in range(blocks):
            layer, next_layer = block * residuals, (block + 1) * residuals
            begins = first_of_pair(column, block)
            if begins == column:
                job = column * blocks + block
                if claim(jobs, job):
                    look_left(
                        caches.features, caches.hidden, caches.above1, caches.above2, scratch.updates,
                        weights.left1, weights.left2, half, x, y, column, block, residuals,
                    )  # fmt: skip
                else:
                    await_done(jobs, job)
            rows, updates = caches.features[layer:next_layer], scratch.updates[layer:next_layer]
            _pass_residuals(features, local, rows, updates, half + column, column - begins)
            write(columns_done, block, column + 1)
            recent = caches.recent[block]
            newest = (position - 1) % factor  # so that it comes last when a window ends
            for take in range(takes):
                latest = recent[take, newest]
                copy(features[take], latest)
                copy(local[take], latest[channels:])
                copy(weights.coordinates[position], latest[2 * channels :])
                if not zen:
                    copy(latest, scratch.pairs[block, take, (position + block) % 2])
            if position % factor == 0:
                time = position // factor
                keys, values = caches.keys[block], caches.values[block]
                if zen or (position + block) % 2:  # full attention does not see this position: two share a reading
                    first_layer, second_layer = weights.key1[block], weights.key2[block]
                    remembered = recent if zen else scratch.pairs[block]
                    start = time if zen else time - 1
                    _features_of(remembered, window, position, channels, first_layer, second_layer, x, y, desk)
                    _remember(keys, values, window, start, time + 1, weights.memory[block], y, desk)
                first_layer, second_layer = weights.query1[block], weights.query2[block]
                _features_of(recent, query_window, position, channels, first_layer, second_layer, x, y, desk)
                query, times = weights.query[block], time + 1 if zen else time
                _look_back(
                    caches.keys, caches.values, block, seen, query_window, times, heads, query, scratch.scores, y, desk
                )  # fmt: skip
                if zen:
                    _spread(seen, caches.near[block], caches.far[block], weights.spread[block], y, desk)
            if zen:
                for take in range(takes):
                    copy(caches.near[block, take, position % factor], seen[take])
            output1, auxiliary = weights.output1[block], weights.auxiliary[block]
            _put_out(features, local, seen, output1, auxiliary, weights.output2[block], x, y, desk)
        to_draw = all_logits.shape[0]
        for take in range(takes):
            to_draw += not kept[take, row, column]
        if to_draw == 0:
            continue
        for layer in range(weights.tail1.shape[0]):
            _gated_residual(features, takes, hidden, weights.tail1[layer], weights.tail2[layer], x, y, desk)
        for take in range(takes):
            elu(features[take], x[take, :channels])
        put_bias(y, takes, weights.logits)
        _share(y, x, takes, weights.logits, desk)
        for take in range(all_logits.shape[0]):
            copy(y[take, :outputs], all_logits[take, row, column])
        for take in range(takes):
            if not kept[take, row, column]:
                logits = y[take, :outputs]
                code = choose(logits, noise[take, column], scratch.scores, temperature, top_k, top_p)
                codes[take, row, column] = code
                caches.codes[take, half + row, half + column] = code
    if last == width:
        for block in range(blocks):
            if first_of_pair(width - 1, block) != width - 1:  # the last column's own has not been found
                layer, next_layer = block * residuals, (block + 1) * residuals
                find_hidden(
                    caches.features[layer:next_layer], caches.hidden[layer:next_layer],
                    caches.above1[layer:next_layer], weights.left1[layer:next_layer], half, x, y, width - 1, width,
                )  # fmt: skip
