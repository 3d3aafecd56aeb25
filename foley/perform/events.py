"""Events: when something is to sound and how strongly, and the level curve between them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

LONGEST_S = 300.0
MOST_EVENTS = 5_000

Knobs = tuple[tuple[str, float], ...]


class EventError(ValueError):
    """Events that cannot be used; the message says what is wrong, with what, and what to do."""


@dataclass(frozen=True, order=True)
class Event:
    """Something that sounds at `time_s` seconds with a `strength` from 0 (barely) to 1 (as hard as can be).

    `category` is the id of its class where it is another than that of the whole performance, else None; `knobs` are
    names and values from 0 to 1 of what its sound is asked for beside those of the whole performance.
    """

    time_s: float
    strength: float = 1.0
    category: int | None = field(default=None, compare=False)
    knobs: Knobs = field(default=(), compare=False)


@dataclass(frozen=True)
class LevelCurve:
    """Levels in dB below full scale, `rate` of them a second, the first one's middle at half a step."""

    levels_db: tuple[float, ...]
    rate: float

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """The levels at times in seconds (points,), straight lines between those that are known."""
        middles = (np.arange(len(self.levels_db)) + 0.5) / self.rate
        return np.interp(times_s, middles, np.array(self.levels_db))


@dataclass(frozen=True)
class EventList:
    """Events in the order of their times within `duration_s` seconds, and a level curve where there is one.

    Raises EventError for what is too long, too many, or lies outside.
    """

    events: tuple[Event, ...]
    duration_s: float
    curve: LevelCurve | None = None

    def __post_init__(self):
        if not (math.isfinite(self.duration_s) and 0 < self.duration_s <= LONGEST_S):
            raise EventError(f"The length is {self.duration_s:g} s: it must be above 0 and at most {LONGEST_S:g} s.")
        if len(self.events) > MOST_EVENTS:
            raise EventError(f"There are {len(self.events)} events: {MOST_EVENTS} is the most.")
        for number, event in enumerate(self.events, start=1):
            if not (math.isfinite(event.time_s) and 0 <= event.time_s < self.duration_s):
                raise EventError(
                    f"Event {number} lies at {event.time_s:g} s, outside {self.duration_s:g} s: move or remove it."
                )
            if not 0 <= event.strength <= 1:  # NaN fails, too
                raise EventError(f"Event {number} has the strength {event.strength:g}: it must lie from 0 to 1.")
        object.__setattr__(self, "events", tuple(sorted(self.events)))

    @classmethod
    def of_times(
        cls, times_s: Iterable[float], strengths: Iterable[float] | None = None, duration_s: float | None = None
    ) -> "EventList":
        """Events at times in seconds; without a duration, two seconds more than the last of them needs."""
        times = [float(time) for time in times_s]
        values = [1.0] * len(times) if strengths is None else [float(strength) for strength in strengths]
        if len(values) != len(times):
            raise EventError(f"There are {len(times)} times and {len(values)} strengths: give one for each.")
        events = tuple(Event(time, strength) for time, strength in zip(times, values, strict=True))
        return cls(events, max(times, default=0.0) + 2.0 if duration_s is None else duration_s)

    @property
    def count_words(self) -> str:
        """How many there are, in words: `1 event`, `6 events`."""
        return f"{len(self.events)} event{'s' * (len(self.events) != 1)}"

    @property
    def times_s(self) -> np.ndarray:
        """Seconds (events,)."""
        return np.array([event.time_s for event in self.events])

    @property
    def strengths(self) -> np.ndarray:
        """Strengths (events,)."""
        return np.array([event.strength for event in self.events])

    def shifted(self, seconds: float) -> "EventList":
        """All events so much later; those that would leave the length stay out."""
        moved = (replace(event, time_s=event.time_s + seconds) for event in self.events)
        return replace(self, events=tuple(event for event in moved if 0 <= event.time_s < self.duration_s))

    def without_doubles(self, gap_s: float) -> "EventList":
        """Of events nearer to each other than `gap_s` only the stronger one: a bounced key, a double tap."""
        kept: list[Event] = []
        for event in self.events:
            if kept and event.time_s - kept[-1].time_s < gap_s:
                if event.strength > kept[-1].strength:
                    kept[-1] = event
            else:
                kept.append(event)
        return replace(self, events=tuple(kept))
