"""How sure a number is: an interval for any measure of one or more sets of clips, and for the mean over classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A measured value and the interval it lies in."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, eq=False)
class Measurement:
    """A value, and the same measure of `drawn` (draws,) sets whose clips were drawn from it with repeats."""

    value: float
    drawn: np.ndarray

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """The spread of the drawn values, moved so that their median is the measured value.

        Repeats raise distances such as the Fréchet distance, so the drawn values lie above the measured one; moved,
        the interval contains it. It is not cut at 0: a low end below 0 says that the distance cannot be told from
        none.
        """
        tail = (1 - confidence) / 2
        low, median, high = np.quantile(self.drawn, [tail, 0.5, 1 - tail])
        return Interval(self.value, float(self.value + low - median), float(self.value + high - median))


def bootstrap(
    measure: Callable[..., float], *sets: np.ndarray, draws: int = 200, seed: int | np.random.SeedSequence = 0
) -> Measurement:
    """`measure(*sets)`, and `draws` times of sets whose clips (first axis) are drawn with repeats.

    Measures whose mean is to be taken must be drawn with different seeds, or their chances would be the same ones.
    Raises ValueError for an empty set or no draws, and what `measure` raises.
    """
    if any(len(clips) == 0 for clips in sets):
        raise ValueError("There is nothing to draw from: a set is empty.")
    if draws < 1:
        raise ValueError(f"An interval needs draws, not {draws}.")
    generator = np.random.default_rng(seed)
    with threadpool_limits(1):  # many small products: threads wait for each other longer than they help
        value = float(measure(*sets))
        picks = ([generator.integers(len(clips), size=len(clips)) for clips in sets] for _ in range(draws))
        drawn = [measure(*(clips[pick] for clips, pick in zip(sets, each, strict=True))) for each in picks]
    return Measurement(value, np.array(drawn, dtype=np.float64))


def mean_measurement(measurements: Sequence[Measurement]) -> Measurement:
    """The mean of independent measurements of as many draws each, such as those of the classes."""
    values, drawn = zip(*((each.value, each.drawn) for each in measurements), strict=True)
    return Measurement(float(np.mean(values)), np.mean(drawn, axis=0))
