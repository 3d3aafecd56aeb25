"""Peaks that are turned down, and what lies beside them."""

import pytest
import torch

from foley.audio.limiter import limit

RATE = 24_000


@pytest.fixture
def noise() -> torch.Tensor:
    return 0.2 * torch.randn(4 * RATE, generator=torch.Generator().manual_seed(0)).clamp(-3, 3)


def test_a_sound_below_the_ceiling_is_left_alone(noise):
    assert limit(noise, 0.99, RATE) is noise


def test_a_peak_is_brought_to_the_ceiling_and_what_is_far_from_it_stays(noise):
    loud = noise.clone()
    loud[RATE], loud[0], loud[-1] = 3.0, -2.0, 1.5
    limited = limit(loud, 0.99, RATE)
    assert limited.abs().max() <= 0.99
    assert limited[RATE] == pytest.approx(0.99, abs=1e-3)
    far = slice(round(1.021 * RATE), 3 * RATE)
    assert torch.allclose(limited[far], loud[far], atol=1e-6)


def test_the_crests_of_a_low_tone_are_turned_down_as_one():
    tone = 2.0 * torch.sin(2 * torch.pi * 50 * torch.arange(RATE) / RATE)
    assert torch.allclose(limit(tone, 0.99, RATE), tone * 0.495, atol=1e-3)
