"""How a run is told to end: SIGTERM or Ctrl-C lets it finish its step and keep a checkpoint."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class Stop:
    """Hears SIGTERM and SIGINT while it is entered.

    Inside `gently()` they only set `wanted`, which the loop looks at after every step; elsewhere, and at a second
    Ctrl-C, they raise KeyboardInterrupt at once: then nothing is lost but what was being computed. A second SIGTERM
    is no hurry: launchers pass one on to processes that have had their Ctrl-C from the terminal already.
    """

    def __init__(self) -> None:
        self.wanted, self._gentle = False, False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def gently(self) -> Iterator[None]:
        """While inside, the first signal waits until the loop looks."""
        self._gentle = True
        try:
            yield
        finally:
            self._gentle = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if not self._gentle or (self.wanted and number == signal.SIGINT):
            raise KeyboardInterrupt
        self.wanted = True
