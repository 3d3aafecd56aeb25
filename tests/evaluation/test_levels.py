"""Levels and defects of sounds whose levels and defects are known."""

import numpy as np
import pytest
import torch

from foley.evaluation.metrics.levels import defects, levels, longest_silence_s

RATE = 24_000
TIME = torch.arange(4 * RATE) / RATE


def tone(amplitude: float = 0.5, hertz: float = 997.0) -> torch.Tensor:
    return amplitude * torch.sin(2 * np.pi * hertz * TIME)


def rain(seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(4 * RATE, generator=torch.Generator().manual_seed(seed))


def test_levels_of_a_sine_and_of_silence():
    peak, rms, loudness = levels(tone(0.5), RATE)
    assert (peak, rms, loudness) == pytest.approx((-6.02, -9.03, -9.03), abs=0.05)
    assert levels(torch.zeros(4 * RATE), RATE).loudness_lufs == -70


def test_sounds_that_go_on_past_their_clip_have_no_defect():
    for sound in (tone(), rain(), rain(1), tone(hertz=60).roll(100)):
        assert not any(defects(sound, RATE))


def test_an_offset_is_found():
    assert defects(rain() + 0.02, RATE).dc_offset
    assert not defects(rain() + 0.005, RATE).dc_offset


@pytest.mark.parametrize("at", [0, -1])
def test_a_click_at_either_end_is_found(at):
    sound = tone(0.01)
    sound[at] = 0.3
    assert defects(sound, RATE).click


def test_clipping_is_found_and_a_single_peak_at_full_scale_is_none():
    assert defects((2 * tone()).mul(1.5).clamp(-0.99, 0.99), RATE).clipping
    peak = rain().clamp(-0.9, 0.9)
    peak[5000] = 1.0
    assert not defects(peak, RATE).clipping


def test_the_longest_silence_is_found_wherever_it_lies():
    for start, end in ((0, 1.5), (1.0, 2.4), (2.8, 4.0)):
        sound = rain()
        sound[round(start * RATE) : round(end * RATE)] = 1e-4
        assert longest_silence_s(sound, RATE) == pytest.approx(end - start, abs=0.041)
        assert defects(sound, RATE).dead_silence
    assert longest_silence_s(torch.zeros(4 * RATE), RATE) == pytest.approx(4)
    assert longest_silence_s(rain(), RATE) == 0
