"""What the vocoder's losses mean: nothing for what is like, and the size of a known difference."""

import math

import pytest
import torch

from training.losses import (
    SpectralDistance,
    envelope_distance,
    grain_distance,
    level_distance,
    line_distance,
    onset_distance,
)


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


def test_noise_in_place_of_a_tone_is_far_in_its_lines_whatever_the_phase_is(noise):
    time = torch.arange(noise.shape[1]) / 24_000
    tone, later = (torch.sin(2 * torch.pi * 800 * (time + delay)).expand(3, -1) for delay in (0, 3e-4))
    assert 3 * line_distance(later, tone) < line_distance(noise, tone)


def test_a_smeared_attack_is_far_in_the_onset_and_other_noise_in_a_steady_sound_is_nothing(noise):
    time = torch.arange(noise.shape[1])
    sharp = noise * torch.where(time < 4000, 1e-3, torch.exp(-(time - 4000) / 800))
    blunt = noise * torch.where(time < 4000, torch.exp((time - 4000) / 200), torch.exp(-(time - 4000) / 800))
    assert onset_distance(blunt, sharp) > 3 * onset_distance(noise.flip(1), noise)
    assert onset_distance(sharp, sharp) == 0


def test_hiss_in_place_of_drops_is_far_in_its_grain_and_other_drops_are_near(noise):
    drops = noise * (torch.arange(noise.shape[1]) % 1200 < 60)
    assert grain_distance(drops.roll(500, 1), drops) < 0.3 < 1.0 < grain_distance(noise, drops)


@pytest.mark.parametrize("distance", [line_distance, onset_distance, grain_distance])
def test_silence_has_a_finite_distance_and_gradient(distance, noise):
    silent = torch.zeros_like(noise, requires_grad=True)
    distance(silent, noise).backward()
    assert torch.isfinite(silent.grad).all()
