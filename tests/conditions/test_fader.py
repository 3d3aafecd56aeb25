"""The fader that rides a take to the levels that were asked for."""

import numpy as np
import pytest
import torch

from foley.audio.onsets import levels_db
from foley.conditions.fader import MOST_DOWN_DB, MOST_UP_DB, ride

RATE, COLUMN = 24_000, 1280
ANY = np.nan


def hiss(columns: int, level_db: float) -> torch.Tensor:
    noise = torch.randn(columns * COLUMN, generator=torch.Generator().manual_seed(0))
    return 10 ** (level_db / 20) * noise


def levels(waveform: torch.Tensor) -> np.ndarray:
    return levels_db(waveform, RATE, RATE / COLUMN)


def test_a_take_comes_to_the_levels_that_were_asked_for():
    asked = -22 + 4 * np.sin(np.arange(40) / 5)
    ridden = ride(hiss(40, -24), asked, RATE, COLUMN)
    assert levels(ridden) == pytest.approx(asked, abs=0.5)


def test_the_gain_has_its_bounds_and_silence_stays_silent():
    up, down = (ride(hiss(10, -30), np.full(10, asked), RATE, COLUMN) for asked in (0.0, -59.0))
    assert levels(up) == pytest.approx(levels(hiss(10, -30)) + MOST_UP_DB, abs=0.01)
    assert levels(down) == pytest.approx(levels(hiss(10, -30)) - MOST_DOWN_DB, abs=0.01)
    silence = hiss(10, -90)
    assert torch.equal(ride(silence, np.full(10, -20.0), RATE, COLUMN), silence)


def test_what_is_not_asked_for_stays_as_it_is():
    sound = hiss(30, -30)
    asked = np.full(30, ANY)
    assert torch.equal(ride(sound, asked, RATE, COLUMN), sound)
    asked[:10] = -24
    ridden = ride(sound, asked, RATE, COLUMN)
    assert levels(ridden)[:9] == pytest.approx(levels(sound)[:9] + 6, abs=0.5)
    assert torch.equal(ridden[11 * COLUMN :], sound[11 * COLUMN :])


def test_fewer_levels_than_the_take_has_columns_leave_its_end():
    sound = hiss(30, -30)
    ridden = ride(sound, np.array([-30.0, -26.0]), RATE, COLUMN)
    assert ridden.shape == sound.shape and torch.isfinite(ridden).all()
