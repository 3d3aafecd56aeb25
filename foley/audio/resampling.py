"""From any sample rate to any other, at a cost that the length of the sound bounds and not the two rates."""

import math

import torch
import torchaudio.functional
from torch import Tensor

MOST_PHASES = 2_000  # of torchaudio's table, which holds a filter for each: a few megabytes


def resample(waveform: Tensor, source_rate: int, sample_rate: int) -> Tensor:
    """A mono waveform (samples,) of `source_rate` Hz at `sample_rate` Hz, as float32.

    torchaudio tabulates one filter for each phase of the reduced ratio: 80 for 44.1 to 24 kHz, but 24,000 filters of
    24,000 taps for 24,001 Hz, gigabytes. Such ratios go to soxr, which interpolates between the filters of a small
    table.
    """
    if source_rate == sample_rate:
        return waveform
    common = math.gcd(source_rate, sample_rate)
    if max(source_rate, sample_rate) // common <= MOST_PHASES:
        return torchaudio.functional.resample(waveform, source_rate, sample_rate)
    import soxr  # needed for odd rates only

    return torch.from_numpy(soxr.resample(waveform.numpy(), source_rate, sample_rate))
