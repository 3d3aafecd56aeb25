"""The contour of a sound: for every column of its codes, how loud it is and where in it a sound begins.

Measured from recordings and from takes by the same code, so that what is asked for can be compared with what came.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from foley.audio.onsets import QUIETEST_DB, find_onsets, levels_db

ANY = 0  # bin of what is not asked for
LEVEL_STEP_DB = 6.0  # of a bin of levels
LEVEL_BINS = 1 + round(-QUIETEST_DB / LEVEL_STEP_DB)  # and any
ONSET_PLACES = 4  # in a column
ONSET_BINS = 2 + ONSET_PLACES  # any, none, and each place


@dataclass(frozen=True, eq=False)
class Contour:
    """What each column of codes holds.

    Attributes:
        level_db: (columns,) RMS in dBFS, -60 at least.
        onset: (columns,) where in the column the first sound begins, from 0 up to 1; NaN where none does.
    """

    level_db: np.ndarray
    onset: np.ndarray

    def __post_init__(self) -> None:
        if self.level_db.ndim != 1 or self.level_db.shape != self.onset.shape:
            raise ValueError(f"A contour has {self.level_db.shape} levels and {self.onset.shape} onsets: one a column.")

    def __len__(self) -> int:
        return len(self.level_db)

    @property
    def onset_columns(self) -> np.ndarray:
        """The times (onsets,) at which sounds begin, in columns from the clip's beginning."""
        columns = np.flatnonzero(np.isfinite(self.onset))
        return columns + self.onset[columns]


def measure_contour(waveform: Tensor, sample_rate: int, columns: int) -> Contour:
    """The contour of a mono waveform (samples,) whose codes have so many columns.

    Raises ValueError for less than one column or fewer samples than columns.
    """
    samples = waveform.shape[0]
    if columns < 1 or samples < columns:
        raise ValueError(f"A sound of {samples} samples has no {columns} columns of codes.")
    width = samples / columns
    levels = levels_db(waveform, sample_rate, sample_rate / width)[:columns]
    onset = np.full(columns, np.nan)
    for found in find_onsets(waveform, sample_rate):
        column, place = divmod(found.sample / width, 1.0)
        if column < columns and np.isnan(onset[int(column)]):
            onset[int(column)] = place
    return Contour(levels, onset)


def level_bins(level_db: np.ndarray) -> np.ndarray:
    """Levels (columns,) in dBFS as bins (columns,) of 6 dB, from 1 for what lies below -54; NaN is `ANY`."""
    steps = np.floor((np.nan_to_num(level_db, nan=QUIETEST_DB) - QUIETEST_DB) / LEVEL_STEP_DB)
    bins = 1 + np.clip(steps, 0, LEVEL_BINS - 2).astype(int)
    return np.where(np.isnan(level_db), ANY, bins)


def onset_bins(onset: np.ndarray) -> np.ndarray:
    """Onsets (columns,) as bins (columns,): 1 for none, then one for each quarter of the column.

    A contour that asks for no onset anywhere has to say `ANY` itself: NaN means that none is wanted here.
    """
    places = 2 + np.clip(np.floor(np.nan_to_num(onset) * ONSET_PLACES), 0, ONSET_PLACES - 1).astype(int)
    return np.where(np.isnan(onset), 1, places)


def level_of_bin(bins: np.ndarray) -> np.ndarray:
    """The middle (columns,) in dBFS of bins of levels; NaN for `ANY`."""
    middle = QUIETEST_DB + (bins - 0.5) * LEVEL_STEP_DB
    return np.where(bins == ANY, np.nan, middle)
