"""The weights as compiled code reads them, and the memory it works in."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from foley.sampling.backends.cpu.matrix_products import PANEL, aligned, pack, zeros
from foley.sampling.caches import Caches
from foley.sampling.weights import Weights
from foley.sampling.winograd import filtering


class Layers(NamedTuple):
    """The weights, each with its bias packed for `multiply`; the letters are those of `Weights`."""

    tables: np.ndarray  # (offsets, V + 1, C), plain
    input_bias: np.ndarray  # (C,), plain
    coordinates: np.ndarray  # (height x width, 2), plain
    condition: np.ndarray  # (R, packed)
    above1: np.ndarray  # (R, points, k - 1, packed), with the bias in the first of them
    above2: np.ndarray
    to_points: np.ndarray  # (points, points), plain
    from_points: np.ndarray  # (outputs, points), plain
    left1: np.ndarray  # (R, packed): the taps side by side, as in all below
    left2: np.ndarray
    key1: np.ndarray  # (B, packed)
    key2: np.ndarray
    key_value: np.ndarray  # key and value side by side
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
    attended: np.ndarray  # (takes, A)
    key_input_pairs: np.ndarray  # (B, takes, 2, K): like the caches' `key_inputs`, of two positions, for full attention
    key_features: np.ndarray  # (takes x s, or x 2 for full attention, K)
    query_features: np.ndarray  # (takes x s, Q)
    updates: np.ndarray  # (R, takes, 2, C): of the columns of a pair
    scores: np.ndarray  # (max of T and V,)


def pack_layers(weights: Weights[Tensor]) -> Layers:
    """The weights (on the CPU), packed."""
    w = Weights(*(value.numpy() for value in weights))

    def flat(taps: np.ndarray) -> np.ndarray:
        """(layers, taps, inputs, outputs) with taps and inputs side by side."""
        return taps.reshape(len(taps), -1, taps.shape[-1])

    def above(taps: np.ndarray, bias: np.ndarray) -> np.ndarray:
        """The bias goes to the first of the taps (layers, points, k - 1, inputs, outputs)."""
        biases = np.zeros((*taps.shape[:3], taps.shape[-1]), np.float32)
        biases[:, 0, 0] = bias
        return pack(taps, biases)

    rows = filtering(w.above1.shape[2] + 1)
    blocks, attention, reach, _ = w.spread.shape if w.spread.ndim == 4 else (len(w.key), 0, 0, 0)
    spread_bias = np.concatenate([np.tile(w.spread_bias, reach // 2), np.tile(w.spread_bias * 0, reach // 2)], axis=1)
    return Layers(
        tables=aligned(w.tables),
        input_bias=aligned(w.input_bias),
        coordinates=aligned(w.coordinates),
        condition=pack(w.condition),
        above1=above(w.above1, w.bias1),
        above2=above(w.above2, w.bias2),
        to_points=aligned(rows.to_points),
        from_points=aligned(rows.from_points),
        left1=pack(flat(w.left1)),
        left2=pack(flat(w.left2)),
        key1=pack(w.key1, w.key1_bias),
        key2=pack(w.key2, w.key2_bias),
        key_value=pack(
            np.concatenate([flat(w.key), flat(w.value)], axis=-1),
            np.concatenate([w.key_bias, w.value_bias], axis=-1),
        ),
        query1=pack(w.query1, w.query1_bias),
        query2=pack(w.query2, w.query2_bias),
        query=pack(flat(w.query), w.query_bias),
        spread=pack(w.spread.reshape(blocks, attention, reach * attention), spread_bias),
        output1=pack(w.output1, w.output1_bias),
        auxiliary=pack(w.auxiliary),
        output2=pack(w.output2, w.output2_bias),
        tail1=pack(w.tail1, w.tail1_bias),
        tail2=pack(w.tail2, w.tail2_bias),
        logits=pack(w.logits, w.logits_bias),
    )


def make_scratch(weights: Weights[Tensor], caches: Caches[np.ndarray], codebook_size: int) -> Scratch:
    """Zeros, for weights of these shapes and the takes of these caches."""
    layers, takes, _, channels = caches.features.shape
    hidden, factor, half = caches.hidden.shape[3], caches.key_inputs.shape[2], weights.left1.shape[1]
    key_channels, (query_channels, attention) = weights.key.shape[2], weights.query.shape[2:]
    rows = takes * max(2, factor)
    widest_input = max(half * channels, half * hidden, key_channels)
    widest_output = max(2 * key_channels, hidden, codebook_size, 2 * factor * attention)

    def memory(*shape: int) -> np.ndarray:
        return zeros(shape, np.float32)

    return Scratch(
        x=memory(rows, -(-widest_input // PANEL) * PANEL),
        y=memory(rows, -(-widest_output // PANEL) * PANEL),
        features=memory(takes, channels),
        local=memory(takes, channels),
        attended=memory(takes, attention),
        key_input_pairs=memory(len(caches.key_inputs), takes, 2, key_channels),
        key_features=memory(takes * (factor if factor > 1 else 2), key_channels),
        query_features=memory(takes * factor, query_channels),
        updates=memory(layers, takes, 2, channels),
        scores=memory(max(caches.keys.shape[3], codebook_size)),
    )
