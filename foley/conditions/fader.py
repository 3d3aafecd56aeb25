"""A fader that rides a take to the level that was asked for: what codes and vocoder miss of it, a gain mends."""

import numpy as np
import torch
from torch import Tensor

from foley.audio.onsets import QUIETEST_DB, levels_db

MOST_UP_DB, MOST_DOWN_DB = 6.0, 18.0  # up but little: what is hardly there must not become noise


def ride(waveform: Tensor, level_db: np.ndarray, sample_rate: int, samples: float) -> Tensor:
    """A mono waveform (samples,) brought near to levels (columns,) in dBFS, NaN where any will do.

    A column lasts `samples`. The gain is one at each column's middle and runs straight, in dB, from one to the next.
    Columns that are silent stay as they are.
    """
    found = levels_db(waveform, sample_rate, sample_rate / samples)[: len(level_db)]
    asked = np.maximum(level_db[: len(found)], QUIETEST_DB)
    gain_db = np.clip(asked - found, -MOST_DOWN_DB, MOST_UP_DB)
    gain_db[np.isnan(gain_db) | (found <= QUIETEST_DB)] = 0
    middles = (np.arange(len(gain_db)) + 0.5) * samples
    gains = 10 ** (np.interp(np.arange(waveform.shape[0]), middles, gain_db) / 20)
    return waveform * torch.from_numpy(gains).to(waveform)
