"""Where loops are cut: in silence where there is some, and found in a moment at any length."""

import time

import numpy as np
import pytest
import torch

from foley.audio.loops import CROSSFADE_S, seamless_loop

RATE = 24_000


def barks() -> torch.Tensor:
    """Two short events (samples,) in a quiet room, as many classes have them."""
    random = np.random.default_rng(0)
    sound = 1e-4 * random.standard_normal(4 * RATE)
    for start in (20_000, 60_000):
        sound[start : start + 6000] += 0.4 * np.exp(-np.arange(6000) / 1500) * random.standard_normal(6000)
    return torch.from_numpy(sound).float()


def test_the_seam_of_single_events_lies_in_silence():
    loop = seamless_loop(barks(), RATE).waveform
    fade = round(CROSSFADE_S * RATE)
    assert loop[-fade:].abs().max() < 0.01 * loop.abs().max()
    assert loop[:fade].abs().max() < 0.01 * loop.abs().max() or loop[0].abs() < 0.01 * loop.abs().max()


@pytest.mark.machine
@pytest.mark.parametrize("samples", [720_000, 720_720])  # 30 s, and what a continuation to 30 s makes of it
def test_the_seam_of_thirty_seconds_is_found_in_a_moment(samples):
    noise = 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(0))
    before = time.process_time()
    loop = seamless_loop(noise, RATE)
    assert time.process_time() - before < 5  # of one core's; transforms of 2^5 * 3 * 2377 points took 27
    assert len(loop.waveform) > 10 * RATE
    assert loop.seam_db < 3


def test_a_seam_that_is_looked_for_at_a_lower_rate_fits_to_the_sample():
    period = 247  # of a hum; a seam that is off by one sample would show
    time_ = np.arange(12 * RATE)
    hum = torch.from_numpy(0.3 * np.sin(2 * np.pi * time_ / period)).float()
    loop = seamless_loop(hum, RATE).waveform
    assert len(loop) % period in (0, 1, period - 1)
