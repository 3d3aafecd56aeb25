"""A performance: events and a class to a waveform, the same for the same request."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foley.audio.limiter import limit
from foley.categories import Category
from foley.perform.beds import sample_bed, under_curve
from foley.perform.events import Event, EventError, EventList, LevelCurve
from foley.perform.one_shots import LEVEL_S, SOFTEST_DB, OneShot, at_strength, best_shots, choose, one_shots_of
from foley.pipeline import CEILING, Foley
from foley.sampling import TOP_P, SamplingSettings
from foley.sampling.noise import check_seed, part_seed

ONE_SHOTS, BED = "one-shots", "bed"
WAYS = (ONE_SHOTS, BED)
USUAL_WAY = {Category.Rain: BED, Category.MovingMotorVehicle: BED}  # all others: one-shots
STRONGEST_DB = -15.0  # RMS of a one-shot's first 50 ms at strength 1
MOST_TAKES = 48
ROOM_DB = 14.0  # how far below an event what sounded before it has to be
DAMPING_S = 0.02
EVENTS_A_TAKE = 3  # about as many as takes of steps, keys and barks hold


@dataclass(frozen=True)
class PerformanceSettings:
    """How events become sound. `way` is "one-shots", "bed", or empty for what suits the class. Raises ValueError."""

    category: Category
    seed: int = 0
    way: str = ""
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = TOP_P

    def __post_init__(self):
        object.__setattr__(self, "category", Category.parse(self.category))
        check_seed(self.seed)
        if self.way not in ("", *WAYS):
            raise ValueError(f"There is no way {self.way!r} to perform: choose one of {', '.join(WAYS)}.")
        SamplingSettings(self.temperature, self.top_k, self.top_p)

    @property
    def sampling(self) -> SamplingSettings:
        """How codes are chosen."""
        return SamplingSettings(self.temperature, self.top_k, self.top_p)

    @property
    def chosen_way(self) -> str:
        """The way asked for, else the one that suits the class."""
        return self.way or USUAL_WAY.get(self.category, ONE_SHOTS)


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
            "duration_s": self.events.duration_s,
            "events": [
                [round(event.time_s, 7), round(event.strength, 5), event.category] for event in self.events.events
            ],
            "curve": levels,
        }


def from_recipe(recipe: dict[str, Any]) -> tuple[EventList, PerformanceSettings]:
    """The events and settings of a performance's recipe. Raises EventError when it is none."""
    try:
        if recipe["performance"] != 1:
            raise EventError("The performance was written by a newer foley studio: bring this one up to date.")
        curve = recipe["curve"]
        events = EventList(
            tuple(
                Event(float(time), float(strength), None if kind is None else int(Category(kind)))
                for time, strength, kind in recipe["events"]
            ),
            float(recipe["duration_s"]),
            None if curve is None else LevelCurve(tuple(map(float, curve["levels_db"])), float(curve["rate"])),
        )
        names = ("category", "seed", "way", "temperature", "top_k", "top_p")
        return events, PerformanceSettings(**{name: recipe[name] for name in names})
    except EventError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EventError(f"The performance's recipe cannot be read ({error}): it was changed or cut off.") from None


class OneShotPool:
    """Single events of fresh takes of a class, drawn as they are needed; those that are there are used again."""

    def __init__(self, foley: Foley, settings: PerformanceSettings):
        self.foley, self.settings = foley, settings
        self._takes: list[list[OneShot]] = []

    def fill(self, takes: int) -> Iterator[float]:
        """Draw until there are so many takes, and events in two of them; yields the share that is done."""
        takes = min(takes, MOST_TAKES)
        while len(self._takes) < MOST_TAKES and (len(self._takes) < takes or self._needed() is None):
            settings, number = self.settings, len(self._takes)
            seed = part_seed(settings.seed, number)
            sampling = (settings.temperature, 1, settings.top_k, settings.top_p)
            take = self.foley.generate(settings.category, seed, *sampling)[0]
            self._takes.append(one_shots_of(take, f"seed {seed}"))
            yield min(1.0, len(self._takes) / takes)

    def shots(self, takes: int) -> list[OneShot]:
        """The one-shots of the first `takes` takes, or of as many as it needs for events of two.

        Raises ValueError when the class gives none.
        """
        for _ in self.fill(takes):
            pass
        number = max(takes, self._needed() or MOST_TAKES)
        shots = best_shots((shot for take in self._takes[:number] for shot in take), self.foley.sample_rate)
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
        what = settings.category, events.duration_s, settings.seed, settings.sampling, events.curve
        sound = yield from sample_bed(foley, *what)
        if events.curve is not None:
            sound = under_curve(sound, events.curve, rate)
        sources: tuple[str, ...] = ()
    else:
        if not events.events:
            raise EventError("There are no events: tap some, draw some, or load a file that holds some.")
        placed = yield from _chosen(events, settings, pools or (lambda wanted: OneShotPool(foley, wanted)))
        sound = np.zeros(round(events.duration_s * rate))
        for event, shot in zip(events.events, placed, strict=True):
            samples = at_strength(shot, event.strength, STRONGEST_DB, rate)
            onset = round(event.time_s * rate)
            make_room(sound, onset, STRONGEST_DB + SOFTEST_DB * (1 - event.strength) - ROOM_DB, rate)
            first = onset - shot.onset
            samples = samples[max(0, -first) :][: len(sound) - max(0, first)]
            sound[max(0, first) : max(0, first) + len(samples)] += samples
        sources = tuple(shot.source for shot in placed)
    waveform = limit(torch.from_numpy(sound).float(), CEILING, rate)
    yield Performance(waveform, rate, events, settings, foley.name, foley.licence, sources)


def make_room(sound: np.ndarray, onset: int, most_db: float, sample_rate: int) -> None:
    """Lower what still sounds (samples,) from an onset on to `most_db` dBFS, so that the next event stands out.

    As with a foley artist's hands: the next hit damps the last one. Changes `sound` in place.
    """
    after = sound[onset : onset + round(LEVEL_S * sample_rate)]
    level = 10 * np.log10(max(float(np.mean(np.square(after))) if len(after) else 0.0, 1e-12))
    if level <= most_db:
        return
    gain = 10 ** ((most_db - level) / 20)
    fall = min(onset, round(DAMPING_S * sample_rate))
    ramp = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 1) / max(1, fall))
    sound[onset - fall : onset] *= gain + (1 - gain) * ramp
    sound[onset:] *= gain


def _chosen(
    events: EventList, settings: PerformanceSettings, pools: Callable[[PerformanceSettings], OneShotPool]
) -> Generator[float, None, list[OneShot]]:
    """A one-shot for each event, each class by itself."""
    classes = [settings.category if event.category is None else Category(event.category) for event in events.events]
    placed: list[OneShot | None] = [None] * len(classes)
    kinds = sorted(set(classes))
    for number, kind in enumerate(kinds):
        places = [place for place, own in enumerate(classes) if own is kind]
        pool = pools(replace(settings, category=kind))
        takes = min(MOST_TAKES, max(2, -(-len(places) // EVENTS_A_TAKE)))
        for share in pool.fill(takes):
            yield (number + share) / len(kinds)
        for place, shot in zip(places, choose(pool.shots(takes), len(places), settings.seed), strict=True):
            placed[place] = shot
    return [shot for shot in placed if shot is not None]
