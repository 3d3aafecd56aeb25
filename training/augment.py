"""Augmentation: masks on CEmbeds (paper 3.4.2), and gentle changes of the recordings themselves."""

import numpy as np
import torch
import torchaudio.functional
from torch import Tensor

MASK_FRAMES = 25
MASK_BANDS = 25
MASK_EMBEDDING_SHARE = 250 / 1023
MASK_TIME_PROBABILITY = 0.6


def mask_cembed(cembed: Tensor, mel_rows: int, generator: torch.Generator | None = None) -> Tensor:
    """A copy of (batch, rows, frames) with a stretch of frames and of rows blanked in each part, independently.

    The mel and the embedding part are masked apart (paper 3.4.2, figure 2), so that neither can be read off the
    other. Blanked is 0, the mean of a standardised CEmbed.
    """
    masked = cembed.clone()
    parts = [(0, mel_rows, MASK_BANDS * mel_rows // 129)]
    embedding_rows = cembed.shape[1] - mel_rows
    if embedding_rows:
        parts.append((mel_rows, cembed.shape[1], round(MASK_EMBEDDING_SHARE * embedding_rows)))
    frames = MASK_FRAMES * cembed.shape[2] // 300
    for clip in masked:
        for first, last, most_rows in parts:
            if torch.rand((), generator=generator) < MASK_TIME_PROBABILITY:
                _blank(clip[first:last], 1, frames, generator)
            _blank(clip[first:last], 0, most_rows, generator)
    return masked


def _blank(part: Tensor, axis: int, most: int, generator: torch.Generator | None) -> None:
    length = int(torch.randint(most + 1, (), generator=generator))
    start = int(torch.randint(part.shape[axis] - length + 1, (), generator=generator))
    part.narrow(axis, start, length).zero_()


def vary_recording(waveform: Tensor, sample_rate: int, random: np.random.Generator, strength: float) -> Tensor:
    """A gentle variation of a recording (samples,), of the same length: speed, time shift, gain, noise floor.

    With strength 0 only the noise floor is added: composed clips hold digital silence, which models would learn.
    """
    samples = waveform.shape[0]
    if strength > 0:
        speed = 2 ** (strength * random.uniform(-2, 2) / 12)
        waveform = torchaudio.functional.resample(waveform, round(sample_rate * speed / 100) * 100, sample_rate)
        waveform = torch.nn.functional.pad(waveform, (0, max(0, samples - waveform.shape[0])))[:samples]
        waveform = _faded(waveform, sample_rate // 200).roll(int(random.integers(samples)))
        waveform = waveform * 10 ** (strength * random.uniform(-6, 3) / 20)
    peak = float(waveform.abs().max())
    waveform = waveform * min(1.0, 0.99 / max(peak, 1e-9))
    return waveform + noise_floor(samples, random)


def _faded(waveform: Tensor, length: int) -> Tensor:
    """The waveform with faded ends, so that rolling it leaves no click."""
    ramp = torch.linspace(0, 1, length)
    envelope = torch.cat([ramp, torch.ones(waveform.shape[0] - 2 * length), ramp.flip(0)])
    return waveform * envelope


def noise_floor(samples: int, random: np.random.Generator) -> Tensor:
    """Noise (samples,) at -60 to -80 dBFS, falling with frequency by a random slope, as rooms and preamplifiers do."""
    level = 10 ** (random.uniform(-80, -60) / 20)
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency = np.maximum(np.arange(spectrum.shape[0]) / spectrum.shape[0], 1e-3)
    shaped = np.fft.irfft(spectrum * frequency ** random.uniform(-0.7, 0.0), samples)
    return torch.from_numpy(level * shaped / shaped.std()).float()
