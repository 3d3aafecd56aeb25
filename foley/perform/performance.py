"""A performance: events and a class to a waveform, the same for the same request."""

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from foley.audio.limiter import limit
from foley.perform.beds import sample_bed, under_curve
from foley.perform.events import Event, EventError, EventList
from foley.perform.one_shots import OneShot, choose, one_shots_of
from foley.perform.placing import placed
from foley.perform.settings import BED, PerformanceSettings
from foley.pipeline import CEILING, Foley
from foley.sampling.noise import part_seed

MOST_TAKES = 48
EVENTS_A_TAKE = 3  # about as many as takes of steps, keys and barks hold


@dataclass(frozen=True)
class Performance:
    """`waveform` (samples,) for the events, and all that made it."""

    waveform: Tensor
    sample_rate: int
    events: EventList
    settings: PerformanceSettings
    model: str
    licence: str = ""
    sources: tuple[str, ...] = field(default=())  # of one-shots: the take that each event's sound is from

    @property
    def duration_s(self) -> float:
        return self.waveform.shape[0] / self.sample_rate

    @property
    def recipe(self) -> dict[str, Any]:
        """What it takes to make this performance again, as plain values."""
        curve = self.events.curve
        levels = None if curve is None else {"rate": curve.rate, "levels_db": [round(x, 2) for x in curve.levels_db]}
        return {
            "performance": 1,
            "model": self.model,
            "licence": self.licence,
            **asdict(self.settings),
            "category": self.settings.category.name,
            "knobs": dict(self.settings.knobs),
            "duration_s": self.events.duration_s,
            "events": [_row(event) for event in self.events.events],
            "curve": levels,
        }


def _row(event: Event) -> list[Any]:
    """An event as plain values; its knobs only where it has some, as older versions read three values."""
    row: list[Any] = [round(event.time_s, 7), round(event.strength, 5), event.category]
    return [*row, dict(event.knobs)] if event.knobs else row


class OneShotPool:
    """Single events of fresh takes of a class, drawn as they are needed; those that are there are used again."""

    def __init__(self, foley: Foley, settings: PerformanceSettings):
        self.foley, self.settings = foley, settings
        self._takes: list[list[OneShot]] = []
        self._lock = threading.Lock()

    def fill(self, takes: int) -> Iterator[float]:
        """Draw until there are so many takes, and events in two of them; yields the share that is done.

        Several may fill a pool at once: they draw the same takes, each one once.
        """
        takes = min(takes, MOST_TAKES)
        while True:
            with self._lock:
                count = len(self._takes)
                if count >= MOST_TAKES or (count >= takes and self._needed() is not None):
                    return
                self._takes.append(self._drawn(count))
            yield min(1.0, (count + 1) / takes)

    def _drawn(self, number: int) -> list[OneShot]:
        settings, seed = self.settings, part_seed(self.settings.seed, number)
        sampling = (settings.temperature, 1, settings.top_k, settings.top_p)
        take = self.foley.generate(settings.category, seed, *sampling, asked=settings.asked)[0]
        return one_shots_of(take, f"{settings.category.name} {seed} {settings.knobs or ''}".strip())

    def shots(self, takes: int) -> list[OneShot]:
        """The one-shots of the first `takes` takes, or of as many as it needs for events of two.

        Raises ValueError when the class gives none.
        """
        for _ in self.fill(takes):
            pass
        number = max(takes, self._needed() or MOST_TAKES)
        shots = [shot for take in self._takes[:number] for shot in take]
        if not shots:
            raise ValueError(f"No single events were found in {MOST_TAKES} takes: perform this class as a bed.")
        return shots

    def _needed(self) -> int | None:
        """How many takes it needs for events of two of them; None where there are not enough yet."""
        holding = [number for number, shots in enumerate(self._takes, start=1) if shots]
        return holding[1] if len(holding) > 1 else None


def perform(
    foley: Foley,
    events: EventList,
    settings: PerformanceSettings,
    pools: Callable[[PerformanceSettings], OneShotPool] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Performance:
    """The sound of a class for events: one-shots placed to the sample, or a bed under the level curve.

    `pools` gives the pool for settings, so that one-shots are kept between calls; `progress` is told the share done,
    from 0 to 1. Raises ValueError when nothing is to be performed or the class gives no single events.
    """
    for step in stream_performance(foley, events, settings, pools):
        if isinstance(step, Performance):
            return step
        if progress:
            progress(step)
    raise AssertionError("a performance ends with itself")


def stream_performance(
    foley: Foley,
    events: EventList,
    settings: PerformanceSettings,
    pools: Callable[[PerformanceSettings], OneShotPool] | None = None,
) -> Iterator[float | Performance]:
    """As `perform`, step by step: the share that is done, then the performance. Closing the iterator stops the work."""
    rate = foley.sample_rate
    if settings.chosen_way == BED:
        sound = yield from sample_bed(foley, settings, events.duration_s, events.curve)
        if events.curve is not None:
            sound = under_curve(sound, events.curve, rate)
        sources: tuple[str, ...] = ()
    else:
        if not events.events:
            raise EventError("There are no events: tap some, draw some, or load a file that holds some.")
        shots = yield from _chosen(events, settings, pools or (lambda wanted: OneShotPool(foley, wanted)))
        sound = placed(events, shots, rate)
        sources = tuple(shot.source for shot in shots)
    waveform = limit(torch.from_numpy(sound).float(), CEILING, rate)
    yield Performance(waveform, rate, events, settings, foley.name, foley.licence, sources)


def _chosen(
    events: EventList, settings: PerformanceSettings, pools: Callable[[PerformanceSettings], OneShotPool]
) -> Generator[float, None, list[OneShot]]:
    """A one-shot for each event; those of a class and of the same knobs are chosen together."""
    own = [settings.of(event) for event in events.events]
    chosen: dict[int, OneShot] = {}
    kinds = sorted(set(own), key=lambda kind: (kind.category, kind.knobs))
    for number, kind in enumerate(kinds):
        places = [place for place, wanted in enumerate(own) if wanted == kind]
        pool = pools(kind)
        takes = min(MOST_TAKES, max(2, -(-len(places) // EVENTS_A_TAKE)))
        for share in pool.fill(takes):
            yield (number + share) / len(kinds)
        chosen |= zip(places, choose(pool.shots(takes), len(places), settings.seed), strict=True)
    return [chosen[place] for place in range(len(own))]
