"""What a sentence was understood as: pieces, each with the words it came from, and the typed reading they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from foley.categories import Category

# the kinds of pieces, in the order in which they are shown
KINDS = (
    "class", "other", "takes", "count", "pace", "every", "at", "after", "level", "ramp", "tempo", "knob", "tag",
    "duration", "loop", "temperature", "seed", "unknown",
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """One thing that was understood, or a word that was not (`unknown`).

    `value` is what it says: a Category, a number, (knob, value), a list of times. `group` is the number of the events
    that it speaks of, counted from 0. `start` and `end` are its characters in the sentence; `vague`: the words gave no
    number, and one was taken.
    """

    kind: str
    value: Any
    start: int
    end: int
    group: int = 0
    vague: bool = False

    @property
    def label(self) -> str:
        """What it says, for people: `pitch 0.20`, `every 0.5 s`."""
        return _LABELS.get(self.kind, lambda value: f"{self.kind} {value}")(self.value)


@dataclass(frozen=True)
class EventGroup:
    """Events in a row: how many, how they follow each other, and how loud.

    `every`, `at` and `after` are seconds: from event to event, from the beginning of the sound, and of pause before the
    first; `level` is dB against the group before, `ramp` dB from the first event to the last, `tempo` the last interval
    as a multiple of the first. None, empty or 0 leaves it as it comes. `knobs` are for this group alone.
    """

    count: int | None = None
    pace: str = ""
    every: float | None = None
    at: tuple[float, ...] = ()
    after: float | None = None
    level: float = 0.0
    ramp: float = 0.0
    tempo: float = 1.0
    knobs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Prompt:
    """A sentence and what was understood of it. Everything is read from the pieces: drop one, and it is taken back."""

    text: str
    pieces: tuple[Piece, ...] = ()

    def without(self, piece: Piece) -> "Prompt":
        """The same reading with one piece taken back."""
        return replace(self, pieces=tuple(kept for kept in self.pieces if kept is not piece))

    def with_value(self, piece: Piece, value: Any) -> "Prompt":
        """The same reading with another value for one of its pieces."""
        changed = replace(piece, value=value)
        return replace(self, pieces=tuple(changed if kept is piece else kept for kept in self.pieces))

    def words(self, piece: Piece) -> str:
        """The words a piece came from."""
        return self.text[piece.start : piece.end]

    @property
    def category(self) -> Category | None:
        """The class of the sound, or None when no word names one."""
        return self._one("class")

    @property
    def others(self) -> tuple[Category, ...]:
        """Further classes that are named."""
        return tuple(dict.fromkeys(self._all("other")))

    @property
    def takes(self) -> int:
        return self._one("takes", 1)

    @property
    def seed(self) -> int | None:
        return self._one("seed")

    @property
    def duration_s(self) -> float | None:
        return self._one("duration")

    @property
    def loop(self) -> bool:
        return bool(self._all("loop"))

    @property
    def temperature(self) -> float | None:
        return self._one("temperature")

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted(set(self._all("tag"))))

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words that were not understood, in their order."""
        return tuple(self.words(piece) for piece in self.pieces if piece.kind == "unknown")

    @property
    def knobs(self) -> dict[str, float]:
        """Knobs from 0 to 1 for the whole sound; of two words for one knob the later counts."""
        return dict(piece.value for piece in self.pieces if piece.kind == "knob" and not piece.group)

    @cached_property
    def groups(self) -> tuple[EventGroup, ...]:
        """The events, group by group; empty when the sentence says nothing of them."""
        kinds = ("count", "pace", "every", "at", "after", "level", "ramp", "tempo")
        found: dict[int, dict[str, Any]] = {}
        for piece in self.pieces:
            if piece.kind == "at":
                own = found.setdefault(piece.group, {})
                own["at"] = own.get("at", ()) + piece.value
                own["count"] = max(own.get("count", 0), len(own["at"]))
            elif piece.kind in kinds:
                found.setdefault(piece.group, {})[piece.kind] = piece.value
            elif piece.kind == "knob" and piece.group:
                found.setdefault(piece.group, {}).setdefault("knobs", {})[piece.value[0]] = piece.value[1]
        return tuple(EventGroup(**found[number]) for number in sorted(found))

    def _all(self, kind: str) -> list[Any]:
        return [piece.value for piece in self.pieces if piece.kind == kind]

    def _one(self, kind: str, default: Any = None) -> Any:
        values = self._all(kind)
        return values[-1] if values else default


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


_LABELS = {
    "class": lambda value: value.title,
    "other": lambda value: f"also {value.title}",
    "takes": lambda value: f"{value} takes",
    "count": _times,
    "pace": lambda value: value,
    "every": lambda value: f"every {value:g} s",
    "at": lambda value: "at " + ", ".join(f"{time:g}" for time in value) + " s",
    "after": lambda value: f"after {value:g} s",
    "level": lambda value: f"{value:+g} dB",
    "ramp": lambda value: f"{value:+g} dB to the end",
    "tempo": lambda value: "faster and faster" if value < 1 else "slower and slower",
    "knob": lambda value: f"{value[0]} {value[1]:.2f}",
    "tag": lambda value: str(value),
    "duration": lambda value: f"{value:g} s long",
    "loop": lambda value: "loop",
    "temperature": lambda value: f"temperature {value:g}",
    "seed": lambda value: f"seed {value}",
    "unknown": lambda value: f"not understood: {value}",
}
