"""How well a sound keeps to the events that were asked for: onsets found again one to one, and levels over time.

F1 as in the evaluation of onset detectors (mir_eval): an onset found and one asked for match within the tolerance, each
at most once, as many as can be matched.
"""

from typing import NamedTuple

import numpy as np

AUDIBLE_DB = -50.0  # frames in which neither sounds louder do not count


class OnsetScore(NamedTuple):
    """F1, precision and recall of onsets, each from 0 to 1; all are 1 where none was asked for and none found."""

    f1: float
    precision: float
    recall: float


def onset_score(found_s: np.ndarray, asked_s: np.ndarray, tolerance_s: float = 0.05) -> OnsetScore:
    """Onsets found (seconds,) against those asked for (seconds,), matched one to one within `tolerance_s`."""
    found, asked = np.sort(np.asarray(found_s, float)), np.sort(np.asarray(asked_s, float))
    if not len(found) and not len(asked):
        return OnsetScore(1.0, 1.0, 1.0)
    # in order of time, taking the earliest that fits is a largest matching of intervals of one length
    matched = place = 0
    for time in asked:
        while place < len(found) and found[place] < time - tolerance_s - 1e-9:
            place += 1
        if place < len(found) and found[place] <= time + tolerance_s + 1e-9:
            matched += 1
            place += 1
    precision = matched / len(found) if len(found) else 0.0
    recall = matched / len(asked) if len(asked) else 0.0
    f1 = 2 * matched / (len(found) + len(asked))
    return OnsetScore(f1, precision, recall)


def level_error_db(found_db: np.ndarray, asked_db: np.ndarray) -> float:
    """Mean distance in dB between two level curves (frames,), over frames in which either is above -50 dBFS.

    Levels below -50 dBFS count as -50. NaN where neither ever sounds. Raises ValueError for other lengths.
    """
    found, asked = np.asarray(found_db, float), np.asarray(asked_db, float)
    if found.shape != asked.shape:
        raise ValueError(f"The level curves have {found.shape[0]} and {asked.shape[0]} frames: measure both alike.")
    audible = np.maximum(found, asked) > AUDIBLE_DB
    error = np.abs(np.maximum(found, AUDIBLE_DB) - np.maximum(asked, AUDIBLE_DB))
    return float(error[audible].mean()) if audible.any() else float("nan")
