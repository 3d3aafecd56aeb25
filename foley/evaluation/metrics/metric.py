"""What a metric is: one description that scores, reports, the page and the command line read alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np

from foley.evaluation.clip_set import SETS, ClassClips
from foley.evaluation.metrics.bootstrap import Interval, Measurement

Resample = Callable[[Callable[..., float], np.ndarray], Measurement]
"""resample(statistic, clips): the statistic of an array (clips, ...) and of arrays drawn from it with repeats."""


class Direction(Enum):
    """Which way a metric gets better; the values are what stands behind its name in a report."""

    LOWER = " ↓"
    HIGHER = " ↑"
    AS_REAL = ""  # the nearer to what recordings have, the better
    NONE = " "  # of the measuring itself, not of a model


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: what it is called in files and code; a score's key is the set's name and this one.
        label: what reports call it, without its unit.
        unit: of its values; "" where they have none, "%" for shares from 0 to 1.
        direction: which way is better.
        sets: names of the sets of clips that it is defined for.
        compute: `compute(clips, set, resample)` gives the value with its bootstrap draws, or None where this class has
            not what it needs.
        digits: after the decimal point in tables.
        section: the heading that it stands under in reports.
        meaning: one or two sentences for people.
    """

    name: str
    label: str
    unit: str
    direction: Direction
    sets: tuple[str, ...]
    compute: Callable[[ClassClips, str, Resample], Measurement | None]
    digits: int
    section: str
    meaning: str

    @property
    def title(self) -> str:
        """Its label with its unit and an arrow towards better values."""
        unit = f" ({self.unit})" if self.unit not in ("", "%", self.label) else ""
        return f"{self.label}{unit}{self.direction.value}".rstrip()

    def scores(self) -> Iterator["Score"]:
        """This metric of every set that it is defined for."""
        return (Score(name, self) for name in self.sets)

    def format(self, value: float) -> str:
        """A value as tables print it."""
        return format(value, f".{self.digits}{'%' if self.unit == '%' else 'f'}").replace("-", "−")

    def format_interval(self, interval: Interval | None) -> str:
        """A value, and in brackets where it lies; a dash where it was not measured."""
        if interval is None:
            return "–"
        value, low, high = map(self.format, interval)
        return f"{value} ({low} to {high})"


class Score(NamedTuple):
    """A metric of one set of clips: one number of a class in a report."""

    set: str
    metric: Metric

    @property
    def key(self) -> str:
        """What files call it."""
        return f"{self.set}_{self.metric.name}"

    @property
    def label(self) -> str:
        """What tables call it."""
        return f"{self.metric.title}, {self.set_label}"

    @property
    def set_label(self) -> str:
        """What people call its set."""
        return CALIBRATION_SETS.get(self.set) or SETS[self.set]


CALIBRATION_SETS = {"halves": "two halves of its recordings", "others": "recordings of the other classes"}
