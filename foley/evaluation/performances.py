"""Do performances sound when and as strongly as they are asked to? Lists of events, and the onsets and levels found."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from foley.audio.onsets import find_onsets
from foley.categories import Category
from foley.evaluation.metrics.onsets import level_error_db, onset_score
from foley.perform.events import EventList, LevelCurve
from foley.perform.one_shots import LEVEL_S
from foley.perform.onsets import level_curve
from foley.perform.performance import Performance, perform
from foley.perform.settings import BED, PerformanceSettings
from foley.pipeline import Foley

TOLERANCE_S = 0.01  # of an event that counts as sounding where it was asked for
EVENTS, GAPS_S, STRENGTHS = 12, (0.25, 0.9), (0.2, 1.0)  # of a list, and from which to which
BED_S, BED_RATE = 10.0, 18.75


@dataclass(frozen=True)
class PerformanceScores:
    """One class. Single events: how many were asked for, and of them missing within 10 ms; how many were added; F1 at
    50 ms; the least correlation, over lists, of strengths with levels in dB; neighbours that are of the same take.
    Of beds `level_db`, by how much the level is off. NaN and 0 for what the class does not do.
    """

    category: Category
    asked: int = 0
    missing: int = 0
    added: int = 0
    f1: float = float("nan")
    correlation: float = float("nan")
    repeated: int = 0
    level_db: float = float("nan")


def performance_scores(foley: Foley, category: Category, lists: int, seed: int = 0) -> PerformanceScores:
    """Scores of one class over so many lists of events, or curves, with the seeds `seed`, `seed + 1`, ..."""
    seeds = range(seed, seed + lists)
    if PerformanceSettings(category).chosen_way == BED:
        return PerformanceScores(category, level_db=float(np.mean([_bed(foley, category, one) for one in seeds])))
    counts, f1, correlations = np.zeros(4, int), [], []
    for one in seeds:
        events = some_events(one)
        performance = perform(foley, events, PerformanceSettings(category, one))
        found = np.array([onset.sample for onset in find_onsets(performance.waveform, foley.sample_rate)])
        found_s = found / foley.sample_rate
        score = onset_score(found_s, events.times_s, TOLERANCE_S)
        matched = round(score.recall * EVENTS)
        repeated = sum(first == second for first, second in pairwise(performance.sources))
        counts += (EVENTS, EVENTS - matched, len(found) - matched, repeated)
        f1.append(onset_score(found_s, events.times_s).f1)
        correlations.append(float(np.corrcoef(events.strengths, _levels(performance))[0, 1]))
    asked, missing, added, repeated = counts.tolist()
    return PerformanceScores(category, asked, missing, added, float(np.mean(f1)), min(correlations), repeated)


def some_events(seed: int) -> EventList:
    """Twelve events at gaps and of strengths by chance, the same for the same seed."""
    random = np.random.default_rng(seed)
    times = np.cumsum(random.uniform(*GAPS_S, EVENTS))
    return EventList.of_times(times, random.uniform(*STRENGTHS, EVENTS))


def _levels(performance: Performance) -> list[float]:
    """RMS in dBFS of the 50 ms from each event on."""
    rate, samples = performance.sample_rate, performance.waveform.numpy()
    firsts = [round(event.time_s * rate) for event in performance.events.events]
    parts = [samples[first : first + round(LEVEL_S * rate)] for first in firsts]
    return [10 * float(np.log10(max(float(np.mean(np.square(part))), 1e-12))) for part in parts]


def _bed(foley: Foley, category: Category, seed: int) -> float:
    """By how many dB a bed is off a curve that swells and fades."""
    middles = (np.arange(round(BED_S * BED_RATE)) + 0.5) / BED_RATE
    wanted = -30 + 12 * np.sin(2 * np.pi * (middles / BED_S * (1 + seed % 3) + seed / 7))
    curve = LevelCurve(tuple(wanted.tolist()), BED_RATE)
    performance = perform(foley, EventList((), BED_S, curve), PerformanceSettings(category, seed))
    found = level_curve(performance.waveform, foley.sample_rate, BED_RATE)
    return level_error_db(np.array(found.levels_db), wanted)


def table(scores: Iterable[PerformanceScores]) -> str:
    """Markdown, a line for each class."""
    lines = [
        "| class | events asked | missing within 10 ms | added | F1 at 50 ms | strength and level | same take twice "
        "| level off by, dB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in scores:
        cells = (
            ["–"] * 6 + [f"{one.level_db:.2f}"]
            if not one.asked
            else [
                str(one.asked), str(one.missing), str(one.added), f"{one.f1:.3f}", f"{one.correlation:.3f}",
                str(one.repeated), "–",
            ]
        )  # fmt: skip
        lines.append(f"| {one.category.title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
