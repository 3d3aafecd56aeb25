"""Attacks and envelopes of sounds made to have them."""

import math

import pytest
import torch

from foley.evaluation.metrics.reconstruction import attack_distance, envelope_distance

RATE = 24_000


def burst(attack_s: float, at_s: float = 1.0, level: float = 0.5) -> torch.Tensor:
    """Noise that rises in a straight line, then dies away, (samples,)."""
    time = torch.arange(4 * RATE) / RATE - at_s
    envelope = torch.where(time < 0, ((time + attack_s) / attack_s).clamp(min=0), torch.exp(-time / 0.2))
    return level * envelope * torch.sin(2 * torch.pi * 3000 * time)


def test_the_same_sound_is_at_no_distance():
    sound = burst(0.02)
    assert envelope_distance(sound, sound, RATE) == attack_distance(sound, sound, RATE) == 0


def test_a_louder_sound_is_as_far_as_it_is_louder():
    sound = burst(0.02)
    assert envelope_distance(1.2589 * sound, sound, RATE) == pytest.approx(2.0, abs=0.25)
    assert attack_distance(1.2589 * sound, sound, RATE) == 0


def test_a_smeared_attack_is_as_far_as_it_was_smeared():
    sharp, blunt = burst(0.005), burst(0.045)
    expected = 0.8 * 40  # from a tenth to nine tenths of a straight line
    assert attack_distance(blunt, sharp, RATE) == pytest.approx(expected, abs=3)
    assert attack_distance(sharp, blunt, RATE) == pytest.approx(expected, abs=3)
    assert envelope_distance(blunt, sharp, RATE) > 1


def test_silence_and_a_sound_that_begins_with_its_peak_are_measured_too():
    silence, sound = torch.zeros(4 * RATE), burst(0.01, at_s=0.0)
    assert envelope_distance(silence, silence, RATE) == attack_distance(silence, silence, RATE) == 0
    assert envelope_distance(silence, sound, RATE) > 10
    assert attack_distance(sound, sound, RATE) == 0


def test_what_is_steady_has_no_attack():
    steady = torch.randn(4 * RATE, generator=torch.Generator().manual_seed(0))
    time = torch.arange(4 * RATE) / RATE
    hum = torch.sin(2 * torch.pi * 50 * time) * (1 + 0.2 * torch.sin(torch.pi * time / 4))
    assert math.isnan(attack_distance(steady, steady, RATE))
    assert math.isnan(attack_distance(hum, hum, RATE))
    bark = hum * (time > 1.9)
    assert attack_distance(bark, bark, RATE) == 0


def test_another_event_elsewhere_does_not_pass_for_the_recordings_own():
    recording = burst(0.005, at_s=1.0)
    sound = burst(0.005, at_s=1.0, level=0.4) + burst(0.1, at_s=3.0, level=0.9)
    assert attack_distance(sound, recording, RATE) < 2
