"""The recipe of a performance as plain values in a file: checked against types before anything is made of it."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from foley.categories import Category
from foley.conditions.asked import asked_of
from foley.perform.events import LONGEST_S, MOST_EVENTS, Event, EventError, EventList, LevelCurve
from foley.perform.settings import PerformanceSettings
from foley.system.validation import Text, first_problem

VERSION = 1
MOST_LEVELS = 300_000  # of a level curve: a thousand a second, as long as a performance can be

Number = Annotated[float, Field(ge=-1e9, le=1e9)]


def _with_knobs(row: Any) -> Any:
    return [*row, None] if isinstance(row, list) and len(row) == 3 else row


# time, strength, class, knobs; an event without knobs of its own has three values
Row = Annotated[
    tuple[Number, Number, Annotated[int, Field(ge=0, lt=len(Category))] | None, dict[Text, float] | None],
    BeforeValidator(_with_knobs),
]


class _Curve(BaseModel):
    rate: Annotated[float, Field(gt=0, le=1000)]
    levels_db: Annotated[tuple[Number, ...], Field(min_length=1, max_length=MOST_LEVELS)]


class _Recipe(BaseModel):
    category: Text | int
    seed: int
    way: Text
    temperature: Number
    top_k: int
    top_p: Number
    knobs: dict[Text, float] | None = None  # not in recipes of older versions
    duration_s: Annotated[float, Field(gt=0, le=LONGEST_S)]
    events: Annotated[tuple[Row, ...], Field(max_length=MOST_EVENTS)]
    curve: _Curve | None
    model: Text = ""
    licence: Text = ""


def from_recipe(recipe: dict[str, Any]) -> tuple[EventList, PerformanceSettings]:
    """The events and settings of a performance's recipe. Raises EventError when it is none."""
    try:
        if recipe["performance"] != VERSION:
            raise EventError("The performance was written by a newer foley studio: bring this one up to date.")
        stored = _Recipe.model_validate(recipe)
        curve = None if stored.curve is None else LevelCurve(stored.curve.levels_db, stored.curve.rate)
        events = EventList(tuple(_event(*row) for row in stored.events), stored.duration_s, curve)
        names = ("category", "seed", "way", "temperature", "top_k", "top_p")
        settings = {name: getattr(stored, name) for name in names}
        return events, PerformanceSettings(**settings, knobs=tuple(asked_of(stored.knobs).knobs.items()))
    except ValidationError as error:
        raise _unreadable(first_problem(error)) from None
    except EventError:
        raise
    except (KeyError, ValueError) as error:
        raise _unreadable(str(error).rstrip(".")) from None


def _unreadable(why: str) -> EventError:
    return EventError(f"The performance's recipe cannot be read ({why}): it was changed or cut off.")


def _event(time: float, strength: float, category: int | None, knobs: dict[str, float] | None) -> Event:
    return Event(time, strength, category, tuple(asked_of(knobs).knobs.items()))
