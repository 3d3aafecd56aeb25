"""Are a sound's attacks sharp and its grains apart? Measured on the envelope of 3 to 11 kHz in steps of 1 ms."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

LOW_HZ, HIGH_HZ = 3_000.0, 11_000.0
BLOCK_S = 0.001
RISE_BLOCKS = 4  # before a peak, in which it rises
APART_BLOCKS = 50  # to either side: a peak is the highest of 100 ms
PEAK_RANGE_DB = 20.0  # below the highest peak
FLOOR_DB = -100.0  # below full scale
LOUDEST_BLOCKS = 1000  # the loudest second
LEAST_EXCESS = 0.1  # of the kurtosis: below, it is chance


class Crispness(NamedTuple):
    """The crispness of a waveform, NaN where there is nothing to measure.

    `rise` is how many dB the envelope rises in the 4 ms before its peaks, mean over the peaks of the sound.
    `log_kurtosis` is the natural logarithm of the excess kurtosis of 3 to 11 kHz in the loudest second, at least -2.3:
    the higher, the fewer drops or clicks hold the energy; hiss has the least.
    """

    rise: float
    log_kurtosis: float


def crispness(waveform: Tensor, sample_rate: int) -> Crispness:
    """The crispness of (samples,) at `sample_rate` Hz."""
    band = _band(waveform.float(), sample_rate)
    block = round(BLOCK_S * sample_rate)
    power = band[: band.shape[0] // block * block].unflatten(0, (-1, block)).square().mean(dim=1)
    if len(power) <= RISE_BLOCKS or power.max() < 10 ** (FLOOR_DB / 10):
        return Crispness(math.nan, math.nan)
    return Crispness(_rise(power), _log_kurtosis(band, power, block))


def _rise(power: Tensor) -> float:
    """The mean rise in dB before the peaks of a power (blocks,)."""
    level = 10 * power.clamp(min=10 ** (FLOOR_DB / 10)).log10()
    highest = F.max_pool1d(level[None], 2 * APART_BLOCKS + 1, stride=1, padding=APART_BLOCKS)[0]
    peaks = ((level == highest) & (level > level.max() - PEAK_RANGE_DB)).nonzero().flatten()
    peaks = peaks[peaks >= RISE_BLOCKS]
    if not len(peaks):
        return math.nan
    return float((level[peaks] - level[peaks - RISE_BLOCKS]).mean())


def _log_kurtosis(band: Tensor, power: Tensor, block: int) -> float:
    """The log excess kurtosis of the loudest second of a band-passed sound (samples,), at least -2.3."""
    size = min(LOUDEST_BLOCKS, len(power))
    energy = F.pad(power.double().cumsum(0), (1, 0))
    first = int((energy[size:] - energy[: len(energy) - size]).argmax())
    loudest = band[first * block : (first + size) * block].double()
    kurtosis = loudest.pow(4).mean() / loudest.square().mean().square().clamp(min=1e-30)
    return float((kurtosis - 3).clamp(min=LEAST_EXCESS).log())


def _band(waveform: Tensor, sample_rate: int) -> Tensor:
    """The waveform (samples,) between 3 and 11 kHz."""
    spectrum = torch.fft.rfft(waveform)
    frequency = torch.fft.rfftfreq(waveform.shape[0], 1 / sample_rate)
    return torch.fft.irfft(spectrum * ((frequency >= LOW_HZ) & (frequency <= HIGH_HZ)), waveform.shape[0])
