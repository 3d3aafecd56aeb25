"""What a recording or a voice performs: its onsets as events with strengths, and its level over time as a curve."""

import numpy as np
from torch import Tensor

from foley.audio.onsets import find_onsets, levels_db
from foley.perform.events import Event, EventList, LevelCurve

STRENGTH_RANGE_DB = 30.0  # between strength 0 and 1
CURVE_RATE = 18.75  # levels a second: one for each column of the studio's codes


def level_curve(waveform: Tensor, sample_rate: int, rate: float = CURVE_RATE) -> LevelCurve:
    """The RMS level of a mono waveform (samples,) in dBFS, `rate` times a second, -60 at least."""
    return LevelCurve(tuple(levels_db(waveform, sample_rate, rate).tolist()), rate)


def events_of(waveform: Tensor, sample_rate: int, offset_s: float = 0.0, duration_s: float | None = None) -> EventList:
    """The events that a recording or a voice performs (samples,): its onsets, their strengths, and its level curve."""
    onsets = find_onsets(waveform, sample_rate)
    loudest = max((onset.level_db for onset in onsets), default=0.0)
    length = len(waveform) / sample_rate if duration_s is None else duration_s
    events = (
        Event(
            onset.sample / sample_rate + offset_s,
            float(np.clip(1 + (onset.level_db - loudest) / STRENGTH_RANGE_DB, 0.05, 1.0)),
        )
        for onset in onsets
    )
    return EventList(
        tuple(event for event in events if 0 <= event.time_s < length), length, level_curve(waveform, sample_rate)
    )
