"""Single events of a sound: each from its onset to where its tail ends or the next one begins, with faded ends."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from foley.audio.files import peak_dbfs
from foley.audio.onsets import find_onsets

LEAD_S = 0.003  # kept before the onset: a sound's own first rise
LONGEST_S = 2.5
SHORTEST_S = 0.1
TAIL_DB = -50.0  # below the event's peak: where its tail ends
FADE_S = 0.015
WEAK_DB = 18.0  # below the strongest event: left out, it may be part of another's tail
QUIETEST_DBFS = -50.0
DECAY_DB = 9.0  # from an event's loudest to the mean of its last fifth


class SingleEvent(NamedTuple):
    """One event, `samples` (samples,) with its onset at `onset`, and the level in dBFS that it rises to."""

    samples: np.ndarray
    onset: int
    level_db: float

    @property
    def dies_away(self) -> bool:
        """Whether it is an event by itself, much quieter at its end than at its loudest, and no bed of sound."""
        power = np.square(self.samples, dtype=np.float64)
        end = power[-max(1, len(power) // 5) :].mean()
        return 10 * np.log10(max(end, 1e-12)) < self.level_db - DECAY_DB


def single_events(waveform: Tensor, sample_rate: int) -> list[SingleEvent]:
    """The events of a mono waveform (samples,), in the order of their times; without the weak ones."""
    samples = waveform.numpy().astype(np.float64)
    onsets = find_onsets(waveform, sample_rate)
    if not onsets or peak_dbfs(waveform) < QUIETEST_DBFS:
        return []
    strongest = max(onset.level_db for onset in onsets)
    lead = round(LEAD_S * sample_rate)
    events = []
    for number, onset in enumerate(onsets):
        if onset.level_db < strongest - WEAK_DB:
            continue
        first = max(0, onset.sample - lead)
        following = onsets[number + 1].sample - lead if number + 1 < len(onsets) else len(samples)
        piece = samples[first : min(following, first + round(LONGEST_S * sample_rate))]
        piece = ended(piece, lead, sample_rate)
        if len(piece) >= round(SHORTEST_S * sample_rate):
            events.append(SingleEvent(piece, onset.sample - first, onset.level_db))
    return events


def ended(piece: np.ndarray, lead: int, sample_rate: int) -> np.ndarray:
    """An event (samples,), its onset at `lead`, as float32 without its silent tail and faded at both ends."""
    return _faded(_without_tail(piece, sample_rate), lead, sample_rate).astype(np.float32)


def _without_tail(piece: np.ndarray, rate: int) -> np.ndarray:
    loud = np.flatnonzero(np.abs(piece) > 10 ** (TAIL_DB / 20) * np.abs(piece).max())
    return piece[: int(loud[-1]) + 1 + round(FADE_S * rate)] if len(loud) else piece[:0]


def _faded(piece: np.ndarray, lead: int, rate: int) -> np.ndarray:
    piece = piece.copy()
    rise, fall = min(lead, len(piece)) // 2, min(round(FADE_S * rate), len(piece))
    piece[:rise] *= np.sin(0.5 * np.pi * np.arange(rise) / max(1, rise)) ** 2
    piece[len(piece) - fall :] *= np.cos(0.5 * np.pi * (np.arange(fall) + 1) / max(1, fall)) ** 2
    return piece
