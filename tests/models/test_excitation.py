"""What a vocoder starts from: it has a pitch where the mel has lines, is noise elsewhere, and is the seed's alone."""

import dataclasses

import pytest
import torch

from foley.features.mel import LogMel
from foley.models.excitation import MixedExcitation, NoiseShaper, make_excitation
from foley.presets import STUDIO, Preset

SAMPLES = 24_000
PERIOD = 60  # samples of 400 Hz


@pytest.fixture(scope="module")
def log_mel():
    return LogMel(STUDIO.audio, STUDIO.mel)


@pytest.fixture(scope="module")
def mixed():
    return MixedExcitation(STUDIO)


@pytest.fixture
def noise():
    return torch.randn(1, SAMPLES, generator=torch.Generator().manual_seed(0))


def stack() -> torch.Tensor:
    """Ten harmonics of 400 Hz, (1, samples)."""
    time = torch.arange(SAMPLES) / 24_000
    return sum(torch.sin(2 * torch.pi * 400 * n * time + n) / n for n in range(1, 11))[None] / 10


def periodicity(waveform: torch.Tensor) -> float:
    """The correlation of the middle of a waveform (1, samples) with itself six periods later."""
    middle, later = waveform[0, 4000:16_000], waveform[0, 4000 + 6 * PERIOD : 16_000 + 6 * PERIOD]
    return float(torch.nn.functional.cosine_similarity(middle, later, dim=0))


def test_a_harmonic_mel_is_excited_with_its_period_and_shaped_noise_is_not(mixed, log_mel, noise):
    mel = log_mel(stack())
    assert periodicity(mixed(mel, noise)) > 0.7 > 0.3 > periodicity(mixed.shape_noise(mel, noise))


def test_the_mel_of_hiss_is_excited_with_noise(mixed, log_mel, noise):
    hiss = torch.randn(1, SAMPLES, generator=torch.Generator().manual_seed(1))
    mel = log_mel(hiss)
    share = mixed.tonality(mixed.magnitude(mel.exp()))
    assert share[:, 40:].mean() < 0.1  # below 1 kHz, narrow bands of noise look like lines for a moment
    assert abs(periodicity(mixed(mel, noise))) < 0.2


def test_a_mel_without_any_line_is_excited_as_before(mixed, noise):
    flat = torch.full((1, 129, 75), -4.0)
    assert torch.equal(mixed(flat, noise), NoiseShaper(STUDIO)(flat, noise))


def test_the_same_noise_gives_the_same_samples_and_other_noise_others(mixed, log_mel, noise):
    mel = log_mel(stack())
    assert torch.equal(mixed(mel, noise), mixed(mel, noise))
    assert not torch.allclose(mixed(mel, noise), mixed(mel, -noise.flip(1)), atol=1e-3)


def test_the_inverse_of_a_mel_has_that_mel(mixed, log_mel):
    mel = log_mel(stack()).exp()
    found = mixed.basis @ mixed.magnitude(mel)
    assert ((found - mel).abs().mean() / mel.mean()) < 0.05


def test_a_configuration_written_before_there_was_a_choice_is_of_shaped_noise():
    written = STUDIO.to_dict()
    del written["vocoder"]["excitation"]
    assert isinstance(make_excitation(Preset.from_dict(written)), NoiseShaper)


def test_an_unknown_excitation_is_named(noise):
    other = dataclasses.replace(STUDIO, vocoder=dataclasses.replace(STUDIO.vocoder, excitation="buzz"))
    with pytest.raises(ValueError, match="noise, mixed"):
        make_excitation(other)


def test_a_mixed_vocoder_can_be_outlined_without_memory():
    with torch.device("meta"):
        MixedExcitation(STUDIO)
