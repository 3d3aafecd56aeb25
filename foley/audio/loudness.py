"""Loudness after ITU-R BS.1770-5 and EBU Tech 3341 and 3342: K-weighted, in blocks, gated. For mono sound."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

BLOCK_S, STEP_S = 0.4, 0.1
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0  # LUFS, and LU below the mean of what passes the first
SILENCE = -70.0
NEARLY_SILENT_LUFS, NEARLY_SILENT_DBFS = -55.0, -45.0  # below either of them a sound is as good as none
SHORT_TERM_S = 3.0
RANGE_GATE, RANGE_PERCENTILES = -20.0, (10, 95)  # LU below the mean of what passes the absolute gate
OVERSAMPLING = 4  # of BS.1770's true peak


class Loudness(NamedTuple):
    """What a broadcaster asks of a sound. What needs longer sound than there is, is None."""

    integrated_lufs: float
    range_lu: float | None
    true_peak_dbtp: float
    momentary_lufs: float  # the loudest 400 ms
    short_term_lufs: float | None  # the loudest 3 s


def measured(waveform: Tensor, sample_rate: int) -> Loudness:
    """Every figure of a mono waveform (samples,)."""
    weighted = k_weighted(waveform.numpy().astype(np.float64), sample_rate)
    long_enough = len(weighted) >= round(SHORT_TERM_S * sample_rate)
    short_term = _lufs(_block_powers(weighted, sample_rate, SHORT_TERM_S)) if long_enough else None
    return Loudness(
        integrated_lufs=loudness_lufs(waveform, sample_rate),
        range_lu=None if short_term is None else _range(short_term),
        true_peak_dbtp=true_peak_dbtp(waveform, sample_rate),
        momentary_lufs=max(SILENCE, float(_lufs(_block_powers(weighted, sample_rate, BLOCK_S)).max())),
        short_term_lufs=None if short_term is None else max(SILENCE, float(short_term.max())),
    )


def true_peak_dbtp(waveform: Tensor, sample_rate: int) -> float:
    """The highest point between samples, too, of a mono waveform (samples,), in dB below full scale."""
    from scipy.signal import resample_poly

    samples = waveform.numpy().astype(np.float64)
    factor = OVERSAMPLING if sample_rate < 96_000 else OVERSAMPLING // 2
    peak = max(np.abs(samples).max(initial=0.0), np.abs(resample_poly(samples, factor, 1)).max(initial=0.0))
    return 20 * float(np.log10(max(peak, 1e-10)))


def loudness_lufs(waveform: Tensor, sample_rate: int) -> float:
    """Integrated loudness of a mono waveform (samples,) in LUFS; -70 for what is quieter than that.

    Sounds shorter than a block are measured as one block of their own length.
    """
    power = _block_powers(k_weighted(waveform.numpy().astype(np.float64), sample_rate), sample_rate, BLOCK_S)
    power = power[_lufs(power) > ABSOLUTE_GATE]
    if not power.size:
        return SILENCE
    power = power[_lufs(power) > _lufs(power.mean()) + RELATIVE_GATE]
    return max(SILENCE, float(_lufs(power.mean())))


def is_nearly_silent(loudness: float, peak_dbfs: float) -> bool:
    """Whether a sound of that loudness in LUFS and that peak is as good as none."""
    return loudness < NEARLY_SILENT_LUFS or peak_dbfs < NEARLY_SILENT_DBFS


def k_weighted(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Samples through the head's high shelf and the high pass of BS.1770, designed for any sample rate."""
    from scipy.signal import lfilter  # imported where it is used: it takes most of a second

    for b, a in (_shelf(sample_rate), _high_pass(sample_rate)):
        samples = np.asarray(lfilter(b, a, samples))
    return samples


def _block_powers(weighted: np.ndarray, sample_rate: int, block_s: float) -> np.ndarray:
    """Mean powers (blocks,) of blocks that begin every 100 ms; of a sound that is shorter than one, of all of it."""
    block, step = round(block_s * sample_rate), round(STEP_S * sample_rate)
    energy = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, max(1, len(weighted) - block + 1), step)
    ends = np.minimum(starts + block, len(weighted))
    return (energy[ends] - energy[starts]) / np.maximum(ends - starts, 1)


def _range(short_term: np.ndarray) -> float:
    """Loudness range of EBU Tech 3342 from short-term loudness (blocks,), in LU."""
    power = 10 ** (short_term[short_term > ABSOLUTE_GATE] / 10)
    if not power.size:
        return 0.0
    levels = 10 * np.log10(power)
    low, high = np.percentile(levels[levels > 10 * np.log10(power.mean()) + RANGE_GATE], RANGE_PERCENTILES)
    return float(high - low)


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
