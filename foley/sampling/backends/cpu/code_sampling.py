"""Sampling the codes of a row, one by one, by one thread or by two that share what is to be read."""

from typing import NamedTuple

import numpy as np

from foley.sampling.backends.cpu import (
    cached_attention,
    causal_left_conv,
    matrix_products,
    shared_products,
    vectors,
    work_queue,
)
from foley.sampling.backends.cpu.cached_attention import (
    AttentionArrays,
    append_keys_and_values,
    attend_stolen_heads,
    key_or_query_features,
    spread_coarse_result,
)
from foley.sampling.backends.cpu.causal_left_conv import LeftConvs, compute_hidden, first_of_pair
from foley.sampling.backends.cpu.compiled import cached, inner
from foley.sampling.backends.cpu.matrix_products import put_bias
from foley.sampling.backends.cpu.shared_products import (
    PRODUCT,
    add_product,
    gated_residual,
    run_stolen_product,
    write_output,
)
from foley.sampling.backends.cpu.vectors import add, choose_code, copy, elu
from foley.sampling.backends.cpu.work_queue import acquire, await_done, finish, kind_of, read, release, steal, write

MODULES = (work_queue, shared_products, cached_attention, causal_left_conv, matrix_products, vectors)


class CodeGrid(NamedTuple):
    """The codes that are sampled, and what decides them beside the logits."""

    codes: np.ndarray  # (takes, height, width) int64
    keep: np.ndarray  # (takes, height, width) bool: True where a code is there and stays
    noise: np.ndarray  # (takes, width, V): of this row
    guidance: np.ndarray  # (takes, width, V): added to this row's logits; or of no takes where there is none
    logits: np.ndarray  # (takes, height, width, V), or of no takes where nobody wants them


class ChoiceSettings(NamedTuple):
    """`SamplingSettings` in the types of compiled code."""

    temperature: np.float32
    top_k: int
    top_p: float


class HelperMemory(NamedTuple):
    """Working memory of the thread that helps."""

    x: np.ndarray
    y: np.ndarray
    scores: np.ndarray


@cached(*MODULES)
def help_sampling(convs, attention, memory, queue, taps, first, last):
    """Help the thread that samples the columns first .. last - 1: with halves of its products and attention, and when
    there are none, with the causal convolutions of columns that it has not reached yet.

    Args:
        convs, attention, queue: shared with that thread, `LeftConvs`, `AttentionArrays` and `WorkQueue`.
        memory: this thread's own, `HelperMemory`.
        taps: how many columns to the left a convolution reads.
        first, last: columns.
    """
    blocks = queue.columns_done.shape[0]
    residuals = convs.features.shape[0] // blocks
    job, end = first * blocks, last * blocks
    while read(queue.columns_done, blocks - 1) < last:
        if steal(queue.slot):
            if kind_of(queue.slot) == PRODUCT:
                run_stolen_product(queue.slot)
            else:
                attend_stolen_heads(attention, queue.slot, memory.scores)
            release(queue.slot)
            continue
        column, block = job // blocks, job % blocks
        if job < end and first_of_pair(column, block) != column:
            job += 1
        elif job < end and read(queue.columns_done, block) >= column:
            if acquire(queue.claims, job):
                causal_left_conv.causal_left_conv(convs, taps, memory.x, memory.y, column, block, residuals)
                finish(queue.claims, job)
            job += 1


@inner()
def _apply_updates(features, local, newest_rows, updates, place, which):
    """A block's causal part: `local` from `features` (takes, C), and what later columns and rows will read.

    `newest_rows` (layers, takes, padded width, C) and `updates` are those of the block, of which `which` is this
    column's.
    """
    layers, takes = newest_rows.shape[:2]
    for take in range(takes):
        copy(features[take], local[take])
        for layer in range(layers):
            elu(local[take], newest_rows[layer, take, place])
            add(updates[layer, take, which], local[take])


@inner(forceinline=True)
def _start_code(features, caches, tables, taps, row, column):
    """features (takes, C): the input layer at a column, from the codes to its left and what the row began with."""
    for take in range(features.shape[0]):
        copy(caches.start[take, column], features[take])
        for n in range(taps):
            add(tables[n, caches.codes[take, taps + row, column + n]], features[take])


@inner(forceinline=True)
def _run_causal_part(weights, caches, scratch, queue, taps, column, block):
    """A block's causal residual blocks at a column: `scratch.local` from `scratch.features`."""
    blocks = queue.columns_done.shape[0]
    residuals = caches.features.shape[0] // blocks
    begins = first_of_pair(column, block)
    if begins == column:
        job = column * blocks + block
        if acquire(queue.claims, job):
            convs = LeftConvs(
                caches.features, caches.hidden, caches.above1, caches.above2, scratch.updates, weights.left1,
                weights.left2,
            )  # fmt: skip
            causal_left_conv.causal_left_conv(convs, taps, scratch.x, scratch.y, column, block, residuals)
        else:
            await_done(queue.claims, job)
    layer, next_layer = block * residuals, (block + 1) * residuals
    newest_rows, updates = caches.features[layer:next_layer], scratch.updates[layer:next_layer]
    _apply_updates(scratch.features, scratch.local, newest_rows, updates, taps + column, column - begins)
    write(queue.columns_done, block, column + 1)


@inner(forceinline=True)
def _run_attention(weights, caches, scratch, slot, position, block, heads):
    """A block's attention at a position: `scratch.attended` from `scratch.features` and `scratch.local`."""
    takes, channels = scratch.features.shape
    factor, zen = caches.key_inputs.shape[2], weights.spread.shape[1] > 0
    key_inputs, x, y = caches.key_inputs[block], scratch.x, scratch.y
    newest = (position - 1) % factor  # so that it comes last when a window ends
    for take in range(takes):
        latest = key_inputs[take, newest]
        copy(scratch.features[take], latest)
        copy(scratch.local[take], latest[channels:])
        copy(weights.coordinates[position], latest[2 * channels :])
        if not zen:
            copy(latest, scratch.key_input_pairs[block, take, (position + block) % 2])
    if position % factor == 0:
        time = position // factor
        if zen or (position + block) % 2:  # full attention does not see this position: two share a reading
            inputs = key_inputs if zen else scratch.key_input_pairs[block]
            key_or_query_features(
                inputs, scratch.key_features, position, channels, weights.key1[block], weights.key2[block], x, y, slot
            )
            append_keys_and_values(
                caches.keys[block], caches.values[block], scratch.key_features, time if zen else time - 1, time + 1,
                weights.key_value[block], y, slot,
            )  # fmt: skip
        key_or_query_features(
            key_inputs, scratch.query_features, position, channels, weights.query1[block], weights.query2[block], x, y,
            slot,
        )  # fmt: skip
        arrays = AttentionArrays(caches.keys, caches.values, y, scratch.attended)
        cached_attention.cached_attention(
            arrays, block, time + 1 if zen else time, heads, scratch.query_features, weights.query[block],
            scratch.scores, slot,
        )  # fmt: skip
        if zen:
            spread_coarse_result(
                scratch.attended, caches.spread_now[block], caches.spread_next[block], weights.spread[block], y, slot
            )
    if zen:
        for take in range(takes):
            copy(caches.spread_now[block, take, position % factor], scratch.attended[take])


@inner(forceinline=True)
def _choose_codes(weights, caches, scratch, grid, slot, taps, row, column, choice):
    """The codes of a column, unless all takes keep theirs and nobody wants the logits."""
    features, x, y = scratch.features, scratch.x, scratch.y
    takes, channels = features.shape
    hidden, outputs = caches.hidden.shape[3], grid.noise.shape[2]
    wanted = grid.logits.shape[0]
    for take in range(takes):
        wanted += not grid.keep[take, row, column]
    if wanted == 0:
        return
    for layer in range(weights.tail1.shape[0]):
        gated_residual(features, takes, hidden, weights.tail1[layer], weights.tail2[layer], x, y, slot)
    for take in range(takes):
        elu(features[take], x[take, :channels])
    put_bias(y, takes, weights.logits)
    add_product(y, x, takes, weights.logits, slot)
    for take in range(grid.logits.shape[0]):
        copy(y[take, :outputs], grid.logits[take, row, column])
    for take in range(takes):
        if not grid.keep[take, row, column]:
            logits, noise = y[take, :outputs], grid.noise[take, column]
            if grid.guidance.shape[0] > 0:
                add(grid.guidance[take, column], logits)
            code = choose_code(logits, noise, scratch.scores, choice.temperature, choice.top_k, choice.top_p)
            grid.codes[take, row, column] = code
            caches.codes[take, taps + row, taps + column] = code


@cached(*MODULES)
def sample_codes(weights, caches, scratch, grid, queue, row, first, last, heads, choice):
    """Sample the columns first .. last - 1 of a row into `grid.codes` and the caches' own copy.

    Args:
        weights: packed, `Layers`.
        caches: `Caches` of these takes.
        scratch: working memory, `Scratch`.
        grid: codes, which of them stay, noise, guidance, and logits where they are wanted, `CodeGrid`.
        queue: shared with a thread that helps, `WorkQueue`; empty at the beginning of a row.
        row, first, last: which columns of which row.
        heads: of attention.
        choice: `ChoiceSettings`.
    """
    width = grid.codes.shape[2]
    features, local = scratch.features, scratch.local
    blocks = caches.key_inputs.shape[0]
    residuals = caches.features.shape[0] // blocks
    taps = caches.codes.shape[1] - grid.codes.shape[1]
    left_tables = weights.tables[weights.tables.shape[0] - taps :]
    for column in range(first, last):
        _start_code(features, caches, left_tables, taps, row, column)
        for block in range(blocks):
            _run_causal_part(weights, caches, scratch, queue, taps, column, block)
            _run_attention(weights, caches, scratch, queue.slot, row * width + column, block, heads)
            write_output(
                features, local, scratch.attended, weights.output1[block], weights.auxiliary[block],
                weights.output2[block], scratch.x, scratch.y, queue.slot,
            )  # fmt: skip
        _choose_codes(weights, caches, scratch, grid, queue.slot, taps, row, column, choice)
    if last == width:
        for block in range(blocks):
            if first_of_pair(width - 1, block) != width - 1:  # the last column's own has not been computed
                layer, next_layer = block * residuals, (block + 1) * residuals
                compute_hidden(
                    caches.features[layer:next_layer], caches.hidden[layer:next_layer],
                    caches.above1[layer:next_layer], weights.left1[layer:next_layer], taps, scratch.x, scratch.y,
                    width - 1, width,
                )  # fmt: skip
