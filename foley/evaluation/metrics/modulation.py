"""How a sound comes and goes: events a second, and the spectrum of its envelope."""

import math
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCK_S = 0.005  # of the envelope
BANDS_HZ = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # edges of the modulation spectrum's octaves
APART_BLOCKS = 10  # events are at least 50 ms apart
BEFORE_BLOCKS = 6  # an event rises within 30 ms
EVENT_RISE_DB = 10.0
EVENT_RANGE_DB = 30.0  # below the loudest block
FLOOR_DB = -70.0  # below full scale


def onsets(waveform: Tensor, sample_rate: int) -> Tensor:
    """The times (events,) in seconds at which events of (samples,) begin: rises by 10 dB or more within 30 ms."""
    level = envelope_db(waveform, sample_rate).clamp(min=FLOOR_DB)
    if len(level) < 2 or level.max() <= FLOOR_DB:
        return torch.zeros(0)
    before = -F.max_pool1d(-F.pad(level[None], (BEFORE_BLOCKS, 0), value=FLOOR_DB), BEFORE_BLOCKS, stride=1)[0]
    rise = level - before[: len(level)]
    highest = F.max_pool1d(rise[None], 2 * APART_BLOCKS + 1, stride=1, padding=APART_BLOCKS)[0]
    begins = (rise == highest) & (rise >= EVENT_RISE_DB) & (level > level.max() - EVENT_RANGE_DB)
    return begins.nonzero().flatten() * BLOCK_S


def events_per_second(waveform: Tensor, sample_rate: int) -> float:
    """How many events a second begin in (samples,)."""
    return len(onsets(waveform, sample_rate)) * sample_rate / waveform.shape[0]


def modulation_spectrum(waveform: Tensor, sample_rate: int) -> Tensor:
    """The depth (6,) in dB of the envelope's modulation in octaves from 0.5 to 32 Hz; NaN for silence.

    The envelope's amplitude in each octave over its mean: 0 dB where a sound comes and goes as a whole.
    """
    envelope = _power(waveform, sample_rate).sqrt()
    mean = envelope.mean()
    if mean < 10 ** (FLOOR_DB / 20):
        return torch.full((len(BANDS_HZ) - 1,), math.nan)
    spectrum = torch.fft.rfft(envelope / mean - 1).abs() / len(envelope)
    frequency = torch.fft.rfftfreq(len(envelope), BLOCK_S)
    depths = [
        (2 * spectrum[(frequency >= low) & (frequency < high)].square().sum()).clamp(min=1e-8)
        for low, high in pairwise(BANDS_HZ)
    ]
    return 10 * torch.stack(depths).log10()


def envelope_db(waveform: Tensor, sample_rate: int) -> Tensor:
    """The level (blocks,) in dBFS of (samples,) in blocks of 5 ms."""
    return 10 * _power(waveform, sample_rate).clamp(min=1e-12).log10()


def _power(waveform: Tensor, sample_rate: int) -> Tensor:
    block = round(BLOCK_S * sample_rate)
    return waveform[: waveform.shape[0] // block * block].float().unflatten(0, (-1, block)).square().mean(dim=1)
