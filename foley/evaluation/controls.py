"""Do takes do what they are asked for? Knobs asked for at many places, and contours of recordings, and what came."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from foley.audio.onsets import find_onsets
from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.attributes import measure
from foley.conditions.contour import measure_contour
from foley.conditions.knobs import KNOBS
from foley.evaluation.metrics.onsets import level_error_db, onset_score
from foley.pipeline import Foley

ONSET_TOLERANCE_S = 0.1


@dataclass(frozen=True)
class ControlScores:
    """One class: Spearman's rank correlation of asked and measured by knob, and how far contours are followed. A knob
    of which all takes have the same is left out.

    `level_db` is the mean level error with the contour and `level_db_without` that of takes that were asked for
    nothing, against the same recordings; likewise the F1 of onsets at 100 ms. None without recordings.
    """

    category: Category
    knobs: dict[str, float]
    level_db: float | None = None
    level_db_without: float | None = None
    onset_f1: float | None = None
    onset_f1_without: float | None = None


def control_scores(
    foley: Foley,
    category: Category,
    takes: int,
    recordings: Iterable[Tensor] = (),
    progress: Callable[[int], None] = lambda done: None,
) -> ControlScores:
    """Scores of one class, `takes` for each knob; recordings are waveforms (samples,) at the model's rate.

    Raises ValueError where the model hears neither knobs nor contours.
    """
    if not (foley.hears_knobs or foley.hears_contours):
        raise ValueError(f"The model {foley.name} hears neither knobs nor contours: there is nothing to measure.")
    from scipy.stats import spearmanr  # imported here: the page opens without it

    knobs = {}
    for name in KNOBS if foley.hears_knobs else ():
        asked = (np.arange(takes) + 0.5) / takes
        found = []
        for seed, place in enumerate(asked.tolist()):
            take = foley.generate(category, seed, asked=Asked(knobs={name: place}))[0]
            found.append(measure(take.waveform, foley.sample_rate)[name])
            progress(1)
        if np.ptp(found) > 0:  # what is the same in all takes, as the density of rain, has no ranks
            knobs[name] = float(np.asarray(spearmanr(asked, found))[0])
    if not foley.hears_contours:
        return ControlScores(category, knobs)
    pairs = [_followed(foley, category, recording, seed) for seed, recording in enumerate(recordings)]
    if not pairs:
        return ControlScores(category, knobs)
    return ControlScores(category, knobs, *np.nanmean(np.array(pairs, float), axis=0).tolist())


def _followed(foley: Foley, category: Category, recording: Tensor, seed: int) -> tuple[float, float, float, float]:
    """Level error and onset F1 of a take that was asked for a recording's contour, each followed by those without."""
    columns, rate = foley.preset.grid[1], foley.sample_rate
    wanted = measure_contour(recording, rate, columns)
    onsets = np.array([onset.sample / rate for onset in find_onsets(recording, rate)])
    scores = []
    for asked in (Asked.of_contour(wanted), None):
        waveform = foley.generate(category, seed, asked=asked)[0].waveform
        level = level_error_db(measure_contour(waveform, rate, columns).level_db, wanted.level_db)
        found = np.array([onset.sample / rate for onset in find_onsets(waveform, rate)])
        scores.append((level, onset_score(found, onsets, ONSET_TOLERANCE_S).f1 if len(onsets) else np.nan))
    (level, f1), (level_without, f1_without) = scores
    return level, level_without, f1, f1_without


def table(scores: Iterable[ControlScores]) -> str:
    """Markdown, a line for each class."""
    scores = list(scores)
    lines = [
        "| class | " + " | ".join(KNOBS) + " | level off by, dB (unasked) | onset F1 at 100 ms (unasked) |",
        "|---|" + "---|" * (len(KNOBS) + 2),
    ]
    for one in scores:
        knobs = [f"{one.knobs[name]:.2f}" if name in one.knobs else "–" for name in KNOBS]
        level, f1 = (
            "–" if asked is None else f"{asked:.2f} ({without:.2f})"
            for asked, without in ((one.level_db, one.level_db_without), (one.onset_f1, one.onset_f1_without))
        )
        lines.append(f"| {one.category.title} | {' | '.join(knobs)} | {level} | {f1} |")
    return "\n".join(lines) + "\n"
