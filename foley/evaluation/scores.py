"""The scores of a class: every metric of every set of its clips, each with the spread that other clips would give."""

from functools import partial

import numpy as np

from foley.evaluation.clip_set import ClassClips
from foley.evaluation.metrics.bootstrap import Measurement, bootstrap
from foley.evaluation.metrics.metric import Score
from foley.evaluation.metrics.registry import SCORES


def score_class(clips: ClassClips, draws: int = 200) -> dict[str, Measurement]:
    """All scores that these clips allow, by key, in the order of `SCORES`.

    Clips of the set that is measured are drawn anew `draws` times for the intervals; the reference stays.
    """
    found = {}
    for key, score in SCORES.items():
        if score.set in clips.sets or score.set in clips.calibration:
            resample = partial(bootstrap, draws=draws, seed=_seed(score, clips))
            measurement = score.metric.compute(clips, score.set, resample)
            if measurement is not None:
                found[key] = measurement
    return found


def _seed(score: Score, clips: ClassClips) -> np.random.SeedSequence:
    """Another one for each score of each class: what is averaged must not share its chances."""
    return np.random.SeedSequence([int(clips.category), *score.key.encode()])
