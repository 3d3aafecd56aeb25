"""How sure a number is: an interval for any measure of one or more sets of clips."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A measured value and the interval it lies in."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def bootstrap_interval(
    measure: Callable[..., float],
    *sets: np.ndarray,
    confidence: float = 0.95,
    draws: int = 200,
    seed: int = 0,
) -> Interval:
    """`measure(*sets)` with its bootstrap interval: clips (first axis) of every set are drawn with repeats.

    Repeats raise distances such as the Fréchet distance, so the drawn values lie above the measured one; the
    interval is their spread moved so that their median is the measured value, which it therefore contains. It
    is not cut at 0: a low end below 0 says that the distance cannot be told from none.

    Raises ValueError for an empty set, no draws or a confidence outside (0, 1), and what `measure` raises.
    """
    if any(len(clips) == 0 for clips in sets):
        raise ValueError("There is nothing to draw from: a set is empty.")
    if draws < 1 or not 0 < confidence < 1:
        raise ValueError(f"An interval needs draws (not {draws}) and a confidence in (0, 1) (not {confidence}).")
    value = float(measure(*sets))
    generator = np.random.default_rng(seed)
    drawn = [measure(*(clips[generator.integers(len(clips), size=len(clips))] for clips in sets)) for _ in range(draws)]
    tail = (1 - confidence) / 2
    low, median, high = np.quantile(drawn, [tail, 0.5, 1 - tail])
    return Interval(value, float(value + low - median), float(value + high - median))
