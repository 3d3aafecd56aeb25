"""Where sounds begin and how loud they are: onsets to the sample, and levels over time, of a waveform.

An onset is where the level rises by 9 dB within 12 ms to within reach of what surrounds it.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

BLOCK_S = 0.002
RISE_BLOCKS = 6  # 12 ms: within which an onset has to rise
LEAST_RISE_DB = 9.0
RANGE_DB = 36.0  # below the loudest moment: what lies deeper is background
SHORTEST_GAP_S = 0.06  # between two onsets: heel and toe are one step
PEAK_REACH_S = 0.04  # in which an onset reaches its peak
START_SHARE = 0.2  # of that peak, reached for the first time: the onset's sample
QUIETEST_DB = -60.0  # the bottom of levels over time: silence


@dataclass(frozen=True)
class Onset:
    """`sample` at which a sound begins, and the level in dBFS (RMS of 5 blocks, 10 ms) that it rises to."""

    sample: int
    level_db: float


def find_onsets(
    waveform: Tensor, sample_rate: int, gap_s: float = SHORTEST_GAP_S, least_rise_db: float = LEAST_RISE_DB
) -> list[Onset]:
    """The onsets of a mono waveform (samples,), in the order of their times."""
    from scipy.ndimage import maximum_filter1d  # imported here: the page opens without it

    samples = waveform.detach().cpu().numpy().astype(np.float64)
    block = max(1, round(BLOCK_S * sample_rate))
    count = len(samples) // block
    if count < 2 * RISE_BLOCKS or not np.abs(samples).max() > 1e-4:
        return []
    power = np.square(samples[: count * block]).reshape(count, block).mean(axis=1)
    smooth = np.convolve(power, np.ones(5) / 5, mode="same")
    level = 10 * np.log10(np.maximum(smooth, 1e-10))
    before = np.concatenate([np.full(RISE_BLOCKS, level.min() - LEAST_RISE_DB), level[:-RISE_BLOCKS]])
    rise = level - before
    floor = level.max() - RANGE_DB
    gap = max(1, round(gap_s * sample_rate / block))
    is_peak = (maximum_filter1d(rise, 2 * RISE_BLOCKS + 1, mode="nearest") == rise) & (rise >= least_rise_db)
    reach = max(1, round(PEAK_REACH_S * sample_rate))
    onsets: list[Onset] = []
    is_loud = maximum_filter1d(level, 2 * RISE_BLOCKS + 1, mode="nearest") > floor
    for number in np.flatnonzero(is_peak & is_loud).tolist():
        first = max(0, (number - 2 * RISE_BLOCKS) * block)
        window = np.abs(samples[first : first + 3 * RISE_BLOCKS * block + reach])
        peak = window[: 2 * RISE_BLOCKS * block + reach].max()
        start = first + int(np.argmax(window >= START_SHARE * peak))
        loudest = float(level[number : number + reach // block + 1].max())
        if loudest < floor:
            continue
        if onsets and start - onsets[-1].sample < gap * block:
            if loudest > onsets[-1].level_db + LEAST_RISE_DB:  # a hit right after a mere scrape
                onsets[-1] = Onset(start, loudest)
            continue
        onsets.append(Onset(start, loudest))
    return onsets


def levels_db(waveform: Tensor, sample_rate: int, rate: float) -> np.ndarray:
    """The RMS level of a mono waveform (samples,) in dBFS, `rate` times a second, -60 at least: (levels,)."""
    samples = np.square(waveform.detach().cpu().numpy().astype(np.float64))
    count = max(1, int(np.ceil(len(samples) * rate / sample_rate - 1e-9)))
    edges = np.minimum(np.round(np.arange(count + 1) * sample_rate / rate).astype(int), len(samples))
    total = np.concatenate([[0.0], np.cumsum(samples)])
    power = (total[edges[1:]] - total[edges[:-1]]) / np.maximum(1, np.diff(edges))
    return np.maximum(QUIETEST_DB, 10 * np.log10(np.maximum(power, 1e-12)))
