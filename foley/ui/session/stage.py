"""The stage of one visitor: the takes that are shown, or the places kept for those that are being drawn."""

import threading
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Stage:
    """`run` numbers what was shown; of `count` places the first hold `takes`, the values of their cards.

    While a run goes on, `title` and `seed` are its class and first seed: what the empty places say. `deleted` counts
    the takes that were deleted from it: with `run` it says which cards are the same as before. While it is `held` only
    the first place is laid out: the page would be busy with the others while the first take waits to be heard.
    """

    run: int = 0
    count: int = 1
    takes: tuple[dict[str, Any], ...] = ()
    title: str = ""
    seed: int = 0
    deleted: int = 0
    held: bool = False

    def __hash__(self) -> int:
        """Gradio shows a stage again when its hash is another; a card's value, a dictionary, has none of its own."""
        return hash(repr(self))

    @property
    def places(self) -> int:
        """How many places are laid out."""
        return 1 if self.held else self.count

    def next_run(self, title: str, count: int, seed: int) -> "Stage":
        """An empty stage for a new run."""
        return Stage(self.run + 1, count, (), title, seed, held=count > 1)

    def released(self) -> "Stage":
        """With all its places laid out."""
        return replace(self, held=False)

    def showing(self, title: str, takes: tuple[dict[str, Any], ...], seed: int) -> "Stage":
        """A stage of finished takes, in the place of what was on it."""
        return Stage(self.run + 1, len(takes), takes, title, seed)

    def with_take(self, value: dict[str, Any]) -> "Stage":
        """One take more."""
        return replace(self, takes=(*self.takes, value))

    def ended(self) -> "Stage":
        """What is left of a run that ended early: the takes that were there, or one empty place."""
        run = self.run if self.takes else self.run + 1
        return Stage(run, max(1, len(self.takes)), self.takes, deleted=self.deleted)

    def without(self, files: Container[str]) -> "Stage":
        """The stage without the takes that were deleted, with the places of those still to come; itself where none
        was.
        """
        takes = tuple(take for take in self.takes if take["file"] not in files)
        gone = len(self.takes) - len(takes)
        if not gone:
            return self
        title = self.title if len(self.takes) < self.count else ""
        return Stage(self.run, max(1, self.count - gone), takes, title, self.seed + gone, self.deleted + gone)


class RunningStage:
    """The stage of a session in which a run draws: the run adds its takes as long as it has the stage. What the
    visitor opens meanwhile stays on it, and what is deleted does not come back. `heard` is set as soon as the page lets
    the first take be heard, `ended` when the run is over.
    """

    def __init__(self, stage: Stage):
        self.now = stage
        self.heard, self.ended = threading.Event(), threading.Event()
        self._run = stage.run
        self._lock = threading.Lock()

    @property
    def is_overtaken(self) -> bool:
        """Whether the visitor has opened something else since the run was asked for."""
        return self.now.run != self._run

    def begin(self, title: str, count: int, seed: int) -> Stage:
        """Clear the stage for the run's takes."""
        with self._lock:
            if not self.is_overtaken:
                self.now = self.now.next_run(title, count, seed)
                self._run = self.now.run
            else:
                self._run = -1
            return self.now

    def draw(self, change: Callable[[Stage], Stage]) -> Stage:
        """What the run does to the stage; nothing where it has it no more."""
        with self._lock:
            if not self.is_overtaken:
                self.now = change(self.now)
                self._run = self.now.run
            return self.now

    def put(self, change: Callable[[Stage], Stage]) -> Stage:
        """What the visitor does to the stage."""
        with self._lock:
            self.now = change(self.now)
            return self.now
