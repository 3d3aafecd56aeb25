"""Placing: one-shots laid where events ask for them, to the sample; what sounded before makes room for the next one."""

from collections.abc import Sequence

import numpy as np

from foley.perform.events import EventList
from foley.perform.one_shots import LEVEL_S, ROOM_DB, SOFTEST_DB, OneShot, at_strength

STRONGEST_DB = -15.0  # RMS of a one-shot's first 50 ms at strength 1
REST_S = 0.025  # before an event, in which what sounded before is down already
DAMPING_S = 0.02  # in which it comes down
BLOCK_S = 0.01  # over which its level is measured


def placed(events: EventList, shots: Sequence[OneShot], sample_rate: int) -> np.ndarray:
    """The sound, float64 (samples,), of a one-shot for each event, as strong as the event."""
    sound = np.zeros(round(events.duration_s * sample_rate))
    before = 0
    for event, shot in zip(events.events, shots, strict=True):
        samples = at_strength(shot, event.strength, STRONGEST_DB, sample_rate)
        onset = round(event.time_s * sample_rate)
        room_db = STRONGEST_DB + SOFTEST_DB * (1 - event.strength) - ROOM_DB
        make_room(sound, onset, room_db, sample_rate, before)
        first = onset - shot.onset
        samples = samples[max(0, -first) :][: len(sound) - max(0, first)]
        sound[max(0, first) : max(0, first) + len(samples)] += samples
        before = onset + round(LEVEL_S * sample_rate)
    return sound


def make_room(sound: np.ndarray, onset: int, most_db: float, sample_rate: int, untouched: int = 0) -> None:
    """Lower what still sounds (samples,) from just before an onset on to `most_db` dBFS, so that the event stands out.

    As with a foley artist's hands: the next hit damps the last one. Samples before `untouched` stay. Changes `sound`
    in place.
    """
    begin = min(onset, max(untouched, onset - round(REST_S * sample_rate)))
    after = sound[begin : onset + round(LEVEL_S * sample_rate)]
    block = max(1, round(BLOCK_S * sample_rate))
    power = max((float(np.mean(np.square(after[at : at + block]))) for at in range(0, len(after), block)), default=0.0)
    level = 10 * np.log10(max(power, 1e-12))
    if level <= most_db:
        return
    gain = 10 ** ((most_db - level) / 20)
    fall = min(max(0, begin - untouched), round(DAMPING_S * sample_rate))
    ramp = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 1) / max(1, fall))
    sound[begin - fall : begin] *= gain + (1 - gain) * ramp
    sound[begin:] *= gain
