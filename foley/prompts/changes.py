"""A reading mended by hand: pieces taken back or given another value, named so that they outlive a longer sentence."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from foley.categories import Category
from foley.prompts.reading import Piece, Prompt
from foley.prompts.tokens import PromptError

# a piece's key and its new value; None takes the piece back
Change = tuple[str, Any]

MOST_DB, MOST_S, MOST_WHOLE = 40.0, 3600.0, 2**63 - 1


def keyed(prompt: Prompt) -> Iterator[tuple[str, Piece]]:
    """Each piece with its key: its kind, its words, and its number among those of the same kind and words.

    As long as the words stay in the sentence, the key stays, whatever is written before or after them.
    """
    seen: Counter[str] = Counter()
    for piece in prompt.pieces:
        said = f"{piece.kind}/{prompt.words(piece).lower()}"
        yield f"{said}/{seen[said]}", piece
        seen[said] += 1


def changed(prompt: Prompt, changes: Sequence[Change]) -> Prompt:
    """The reading with its changes. Raises PromptError as `pieces_after`."""
    return replace(prompt, pieces=tuple(pieces_after(prompt, changes).values()))


def pieces_after(prompt: Prompt, changes: Sequence[Change]) -> dict[str, Piece]:
    """The pieces that are left, by their keys in the reading as it was; changes of words that are gone say nothing.

    What says the same twice (a class, a tag) is changed in both places. Raises PromptError for a value that a piece
    cannot have.
    """
    before, wanted = dict(keyed(prompt)), dict(changes)
    after = dict(before)
    for key in wanted.keys() & before.keys():
        for alike in [other for other, piece in before.items() if same(piece, before[key])]:
            if wanted[key] is None:
                after.pop(alike, None)
            elif alike in after:
                after[alike] = replace(before[alike], value=_value(before[alike], wanted[key]))
    return after


def same(one: Piece, other: Piece) -> bool:
    """Whether two pieces say the same of the same events."""
    return (one.kind, one.value, one.group) == (other.kind, other.value, other.group)


def _value(piece: Piece, value: Any) -> Any:
    if piece.kind not in _CHECKS:
        raise PromptError(f"“{piece.label}” can be taken back, but not changed.")
    try:
        return _CHECKS[piece.kind](piece, value)
    except (TypeError, ValueError, OverflowError):
        raise PromptError(f"“{piece.label}” cannot be changed to {str(value)[:30]!r}.") from None


def _number(low: float, high: float) -> Callable[[Piece, Any], float]:
    def check(_: Piece, value: Any) -> float:
        number = float(value)
        if isinstance(value, bool) or not low <= number <= high:  # nan is not, either
            raise ValueError
        return number

    return check


def _whole(low: int, high: int) -> Callable[[Piece, Any], int]:
    def check(_: Piece, value: Any) -> int:
        if isinstance(value, bool) or not math.isfinite(float(value)) or int(value) != float(value):
            raise ValueError
        if not low <= int(value) <= high:
            raise ValueError
        return int(value)

    return check


def _one_of(*values: str) -> Callable[[Piece, Any], str]:
    def check(_: Piece, value: Any) -> str:
        if value not in values:
            raise ValueError
        return value

    return check


def _knob(piece: Piece, value: Any) -> tuple[str, float]:
    return piece.value[0], _number(0, 1)(piece, value)


def _tag(_: Piece, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 40:
        raise ValueError
    return value


_CHECKS: dict[str, Callable[[Piece, Any], Any]] = {
    "class": lambda _, value: Category.parse(value),
    "takes": _whole(1, 64),
    "count": _whole(1, 10_000),
    "pace": _one_of("slow", "fast"),
    "every": _number(0.01, MOST_S),
    "after": _number(0, MOST_S),
    "level": _number(-MOST_DB, MOST_DB),
    "ramp": _number(-MOST_DB, MOST_DB),
    "knob": _knob,
    "tag": _tag,
    "duration": _number(0.01, MOST_S),
    "temperature": _number(0, 2),
    "seed": _whole(0, MOST_WHOLE),
}
