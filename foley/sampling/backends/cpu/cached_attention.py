"""Attention over cached keys and values: appending new ones, attending to the old ones, spreading coarse results."""

from typing import NamedTuple

import numpy as np

from foley.sampling.backends.cpu.compiled import inner
from foley.sampling.backends.cpu.matrix_products import put_bias
from foley.sampling.backends.cpu.shared_products import ATTENTION, WORTH_SHARING, add_product, gated_residual
from foley.sampling.backends.cpu.vectors import add, attend, clear, copy
from foley.sampling.backends.cpu.work_queue import numbers_of, publish, reclaim


class AttentionArrays(NamedTuple):
    """What both threads read and write when they share the heads of an attention."""

    keys: np.ndarray  # (B, takes, A, T)
    values: np.ndarray  # (B, takes, A, T)
    queries: np.ndarray  # (takes, at least A), scaled
    attended: np.ndarray  # (takes, A): the result


class Heads(NamedTuple):
    """Some heads of the attention of a block, over the first times: a job for either thread."""

    block: int
    times: int
    size: int  # channels of a head
    first: int
    last: int


@inner(forceinline=True)
def key_or_query_features(key_inputs, features, position, hidden, weights1, weights2, x, y, slot):
    """features (takes x s, channels): a gated residual of the last channels of key_inputs (takes, s, K).

    Args:
        key_inputs: the newest s positions, see `Caches`.
        features: the output.
        position: of the code that is sampled; positions before the first one give zeros.
        hidden: channels between the layers of the residual.
        weights1, weights2: packed weights of its layers.
        x, y: working memory.
        slot: where the other thread finds work.
    """
    takes, factor, channels = key_inputs.shape
    for take in range(takes):
        for n in range(factor):
            copy(key_inputs[take, n, channels - features.shape[1] :], features[take * factor + n])
    gated_residual(features, takes * factor, hidden, weights1, weights2, x, y, slot)
    for row in range(takes * factor):
        if position - factor + 1 + row % factor < 0:  # before the first position
            clear(features[row])


@inner(forceinline=True)
def append_keys_and_values(keys, values, key_features, first, last, weights, y, slot):
    """Keys and values of the times first .. last - 1 (first < 0: there is none), from their features.

    Args:
        keys, values: the caches of a block, (takes, A, T).
        key_features: see `key_or_query_features`.
        first, last: times.
        weights: packed, of key and value side by side.
        y: working memory.
        slot: where the other thread finds work.
    """
    takes, channels, _ = keys.shape
    times = last - first
    put_bias(y, takes * times, weights)
    add_product(y, key_features, takes * times, weights, slot)
    for take in range(takes):
        for n in range(max(-first, 0), times):
            for c in range(channels):
                keys[take, c, first + n] = y[take * times + n, c]
                values[take, c, first + n] = y[take * times + n, channels + c]


@inner(forceinline=True)
def _attend_heads(arrays, heads, scores):
    """What some heads find, for every take."""
    keys, values = arrays.keys[heads.block], arrays.values[heads.block]
    for take in range(arrays.attended.shape[0]):
        for start in range(heads.first * heads.size, heads.last * heads.size, heads.size):
            end = start + heads.size
            query, result = arrays.queries[take, start:end], arrays.attended[take, start:end]
            attend(query, keys[take, start:end], values[take, start:end], heads.times, scores, result)


@inner(forceinline=True)
def attend_stolen_heads(arrays, slot, scores):
    """Do the heads that this thread stole."""
    _attend_heads(arrays, Heads(*numbers_of(slot, 5)), scores)


@inner(forceinline=True)
def cached_attention(arrays, block, times, heads, query_features, weights, scores, slot):
    """`arrays.attended` (takes, A) over the first `times`, from query features (takes x s, Q).

    Args:
        arrays: of all blocks; `queries` are written here.
        block: which block of the prior.
        times: how many keys are visible.
        heads: how many.
        query_features: see `key_or_query_features`.
        weights: packed, of the query.
        scores: working memory (at least T,).
        slot: where the other thread finds half the heads.
    """
    takes, channels = arrays.attended.shape
    queries, size = arrays.queries, channels // heads
    scale = np.float32(1) / np.sqrt(np.float32(size))
    put_bias(queries, takes, weights)
    add_product(queries, query_features, takes, weights, slot)
    for take in range(takes):
        for c in range(channels):
            queries[take, c] *= scale
    shared = slot.shape[0] > 0 and 8 * channels * times * takes > WORTH_SHARING
    half = heads // 2 if shared else heads
    other = Heads(block, times, size, half, heads)
    if shared:
        publish(slot, ATTENTION, other)
    _attend_heads(arrays, Heads(block, times, size, 0, half), scores)
    if shared and reclaim(slot):
        _attend_heads(arrays, other, scores)


@inner(forceinline=True)
def spread_coarse_result(attended, spread_now, spread_next, weights, y, slot):
    """The causal transposed convolution of zen attention: `attended` (takes, A) goes to the 2 s positions from here on.

    Args:
        attended: the result of a coarse query.
        spread_now, spread_next: (takes, s, A): what the s positions from here on and the s after them get.
        weights: packed.
        y: working memory.
        slot: where the other thread finds work.
    """
    takes, factor, channels = spread_now.shape
    put_bias(y, takes, weights)
    for take in range(takes):
        for n in range(factor):
            add(spread_next[take, n], y[take, n * channels :])
    add_product(y, attended, takes, weights, slot)
    for take in range(takes):
        for n in range(factor):
            copy(y[take, n * channels : (n + 1) * channels], spread_now[take, n])
            copy(y[take, (factor + n) * channels : (factor + n + 1) * channels], spread_next[take, n])
