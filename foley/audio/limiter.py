"""A peak limiter that looks ahead: what would clip is turned down for a moment, and all else stays as loud as it is."""

import torch
from torch import Tensor

REACH_S = 0.01  # to either side of a peak: long enough that the crests of a low engine are turned down as one


def limit(waveform: Tensor, ceiling: float, sample_rate: int) -> Tensor:
    """Waveform (samples,) with no sample above `ceiling`; the same where there was none.

    The gain is the least that any peak within 10 ms needs, smoothed over as long: so it is down when the peak comes.
    """
    peaks = waveform.abs()
    if peaks.max() <= ceiling:
        return waveform
    from scipy.ndimage import minimum_filter1d, uniform_filter1d  # imported here: few sounds need it

    needed = (ceiling / peaks.clamp(min=ceiling)).double().numpy()
    size = 2 * round(REACH_S * sample_rate) + 1
    gain = uniform_filter1d(minimum_filter1d(needed, size, mode="nearest"), size, mode="nearest")
    return (waveform * torch.from_numpy(gain)).float().clamp(-ceiling, ceiling)
