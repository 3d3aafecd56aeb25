"""Tone, crispness and modulation of synthetic sounds whose answer is known."""

import math

import pytest
import torch

from foley.evaluation.metrics.crispness import crispness
from foley.evaluation.metrics.modulation import events_per_second, modulation_spectrum, onsets
from foley.evaluation.metrics.tone import tone

RATE, SAMPLES = 24_000, 48_000
TIME = torch.arange(SAMPLES) / RATE


@pytest.fixture
def noise():
    return 0.1 * torch.randn(SAMPLES, generator=torch.Generator().manual_seed(0))


def stack(pitch: float, time: torch.Tensor = TIME) -> torch.Tensor:
    """Twelve harmonics of a pitch in Hz."""
    return 0.1 * sum(torch.sin(2 * math.pi * pitch * n * time + n) / n for n in range(1, 13))


def clicks(noise: torch.Tensor, every_s: float, lasting_s: float = 0.01) -> torch.Tensor:
    """Bursts of noise that begin at once and die away."""
    return noise * torch.exp(-(TIME % every_s) / lasting_s)


@pytest.mark.parametrize("pitch", [90.0, 220.0, 700.0])
def test_a_harmonic_stack_is_voiced(pitch):
    flatness, periodicity, voiced = tone(stack(pitch), RATE)
    assert flatness < 0.1
    assert periodicity > 0.9
    assert voiced == 1


def test_noise_is_flat_and_not_voiced(noise):
    flatness, periodicity, voiced = tone(noise, RATE)
    assert flatness == pytest.approx(0.56, abs=0.05)
    assert periodicity < 0.3
    assert voiced == 0


def test_low_noise_is_no_voice_though_it_is_slow(noise):
    low = torch.fft.irfft(torch.fft.rfft(noise) * (torch.fft.rfftfreq(SAMPLES, 1 / RATE) < 300), SAMPLES)
    assert tone(low, RATE).periodicity < 0.5


def test_a_gliding_voice_under_breath_is_still_voiced(noise):
    phase = 2 * math.pi * torch.cumsum(300 - 60 * TIME, 0) / RATE
    voice = 0.1 * sum(torch.sin(n * phase) / n for n in range(1, 13))
    assert tone(voice + 0.1 * noise, RATE).voiced == 1


def test_the_same_tone_at_another_level_and_rate_is_as_tonal():
    loud, quiet = tone(stack(220.0), RATE), tone(0.1 * stack(220.0), RATE)
    assert loud.periodicity == pytest.approx(quiet.periodicity, abs=1e-3)
    other = tone(stack(220.0, torch.arange(2 * 44_100) / 44_100), 44_100)
    assert other.voiced == 1
    assert other.flatness == pytest.approx(loud.flatness, abs=0.05)


def test_silence_has_neither_tone_nor_crispness():
    silent = torch.zeros(SAMPLES)
    assert all(map(math.isnan, [*tone(silent, RATE), *crispness(silent, RATE)]))
    assert len(onsets(silent, RATE)) == 0
    assert modulation_spectrum(silent, RATE).isnan().all()


def test_a_click_rises_far_and_a_smeared_one_little(noise):
    sharp = clicks(noise, 0.5)
    smeared = torch.nn.functional.conv1d(sharp[None, None].square(), torch.hann_window(720)[None, None], padding=360)
    blunt = noise * smeared[0, 0, :SAMPLES].clamp(min=0).sqrt()
    assert crispness(sharp, RATE).rise > 20 > 8 > crispness(blunt, RATE).rise


def test_drops_have_grain_and_hiss_has_none(noise):
    assert crispness(clicks(noise, 0.1, 0.003), RATE).log_kurtosis > 2 > -1 > crispness(noise, RATE).log_kurtosis


def test_events_are_counted_where_they_begin(noise):
    sound = clicks(noise, 0.25)
    assert events_per_second(sound, RATE) == pytest.approx(4, abs=0.01)
    assert torch.allclose(onsets(sound, RATE), torch.arange(8) * 0.25, atol=0.011)


def test_steady_noise_has_no_more_than_its_beginning(noise):
    assert len(onsets(noise, RATE)) <= 1


def test_the_modulation_spectrum_finds_the_octave_of_a_tremolo(noise):
    depth = modulation_spectrum(noise * (1 + torch.sin(2 * math.pi * 5 * TIME)), RATE)
    assert int(depth.argmax()) == 3  # 4 to 8 Hz
    assert depth[3] == pytest.approx(-3, abs=0.5)  # a sine of depth 1 has an effective value of 1 / sqrt 2
