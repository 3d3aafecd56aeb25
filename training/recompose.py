"""New clips of recorded events: the sequence of one recording, sounded by the events of another of its class.

Most recordings of steps, shots, keys, barks and coughs hold separate events, and few kinds of them. Sequences stay
real, with their cadence and strengths, and so do sounds; only which of them meet is new. No clip crosses the split.
"""

import numpy as np
import torch
import torchaudio.functional
from torch import Tensor

from foley.audio.onsets import find_onsets, levels_db
from foley.categories import Category

EVENTFUL = (Category.DogBark, Category.Footstep, Category.GunShot, Category.Keyboard, Category.SneezeCough)
LEAD_S = 0.004  # kept before an onset
FADE_IN_S, FADE_OUT_S = 0.002, 0.03  # of an event's ends
QUIET_DB = -20.0  # below a clip's loudest event: what most gaps between events may hold, for it to be cut apart
GAP_S = 0.03  # before an onset: in which that is measured
MOST_GAIN_DB = 9.0  # of an event, towards the strength that the sequence asks for
JITTER = 0.06  # by which gaps between events are stretched or narrowed


def events_of(waveform: Tensor, sample_rate: int) -> list[tuple[int, float, Tensor]]:
    """The events of a recording (samples,): first sample, level in dBFS, and waveform; none where they run together."""
    onsets = find_onsets(waveform, sample_rate)
    if not onsets:
        return []
    lead, gap = round(LEAD_S * sample_rate), round(GAP_S * sample_rate)
    loudest = max(onset.level_db for onset in onsets)
    starts = [max(0, onset.sample - lead) for onset in onsets]
    before = [waveform[max(0, start - gap) : start] for start in starts if start]
    gaps_db = [10 * np.log10(float(part.square().mean()) + 1e-12) for part in before]
    between = np.quantile(gaps_db, 0.75) if gaps_db else levels_db(waveform, sample_rate, 1 / GAP_S).min()
    if between > loudest + QUIET_DB:
        return []
    ends = [*starts[1:], len(waveform)]
    return [
        (start, onset.level_db, waveform[start:end])
        for onset, start, end in zip(onsets, starts, ends, strict=True)
        if end - start > round((FADE_IN_S + FADE_OUT_S) * sample_rate)
    ]


def recompose(sequence: Tensor, sounds: Tensor, sample_rate: int, random: np.random.Generator) -> Tensor | None:
    """The events of `sounds` in the order and strength of those of `sequence`, (samples,) as long as that.

    None where one of both cannot be cut into events.
    """
    wanted, events = events_of(sequence, sample_rate), events_of(sounds, sample_rate)
    if not wanted or not events:
        return None
    result = torch.zeros_like(sequence)
    speed = 2 ** (random.uniform(-1.5, 1.5) / 12)
    stretch = 1 + random.uniform(-JITTER, JITTER)
    loudest = max(level for _, level, _ in wanted)
    own_loudest = max(level for _, level, _ in events)
    order: list[int] = []
    for number, (start, level, _) in enumerate(wanted):
        if not order:
            order = random.permutation(len(events)).tolist()
        _, own_level, event = events[order.pop()]
        gain_db = np.clip((level - loudest) - (own_level - own_loudest), -MOST_GAIN_DB, MOST_GAIN_DB)
        place = round(start * stretch)
        following = round(wanted[number + 1][0] * stretch) if number + 1 < len(wanted) else len(result)
        event = torchaudio.functional.resample(event, round(sample_rate * speed / 100) * 100, sample_rate)
        event = _faded(event, sample_rate) * 10 ** (gain_db / 20)
        # what is still sounding when the next one begins sounds on
        room = min(len(event), len(result) - place)
        if place < min(following, len(result)) and room > 0:
            result[place : place + room] += event[:room]
    return result


def _faded(event: Tensor, sample_rate: int) -> Tensor:
    rise, fall = round(FADE_IN_S * sample_rate), round(FADE_OUT_S * sample_rate)
    envelope = torch.ones(len(event))
    envelope[:rise], envelope[-fall:] = torch.linspace(0, 1, rise), torch.linspace(1, 0, fall)
    return event * envelope
