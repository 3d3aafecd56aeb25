"""Has a sound a pitch? How far lines stand out of its spectrum, and how like itself it is a period later.

Distances between embeddings are nearly deaf to this: a bark of shaped noise is as near to barks as one with a voice.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

FRAME_S = 0.085
HOP_S = FRAME_S / 4
LOUD_DB = 20.0  # below the loudest frame; what lies deeper is room and not voice
SILENT_DB = -60.0  # dBFS: no frame below counts
BAND_HZ = 375.0
HIGHEST_HZ = 9_000.0  # above, recordings of the corpus are often empty
SHORTEST_S, LONGEST_S = 0.001, 0.016  # periods of 1,000 to 62 Hz
VOICED = 0.5  # height of the autocorrelation's peak


class Tone(NamedTuple):
    """The tone of a waveform, NaN where it is silent.

    `flatness` is geometric over arithmetic mean of the power's bins in bands of 375 Hz, weighted by the bands' power:
    about 0.55 for noise, near 0 for lines. `periodicity` is the height, at most 1, of the autocorrelation's highest
    peak between 1 and 16 ms. Both are means over the loud frames. `voiced` is 1 where the periodicity exceeds 0.5.
    """

    flatness: float
    periodicity: float
    voiced: float


def tone(waveform: Tensor, sample_rate: int) -> Tone:
    """The tone of (samples,) at `sample_rate` Hz."""
    frames = _loud_frames(waveform.float(), sample_rate)
    if not len(frames):
        return Tone(math.nan, math.nan, math.nan)
    window = torch.hann_window(frames.shape[1])
    frames = (frames - frames.mean(dim=1, keepdim=True)) * window
    periodicity = float(_periodicity(frames, window, sample_rate).mean())
    return Tone(float(_flatness(frames, sample_rate).mean()), periodicity, float(periodicity > VOICED))


def _loud_frames(waveform: Tensor, sample_rate: int) -> Tensor:
    """Frames (frames, samples) of 85 ms, those that are loud."""
    length, hop = round(FRAME_S * sample_rate), round(HOP_S * sample_rate)
    if waveform.shape[0] < length:
        waveform = torch.nn.functional.pad(waveform, (0, length - waveform.shape[0]))
    frames = waveform.unfold(0, length, hop)
    levels = 10 * (frames.square().mean(dim=1) + 1e-12).log10()
    return frames[(levels > levels.max() - LOUD_DB) & (levels > SILENT_DB)]


def _flatness(frames: Tensor, sample_rate: int) -> Tensor:
    """(frames,): the flatness in bands of 375 Hz of windowed frames (frames, samples), weighted by their power."""
    power = torch.fft.rfft(frames).abs().square() + 1e-12
    width = max(2, round(BAND_HZ * frames.shape[1] / sample_rate))
    bins = min(power.shape[1], round(HIGHEST_HZ * frames.shape[1] / sample_rate))
    bands = power[:, : bins // width * width].unflatten(1, (-1, width))
    means = bands.mean(dim=2)
    return (bands.log().mean(dim=2).exp()).sum(dim=1) / means.sum(dim=1)


def _periodicity(frames: Tensor, window: Tensor, sample_rate: int) -> Tensor:
    """(frames,): the highest peak of the autocorrelation between 1 and 16 ms, the window's own fall taken off."""
    correlations = _autocorrelation(frames) / _autocorrelation(window[None])
    low, high = round(SHORTEST_S * sample_rate), round(LONGEST_S * sample_rate)
    here = correlations[:, low:high]
    before, after = correlations[:, low - 1 : high - 1], correlations[:, low + 1 : high + 1]
    # a peak, and not the slope that a low sound has beside lag 0
    return torch.where((here >= before) & (here >= after), here, 0.0).amax(dim=1).clamp(0, 1)


def _autocorrelation(frames: Tensor) -> Tensor:
    length = frames.shape[1]
    correlations = torch.fft.irfft(torch.fft.rfft(frames, 2 * length).abs().square())[:, :length]
    return correlations / correlations[:, :1].clamp(min=1e-12)
