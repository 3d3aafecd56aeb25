"""The contour of sounds whose events are known: levels, onsets, and both in bins."""

import numpy as np
import pytest
import torch

from foley.conditions.contour import (
    ANY,
    LEVEL_BINS,
    ONSET_BINS,
    Contour,
    level_bins,
    level_of_bin,
    measure_contour,
    onset_bins,
)

RATE, COLUMNS = 24_000, 75
SAMPLES = 4 * RATE
WIDTH = SAMPLES // COLUMNS


def bursts(*samples: int) -> torch.Tensor:
    """Short bursts of noise (samples,) that begin at these samples; silence between them."""
    noise = 0.3 * torch.randn(SAMPLES, generator=torch.Generator().manual_seed(0))
    envelope = torch.zeros(SAMPLES)
    for sample in samples:
        length = min(2400, SAMPLES - sample)
        envelope[sample : sample + length] = torch.exp(-torch.arange(length) / 480)
    return noise * envelope


def test_a_column_says_where_in_it_a_sound_begins():
    contour = measure_contour(bursts(10 * WIDTH + WIDTH // 2, 40 * WIDTH + WIDTH // 10), RATE, COLUMNS)
    assert len(contour) == COLUMNS
    assert np.flatnonzero(np.isfinite(contour.onset)).tolist() == [10, 40]
    assert contour.onset_columns == pytest.approx([10.5, 40.1], abs=0.1)


def test_the_level_of_a_column_is_its_power():
    waveform = torch.cat([torch.full((SAMPLES // 2,), 0.1), torch.zeros(SAMPLES - SAMPLES // 2)])
    levels = measure_contour(waveform, RATE, COLUMNS).level_db
    assert levels[:37] == pytest.approx(-20, abs=0.01)
    assert levels[38:] == pytest.approx(-60)


def test_silence_has_no_onset_and_the_lowest_level():
    contour = measure_contour(torch.zeros(SAMPLES), RATE, COLUMNS)
    assert np.isnan(contour.onset).all()
    assert set(level_bins(contour.level_db)) == {1}
    assert set(onset_bins(contour.onset)) == {1}


def test_bins_of_levels_come_back_within_half_a_step():
    levels = np.linspace(-59.9, -0.1, 200)
    bins = level_bins(levels)
    assert bins.min() == 1
    assert bins.max() == LEVEL_BINS - 1
    assert np.abs(level_of_bin(bins) - levels).max() <= 3.0 + 1e-9


def test_what_is_not_asked_for_is_any_and_comes_back_as_nothing():
    bins = level_bins(np.array([np.nan, -20.0]))
    assert bins[0] == ANY != bins[1]
    assert np.isnan(level_of_bin(bins)[0])


def test_onsets_fall_into_quarters_of_a_column():
    bins = onset_bins(np.array([np.nan, 0.0, 0.3, 0.99]))
    assert bins.tolist() == [1, 2, 3, 5]
    assert bins.max() < ONSET_BINS
    assert ANY not in bins


@pytest.mark.parametrize("columns", [0, 200])
def test_columns_that_cannot_be_are_refused(columns):
    with pytest.raises(ValueError, match="columns of codes"):
        measure_contour(torch.zeros(100), RATE, columns)


def test_a_contour_has_an_onset_for_every_level():
    with pytest.raises(ValueError, match="one a column"):
        Contour(np.zeros(3), np.zeros(4))
