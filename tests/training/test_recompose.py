"""New clips of recorded events keep the one's times and strengths, and the other's sounds."""

import numpy as np
import torch

from foley.audio.onsets import find_onsets
from training.recompose import events_of, recompose

RATE = 24_000


def clicks(times_s: tuple[float, ...], hertz: float, gains: tuple[float, ...] | None = None) -> torch.Tensor:
    """A clip of four seconds in which a decaying tone begins at each time."""
    clip, length = torch.zeros(4 * RATE), RATE // 5
    t = torch.arange(length) / RATE
    for time_s, gain in zip(times_s, gains or (1.0,) * len(times_s), strict=True):
        start = round(time_s * RATE)
        clip[start : start + length] += 0.5 * gain * torch.exp(-30 * t) * torch.sin(2 * torch.pi * hertz * t)
    return clip


def test_the_sequence_is_of_the_one_and_the_sound_of_the_other():
    sequence, sounds = clicks((0.5, 1.25, 2.5), 300, (1.0, 0.4, 1.0)), clicks((1.0, 2.0), 2000)
    found = recompose(sequence, sounds, RATE, np.random.default_rng(0))
    assert found is not None and found.shape == sequence.shape
    times = np.array([onset.sample / RATE for onset in find_onsets(found, RATE)])
    gaps = np.diff(times)
    assert len(times) == 3 and np.allclose(gaps[0] / gaps[1], 0.75 / 1.25, rtol=0.02)
    levels = [onset.level_db for onset in find_onsets(found, RATE)]
    assert levels[1] < levels[0] - 5 and levels[1] < levels[2] - 5
    spectrum = torch.fft.rfft(found).abs()
    loudest = float(spectrum.argmax()) / 4
    assert 1700 < loudest < 2300  # within one and a half semitones of the other's tone


def test_what_runs_together_is_not_cut():
    noise = 0.1 * torch.randn(4 * RATE, generator=torch.Generator().manual_seed(0))
    steady = noise + clicks((0.5, 1.0, 1.5), 300)
    assert events_of(noise, RATE) == []
    assert recompose(clicks((0.5,), 300), noise, RATE, np.random.default_rng(0)) is None
    assert recompose(steady * torch.linspace(1, 0.9, len(steady)), noise, RATE, np.random.default_rng(0)) is None


def test_silence_has_no_events():
    assert events_of(torch.zeros(4 * RATE), RATE) == []
