"""How carefully each rater listened: whether recordings were told from anchors, and repeats rated alike."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foley.listening.plan import ANCHOR, RECORDING
from foley.listening.ratings import Answer

LEAST_TOLD_APART = 0.75  # guessing gives 0.5
MOST_REPEAT_DIFFERENCE = 2.5  # points; guessing gives 3.6
LEAST_PAIRS, LEAST_REPEATS = 8, 3  # below them nothing is said about a rater


@dataclass(frozen=True)
class RaterCheck:
    """What a rater's answers say about the rater.

    Attributes:
        told_apart: share of pairs (recording, anchor) of one class and scale in which the recording got more points;
            a tie counts as half. None where there are too few pairs.
        repeat_difference: mean distance in points between the two ratings of clips that were asked about twice.
        problem: why the rater counts as careless; empty for all others.
    """

    code: str
    number: int
    ratings: int
    seconds: float
    told_apart: float | None
    repeat_difference: float | None
    problem: str = ""


def check_raters(answers: Sequence[Answer]) -> list[RaterCheck]:
    """A check for every rater who has answered anything, in the order of their numbers."""
    by_rater = defaultdict(list)
    for answer in answers:
        by_rater[answer.rater].append(answer)
    return [_check(by_rater[rater]) for rater in sorted(by_rater, key=lambda rater: rater.number)]


def _check(answers: list[Answer]) -> RaterCheck:
    rater = answers[0].rater
    apart, pairs = _told_apart(answers)
    distance, repeats = _repeat_difference(answers)
    problems = []
    if pairs >= LEAST_PAIRS and apart < LEAST_TOLD_APART:
        problems.append(f"recordings were rated above anchors in {apart:.0%} of pairs only")
    if repeats >= LEAST_REPEATS and distance > MOST_REPEAT_DIFFERENCE:
        problems.append(f"the same clips got ratings {distance:.1f} points apart")
    return RaterCheck(
        code=rater.code,
        number=rater.number,
        ratings=len(answers),
        seconds=sum(answer.rating.seconds for answer in answers),
        told_apart=apart if pairs >= LEAST_PAIRS else None,
        repeat_difference=distance if repeats >= LEAST_REPEATS else None,
        problem="; ".join(problems),
    )


def _told_apart(answers: list[Answer]) -> tuple[float, int]:
    """The share of pairs told apart (0 without any), and the number of pairs."""
    scores = defaultdict(lambda: {RECORDING: [], ANCHOR: []})
    for answer in answers:
        item = answer.trial.item
        if item.system in (RECORDING, ANCHOR) and not answer.trial.is_repeat:
            for scale, score in answer.rating.scores.items():
                scores[item.category, scale][item.system].append(score)
    above, pairs = 0.0, 0
    for each in scores.values():
        distance = np.subtract.outer(each[RECORDING], each[ANCHOR])
        above += float((distance > 0).sum() + (distance == 0).sum() / 2)
        pairs += distance.size
    return above / max(1, pairs), pairs


def _repeat_difference(answers: list[Answer]) -> tuple[float, int]:
    """The mean distance between the ratings of a clip (0 without repeats), and the number of repeats."""
    first = {answer.trial.item.id: answer.rating.scores for answer in answers if not answer.trial.is_repeat}
    again = [answer for answer in answers if answer.trial.is_repeat and answer.trial.item.id in first]
    distances = [
        abs(score - first[answer.trial.item.id][scale])
        for answer in again
        for scale, score in answer.rating.scores.items()
    ]
    return float(np.mean(distances)) if distances else 0.0, len(again)
