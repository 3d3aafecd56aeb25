"""Beds: rain, engines and other steady sounds as long as they are wanted, under a level curve."""

import math
from collections.abc import Generator
from dataclasses import replace

import numpy as np
import torch

from foley.audio.onsets import QUIETEST_DB
from foley.perform.events import LevelCurve
from foley.perform.onsets import level_curve
from foley.perform.settings import PerformanceSettings
from foley.pipeline import Foley
from foley.sampling.noise import part_seed
from foley.takes.edits import LONGEST_S as LONGEST_TAKE_S

JOIN_S = 0.5  # over which one window of a bed passes into the next, at equal power
MOST_GAIN_DB = 24.0
GATE_DB = QUIETEST_DB + 1  # below this a curve asks for silence


def sample_bed(
    foley: Foley, settings: PerformanceSettings, seconds: float, curve: LevelCurve | None = None
) -> Generator[float, None, np.ndarray]:
    """A steady sound of a class, float64 (samples,) of `seconds`: long takes, joined where 30 s are too short.

    A model that hears contours is asked for the levels of the curve: an engine that grows louder then does so as
    engines do. Step by step: yields the share that is done, from 0 to 1, and returns the sound. The other windows'
    seeds follow from the first one's.
    """
    rate = foley.sample_rate
    wanted, join = round(seconds * rate), round(JOIN_S * rate)
    sound = np.zeros(0)
    guide = curve if foley.hears_contours else None
    longest_s = math.ceil((LONGEST_TAKE_S - 0.1) * foley.codes_per_second) / foley.codes_per_second  # of whole codes
    window = 0
    while len(sound) < wanted:
        missing_s = (wanted - len(sound)) / rate + (JOIN_S if len(sound) else 0)
        own = part_seed(settings.seed, window)
        sampling = (settings.temperature, 1, settings.top_k, settings.top_p)
        begin_s = max(0, len(sound) - join) / rate
        asked = settings.asked
        if guide is not None:
            levels = levels_of(guide, begin_s, LONGEST_TAKE_S, foley.codes_per_second)
            asked = replace(asked, level_db=levels)
        take = foley.generate(settings.category, own, *sampling, asked=asked)[0]
        yield min(0.99, len(sound) / wanted)
        if missing_s > take.duration_s:
            take = foley.continue_(take, min(missing_s, longest_s), seed=own)[0]
        sound = _joined(sound, take.waveform.numpy().astype(np.float64), join)
        window += 1
        yield min(1.0, len(sound) / wanted)
    return sound[:wanted]


def levels_of(curve: LevelCurve, begin_s: float, seconds: float, columns_per_second: float) -> tuple[float | None, ...]:
    """What a curve asks of a take that begins at `begin_s`: the level of every column, none behind the curve's end."""
    columns = round(seconds * columns_per_second)
    times = begin_s + (np.arange(columns) + 0.5) / columns_per_second
    end_s = len(curve.levels_db) / curve.rate
    return tuple(float(level) if time < end_s else None for time, level in zip(times, curve.at(times), strict=True))


def under_curve(sound: np.ndarray, curve: LevelCurve, sample_rate: int) -> np.ndarray:
    """A sound (samples,) whose level over time is the curve's; where the curve is silent, so is the sound."""
    own = level_curve(torch.from_numpy(sound), sample_rate, curve.rate)
    times = (np.arange(len(sound)) + 0.5) / sample_rate
    wanted = curve.at(times)
    gain = np.clip(wanted - own.at(times), -2 * MOST_GAIN_DB, MOST_GAIN_DB)
    return np.where(wanted > GATE_DB, sound * 10 ** (gain / 20), 0.0)


def _joined(first: np.ndarray, second: np.ndarray, join: int) -> np.ndarray:
    if not len(first):
        return second
    join = min(join, len(first), len(second))
    angle = 0.5 * np.pi * (np.arange(join) + 0.5) / join
    middle = first[len(first) - join :] * np.cos(angle) + second[:join] * np.sin(angle)
    return np.concatenate([first[: len(first) - join], middle, second[join:]])
