"""The stage of one visitor: the takes that are shown, or the places kept for those that are being drawn."""

from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Stage:
    """`run` numbers what was shown; of `count` places the first hold `takes`, the values of their cards.

    While a run goes on, `title` and `seed` are its class and first seed: what the empty places say.
    """

    run: int = 0
    count: int = 1
    takes: tuple[dict[str, Any], ...] = ()
    title: str = ""
    seed: int = 0

    def __hash__(self) -> int:
        """Gradio shows a stage again when its hash is another; a card's value, a dictionary, has none of its own."""
        return hash(repr(self))

    def next_run(self, title: str, count: int, seed: int) -> "Stage":
        """An empty stage for a new run."""
        return Stage(self.run + 1, count, (), title, seed)

    def with_take(self, value: dict[str, Any]) -> "Stage":
        """One take more."""
        return replace(self, takes=(*self.takes, value))

    def with_pictures(self, number: int, pictures: dict[str, Any]) -> "Stage":
        """The take of that number with its pictures, which come after its sound."""
        takes = list(self.takes)
        takes[number] = takes[number] | pictures
        return replace(self, takes=tuple(takes))

    def ended(self) -> "Stage":
        """What is left of a run that ended early: the takes that were there, or one empty place."""
        return Stage(self.run if self.takes else self.run + 1, max(1, len(self.takes)), self.takes)

    def without(self, files: Container[str]) -> "Stage":
        """The stage without the takes that were deleted; itself where none was."""
        takes = tuple(take for take in self.takes if take["file"] not in files)
        return self if len(takes) == len(self.takes) else Stage(self.run + 1, max(1, len(takes)), takes)
