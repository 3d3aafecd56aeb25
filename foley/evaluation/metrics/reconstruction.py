"""Reconstruction metrics: how far a recording changes on its way through a part of the chain.

Embedders hear textures and miss what a smeared transient loses; attacks and envelopes tell.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from foley.features.mel import LogMel

BLOCK_S = 0.005  # of the envelope
RANGE_DB = 40.0  # below the recording's loudest block: what lies deeper is hardly heard beside it
ATTACK_BLOCK_S = 0.001
ATTACK_LOW, ATTACK_HIGH = 0.1, 0.9  # of the peak, between which a sound rises: its attack
HOLD_BLOCKS = 5  # to either side: between a low sound's crests its envelope does not fall
LONGEST_ATTACK_S = 0.2
SAME_EVENT_S = 0.03  # how far from the recording's loudest moment the sound's own is looked for


class ReconstructionDistances(NamedTuple):
    """Distances of a sound to its recording, 0 for the same sound: log-mel L1 (natural logarithm), dB, milliseconds.

    `attack_distance` is NaN where the recording has no attack.
    """

    log_mel_l1: float
    envelope_distance: float
    attack_distance: float


def reconstruction_distances(
    sound: Tensor, recording: Tensor, log_mel: LogMel, sample_rate: int
) -> ReconstructionDistances:
    """All distances of a sound (samples,) to its recording (samples,), both at `sample_rate` Hz."""
    device = log_mel.window.device
    a, b = (log_mel(waveform[None].to(device)) for waveform in (sound, recording))
    return ReconstructionDistances(
        float((a - b).abs().mean()),
        envelope_distance(sound, recording, sample_rate),
        attack_distance(sound, recording, sample_rate),
    )


def envelope_distance(sound: Tensor, recording: Tensor, sample_rate: int) -> float:
    """The mean distance in dB of the levels of (samples,) in blocks of 5 ms, where the recording is not silent.

    Levels more than 40 dB below the recording's loudest block count as 40 dB below.
    """
    levels = [_blocks(waveform, sample_rate, BLOCK_S).clamp(min=1e-7).log10() * 20 for waveform in (sound, recording)]
    floor = levels[1].max() - RANGE_DB
    a, b = (level.clamp(min=float(floor)) for level in levels)
    audible = torch.maximum(a, b) > floor
    return float((a - b).abs()[audible].mean()) if audible.any() else 0.0


def attack_distance(sound: Tensor, recording: Tensor, sample_rate: int) -> float:
    """How much longer or shorter the attack of the recording's loudest event became, in milliseconds.

    NaN where the recording has no attack: steady rain has a loudest moment, but does not rise to it from a tenth of it
    within 0.2 s.
    """
    a, b = (_held(_blocks(waveform, sample_rate, ATTACK_BLOCK_S)) for waveform in (sound, recording))
    peak = int(b.argmax())
    around = round(SAME_EVENT_S / ATTACK_BLOCK_S)
    first = max(0, peak - around)
    own = first + int(a[first : peak + around + 1].argmax())
    wanted = _attack_ms(b, peak)
    return math.nan if wanted is None else abs((_attack_ms(a, own) or 0.0) - wanted)


def _attack_ms(envelope: Tensor, peak: int) -> float | None:
    """How long the envelope (blocks,) takes from a tenth to nine tenths of its peak, just before it."""
    before = envelope[max(0, peak - round(LONGEST_ATTACK_S / ATTACK_BLOCK_S)) : peak + 1]
    low = (before <= ATTACK_LOW * envelope[peak]).nonzero().flatten()
    if not len(low) and len(before) <= peak:
        return None
    begin = int(low[-1]) if len(low) else 0  # a clip may begin with its peak
    high = (before[begin:] >= ATTACK_HIGH * envelope[peak]).nonzero().flatten()
    return float(high[0]) * ATTACK_BLOCK_S * 1000 if len(high) else 0.0


def _held(envelope: Tensor) -> Tensor:
    """The envelope (blocks,) with its crests held: rises keep their length."""
    return F.max_pool1d(envelope[None], 2 * HOLD_BLOCKS + 1, stride=1, padding=HOLD_BLOCKS)[0]


def _blocks(waveform: Tensor, sample_rate: int, seconds: float) -> Tensor:
    """The RMS (blocks,) of (samples,), block by block."""
    length = round(seconds * sample_rate)
    return waveform[: waveform.shape[0] // length * length].unflatten(0, (-1, length)).square().mean(dim=1).sqrt()
