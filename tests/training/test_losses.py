"""What the vocoder's losses mean: nothing for what is like, and the size of a known difference."""

import math

import pytest
import torch

from training.losses import SpectralDistance, envelope_distance, level_distance


@pytest.fixture
def noise():
    return torch.randn(3, 9600, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("distance", [SpectralDistance(), level_distance, envelope_distance])
def test_a_distance_is_the_logarithm_of_a_gain(distance, noise):
    assert distance(noise, noise) == 0
    assert distance(0.5 * noise, noise) == pytest.approx(math.log(2), abs=1e-3)
    assert distance(noise, 0.5 * noise) == pytest.approx(math.log(2), abs=1e-3)


def test_one_loud_moment_counts_in_the_level_and_hardly_in_the_spectrum(noise):
    recording, blunted = 0.01 * noise, 0.01 * noise
    recording[:, 4000:4200] += noise[:, 4000:4200]
    blunted[:, 4000:4200] += 0.5 * noise[:, 4000:4200]
    assert level_distance(blunted, recording) > 0.6 > 5 * SpectralDistance()(blunted, recording)


def test_silence_has_a_finite_level_and_gradient(noise):
    silent = torch.zeros_like(noise, requires_grad=True)
    level_distance(silent, noise).backward()
    assert torch.isfinite(silent.grad).all()


def test_a_smeared_attack_is_far_in_the_envelope_at_the_same_level(noise):
    time = torch.arange(noise.shape[1])
    sharp = noise * torch.where(time < 4000, 0.0, torch.exp(-(time - 4000) / 800))
    blunt = noise * torch.where(time < 4000, torch.exp((time - 4000) / 200), torch.exp(-(time - 4000) / 800))
    blunt = blunt * (sharp.square().mean() / blunt.square().mean()).sqrt()
    assert envelope_distance(blunt, sharp) > 0.5 > 10 * level_distance(blunt, sharp)
