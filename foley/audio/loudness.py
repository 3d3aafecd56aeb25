"""Loudness after ITU-R BS.1770-5: K-weighted, in blocks of 400 ms, gated. For mono sound."""

import numpy as np
from scipy.signal import lfilter
from torch import Tensor

BLOCK_S, STEP_S = 0.4, 0.1
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0  # LUFS, and LU below the mean of what passes the first
SILENCE = -70.0


def loudness_lufs(waveform: Tensor, sample_rate: int) -> float:
    """Integrated loudness of a mono waveform (samples,) in LUFS; -70 for what is quieter than that.

    Sounds shorter than a block are measured as one block of their own length.
    """
    weighted = k_weighted(waveform.numpy().astype(np.float64), sample_rate)
    block, step = round(BLOCK_S * sample_rate), round(STEP_S * sample_rate)
    energy = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, max(1, len(weighted) - block + 1), step)
    ends = np.minimum(starts + block, len(weighted))
    power = (energy[ends] - energy[starts]) / np.maximum(ends - starts, 1)
    power = power[_lufs(power) > ABSOLUTE_GATE]
    if not power.size:
        return SILENCE
    power = power[_lufs(power) > _lufs(power.mean()) + RELATIVE_GATE]
    return max(SILENCE, float(_lufs(power.mean())))


def k_weighted(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Samples through the head's high shelf and the high pass of BS.1770, designed for any sample rate."""
    for b, a in (_shelf(sample_rate), _high_pass(sample_rate)):
        samples = lfilter(b, a, samples)
    return samples


def _lufs(power: np.ndarray | float) -> np.ndarray:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-12))


def _shelf(sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    gain, frequency, quality = 3.999843853973347, 1681.974450955533, 0.7071752369554196
    k, high = np.tan(np.pi * frequency / sample_rate), 10 ** (gain / 20)
    middle = high**0.4996667741545416
    scale = 1 + k / quality + k * k
    b = np.array([high + middle * k / quality + k * k, 2 * (k * k - high), high - middle * k / quality + k * k])
    return b / scale, np.array([1, 2 * (k * k - 1) / scale, (1 - k / quality + k * k) / scale])


def _high_pass(sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    frequency, quality = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * frequency / sample_rate)
    scale = 1 + k / quality + k * k
    return np.array([1.0, -2.0, 1.0]), np.array([1, 2 * (k * k - 1) / scale, (1 - k / quality + k * k) / scale])
