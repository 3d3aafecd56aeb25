"""Turns at the model: one worker does what visitors ask for, a little of each in turn, and says who waits for whom."""

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from queue import Empty, SimpleQueue
from typing import Any

from foley.sampling import Progress

MOST_WAITING, MOST_OF_ONE = 40, 3  # requests: more get a sentence and not a wait
REPORT_INTERVAL_S = 0.2  # without an event, until the next word about it: then a page's run can be stopped
IDLE_S = 30.0  # after which the worker ends; the next request begins another
END = object()


class BusyError(ValueError):
    """So many wait that one more is sent away."""


@dataclass(frozen=True)
class Waiting:
    """A request of which there is nothing to see yet: how many are `before` it; None where its work has begun."""

    before: int | None

    @property
    def words(self) -> str:
        """The place in the queue, for a visitor; empty where the work has begun."""
        if self.before is None:
            return ""
        return f"Waiting for the model: {self.before} before you" if self.before else "Next at the model"


@dataclass(eq=False)
class _Request:
    """What is asked for: `make` gives its events; `stop` is set when nobody wants them any more."""

    who: str
    make: Callable[[], Iterator]
    context: contextvars.Context
    events: Iterator | None = None
    given: SimpleQueue = field(default_factory=SimpleQueue)
    stop: threading.Event = field(default_factory=threading.Event)


class ModelQueue:
    """The queue of a model. Requests come to their turn in the order in which they were made; after each take the
    next one in the queue has a turn, so that whoever asks for many takes does not keep the others waiting.

    The events go to those who asked through queues of their own: while one draws pictures, the model works for another.
    """

    def __init__(self, most_waiting: int = MOST_WAITING, most_of_one: int = MOST_OF_ONE):
        self.most_waiting, self.most_of_one = most_waiting, most_of_one
        self._requests: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None

    def stream(self, make: Callable[[], Iterator], who: str = "") -> Generator[Any]:
        """The events of an iterator that `make` gives, and `Waiting` now and then while none comes.

        Closing the stream stops the work, and does not wait until it has ended: Gradio closes streams where it serves
        all visitors. Raises BusyError when too many wait, or too many requests of `who`, where that is known; and what
        the work raises.
        """
        request = self._join(make, who)
        try:
            while True:
                try:
                    event = request.given.get(timeout=REPORT_INTERVAL_S)
                except Empty:
                    yield Waiting(self._before(request))
                    continue
                if event is END:
                    return
                if isinstance(event, _Failure):
                    raise event.error
                yield event
        finally:
            request.stop.set()
            with self._changed:
                if request in self._requests and request.events is None:
                    self._requests.remove(request)

    def call(self, function: Callable[[], Any], who: str = "") -> Any:
        """What a function returns, called when it is its turn. Raises BusyError as `stream` does."""
        *_, result = self.stream(lambda: iter([function()]), who)
        return result

    def __len__(self) -> int:
        """How many requests there are that nobody has stopped, with the one that is worked for."""
        return sum(not request.stop.is_set() for request in list(self._requests))

    def _join(self, make: Callable[[], Iterator], who: str) -> _Request:
        with self._changed:
            waiting = [request.who for request in self._requests if not request.stop.is_set()]
            if who and waiting.count(who) >= self.most_of_one:
                raise BusyError(f"{self.most_of_one} of your requests wait for the model already: wait, or stop one.")
            if len(waiting) >= self.most_waiting:
                raise BusyError(f"{len(waiting)} others are waiting for the model: try again in a minute.")
            request = _Request(who, make, contextvars.copy_context())
            self._requests.append(request)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, daemon=True, name="model")
                self._worker.start()
            self._changed.notify_all()
        return request

    def _before(self, request: _Request) -> int | None:
        if request.events is not None:
            return None
        with self._changed:
            before = takewhile(lambda other: other is not request, self._requests)
            return sum(not other.stop.is_set() for other in before)

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._requests and not self._changed.wait_for(lambda: self._requests, IDLE_S):
                    self._worker = None
                    return
                stopped = (request for request in self._requests if request.stop.is_set())
                request = next(stopped, self._requests[0])  # what nobody wants any more holds memory: it ends first
            more = request.context.run(_turn, request)
            with self._changed:
                if request in self._requests:
                    self._requests.remove(request)
                if more:
                    self._requests.append(request)


@dataclass(frozen=True)
class _Failure:
    error: BaseException


def _turn(request: _Request) -> bool:
    """Work for a request up to its next take, and say whether there is more to do."""
    try:
        if request.events is None:
            request.events = request.make()
        for event in () if request.stop.is_set() else request.events:
            if request.stop.is_set():
                break
            request.given.put(event)
            if not isinstance(event, Progress):  # while codes are drawn, the sampler's memory is in use
                return True
        _close(request.events)
    except BaseException as error:
        request.given.put(_Failure(error))
    request.given.put(END)
    return False


def _close(events: Iterator) -> None:
    close = getattr(events, "close", None)
    if close:
        close()
