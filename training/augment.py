"""Augmentation: gentle changes of the recordings themselves, and a noise floor under them."""

import numpy as np
import torch
import torchaudio.functional
from torch import Tensor

from foley.presets.recipes import AugmentationRecipe


def vary_recording(
    waveform: Tensor, sample_rate: int, random: np.random.Generator, recipe: AugmentationRecipe
) -> Tensor:
    """A gentle variation of a recording (samples,), of the same length: speed, delay and gain.

    What the speed leaves empty at the end mirrors the end; a delay brings the end round to the beginning: both stay
    rain where it rains and silent where a shot has died away. The delay is at most as much as recordings' own onsets
    differ: a shot that may come at any time rarely comes at all.
    """
    samples = waveform.shape[0]
    speed = 2 ** (random.uniform(-recipe.speed_semitones, recipe.speed_semitones) / 12)
    waveform = torchaudio.functional.resample(waveform, round(sample_rate * speed / 100) * 100, sample_rate)
    missing = max(0, samples - waveform.shape[0])
    waveform = torch.nn.functional.pad(waveform[None], (0, missing), mode="reflect")[0, :samples]
    delay = random.uniform(0, recipe.delay_s)
    waveform = _faded(waveform, sample_rate // 200).roll(round(delay * sample_rate))
    waveform = waveform * 10 ** (random.uniform(-recipe.gain_db, recipe.gain_db) / 20)
    return unclipped(waveform)


def unclipped(waveform: Tensor) -> Tensor:
    """The waveform (samples,), turned down as a whole where it would clip."""
    peak = float(waveform.abs().max())
    return waveform * min(1.0, 0.99 / max(peak, 1e-9))


def _faded(waveform: Tensor, length: int) -> Tensor:
    """The waveform with faded ends, so that rolling it leaves no click."""
    ramp = torch.linspace(0, 1, length)
    envelope = torch.cat([ramp, torch.ones(waveform.shape[0] - 2 * length), ramp.flip(0)])
    return waveform * envelope


def noise_floor(samples: int, random: np.random.Generator) -> Tensor:
    """Noise (samples,) at -60 to -80 dBFS, falling with frequency by a random slope, as rooms and preamplifiers do.

    Composed clips hold digital silence. Codes are taken with this floor under them: where every code of a silence is
    the same, a sound's beginning is too rare to be drawn. What is decoded, and heard, are the recordings without it.
    """
    level = 10 ** (random.uniform(-80, -60) / 20)
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency = np.maximum(np.arange(spectrum.shape[0]) / spectrum.shape[0], 1e-3)
    shaped = np.fft.irfft(spectrum * frequency ** random.uniform(-0.7, 0.0), samples)
    return torch.from_numpy(level * shaped / shaped.std()).float()
