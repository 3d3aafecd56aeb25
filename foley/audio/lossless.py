"""Lossless compression of 16-bit clips with what numpy, numba and Python's lzma read anywhere.

A sample is predicted from the one before it and by two normalised LMS filters in a row (as in Monkey's Audio): the
first learns the differences between samples, the second what the first leaves. Decoder and encoder adapt alike, in
whole numbers, so no coefficients are stored. What the prediction misses goes to LZMA, high and low bytes apart.
About as small as FLAC at its best, which needs a decoder that machines for training do not have.
"""

import lzma

import numpy as np
from numba import njit

ORDERS = (16, 8)  # taps of the two filters
BITS = 20  # of a weight's fraction
STEPS = (15_729, 31_457)  # of the filters, in 2 ** -BITS of the step that would cancel the error at once
_FILTERS = {
    plane: [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": lc, "lp": 0, "pb": 0, "dict_size": 2**23}]
    for plane, lc in (("high", 3), ("low", 0))
}


def compress(clips: np.ndarray) -> tuple[bytes, bytes]:
    """Clips (clips, samples) int16 as two compressed strings: of the residuals' high and of their low bytes."""
    residuals = np.stack([_code(clip, False) for clip in np.ascontiguousarray(clips)])
    words = ((residuals << 1) ^ (residuals >> 15)).view(np.uint16)  # zigzag: the sign goes to the lowest bit
    high, low = (words >> 8).astype(np.uint8), words.astype(np.uint8)
    return (
        lzma.compress(high.tobytes(), lzma.FORMAT_RAW, filters=_FILTERS["high"]),
        lzma.compress(low.tobytes(), lzma.FORMAT_RAW, filters=_FILTERS["low"]),
    )


def decompress(high: bytes, low: bytes, shape: tuple[int, int]) -> np.ndarray:
    """The inverse of `compress`, clips (clips, samples) int16. Raises ValueError for anything else than its strings."""
    size = shape[0] * shape[1]
    planes = []
    for data, plane in ((high, "high"), (low, "low")):
        try:
            decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS[plane])
            planes.append(np.frombuffer(decoder.decompress(data, max_length=size), np.uint8))
        except (lzma.LZMAError, EOFError):
            planes.append(np.zeros(0, np.uint8))
    if any(len(plane) != size for plane in planes):
        raise ValueError("The compressed clips are damaged.")
    words = (planes[0].astype(np.uint16) << 8) | planes[1]
    residuals = ((words >> 1) ^ -(words & 1)).view(np.int16).reshape(shape)
    return np.stack([_code(residual, True) for residual in residuals])


@njit(nogil=True)
def _code(values: np.ndarray, decode: bool) -> np.ndarray:
    """Samples (samples,) int16 as residuals, or with `decode` residuals as samples; both wrap around at 16 bits."""
    out, before = np.empty_like(values), 0
    first, second = np.zeros(len(values) + ORDERS[0], np.int64), np.zeros(len(values) + ORDERS[1], np.int64)
    first_weights, second_weights = np.zeros(ORDERS[0], np.int64), np.zeros(ORDERS[1], np.int64)
    first_power, second_power = 0, 0
    for t in range(len(values)):
        difference = _predicted(first_weights, first, t)
        correction = _predicted(second_weights, second, t)
        predicted = before + difference + correction
        if decode:
            sample = np.int64(np.int16(predicted + values[t]))
            out[t] = sample
        else:
            sample = np.int64(values[t])
            out[t] = np.int16(sample - predicted)
        missed = sample - before - difference
        first_power = _adapt(first_weights, first, t, missed, STEPS[0], first_power)
        second_power = _adapt(second_weights, second, t, missed - correction, STEPS[1], second_power)
        first[t + ORDERS[0]], second[t + ORDERS[1]] = sample - before, missed
        first_power += (sample - before) ** 2
        second_power += missed**2
        before = sample
    return out


@njit(nogil=True)
def _predicted(weights: np.ndarray, history: np.ndarray, t: int) -> int:
    total = 0
    for tap in range(len(weights)):
        total += weights[tap] * history[t + tap]
    return total >> BITS


@njit(nogil=True)
def _adapt(weights: np.ndarray, history: np.ndarray, t: int, error: int, step: int, power: int) -> int:
    """One step of normalised LMS in place. Returns the power of the history without its oldest value."""
    gain = (error * step << 16) // (power + 64)
    for tap in range(len(weights)):
        weights[tap] += gain * history[t + tap] >> 16
    return power - history[t] ** 2
