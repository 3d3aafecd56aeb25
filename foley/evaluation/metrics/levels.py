"""How loud sounds are, and the defects one hears at once: offsets, clicks, clipping, silence where none belongs."""

from typing import NamedTuple

import torch
from torch import Tensor

from foley.audio.files import peak_dbfs, rms_dbfs
from foley.audio.loudness import loudness_lufs

MOST_OFFSET = 0.01  # of full scale; recordings of the corpus stay below 0.002
CLICK = 0.02  # of full scale, at least
CLICK_RATIO = 5.0  # of the level beside it: a sound that goes on past its clip's end stays below
EDGE_S = 0.02
FULL_SCALE = 0.985
CLIPPED_SAMPLES = 4  # in a row at their highest: fewer happen by chance
SILENT_PEAK = 1e-3  # -60 dBFS, about the noise floor that models are trained with
LONGEST_SILENCE_S = 1.0
BLOCK_S = 0.02


class Levels(NamedTuple):
    """The levels of a waveform: peak and RMS in dBFS, loudness in LUFS (BS.1770, -70 for silence)."""

    peak_dbfs: float
    rms_dbfs: float
    loudness_lufs: float


class Defects(NamedTuple):
    """What is wrong with a waveform. `dead_silence` is one only where real recordings of its class have none."""

    dc_offset: bool
    click: bool
    clipping: bool
    dead_silence: bool


def levels(waveform: Tensor, sample_rate: int) -> Levels:
    """The levels of (samples,) at `sample_rate` Hz."""
    return Levels(peak_dbfs(waveform), rms_dbfs(waveform), loudness_lufs(waveform, sample_rate))


def defects(waveform: Tensor, sample_rate: int) -> Defects:
    """The defects of (samples,) at `sample_rate` Hz."""
    return Defects(
        dc_offset=abs(float(waveform.mean())) > MOST_OFFSET,
        click=_clicks(waveform, sample_rate) or _clicks(waveform.flip(0), sample_rate),
        clipping=_clips(waveform),
        dead_silence=longest_silence_s(waveform, sample_rate) > LONGEST_SILENCE_S,
    )


def longest_silence_s(waveform: Tensor, sample_rate: int) -> float:
    """The longest stretch, in seconds, in which no sample of (samples,) reaches -60 dBFS."""
    block = round(BLOCK_S * sample_rate)
    loud = torch.nn.functional.max_pool1d(waveform.abs()[None], block, ceil_mode=True)[0] >= SILENT_PEAK
    edges = torch.cat([torch.tensor([-1]), loud.nonzero().flatten(), torch.tensor([len(loud)])])
    return float((edges.diff() - 1).max()) * BLOCK_S


def _clicks(waveform: Tensor, sample_rate: int) -> bool:
    """Whether the waveform begins with a jump that stands out of what follows."""
    edge = waveform[: round(EDGE_S * sample_rate)]
    beside = float(edge[1:].square().mean().sqrt())
    return float(edge[0].abs()) > max(CLICK, CLICK_RATIO * beside)


def _clips(waveform: Tensor) -> bool:
    """Whether a few samples in a row stand at full scale without moving."""
    at_top = waveform.abs() >= FULL_SCALE
    still = torch.cat([torch.zeros(1, dtype=torch.bool), waveform.diff().abs() < 1e-6])
    return bool((at_top & still).float().unfold(0, CLIPPED_SAMPLES - 1, 1).sum(dim=1).max() == CLIPPED_SAMPLES - 1)
