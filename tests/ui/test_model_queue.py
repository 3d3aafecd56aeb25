"""Turns at the model: fair to all who wait, stopped at once, and never held by what happens to the sounds."""

import itertools
import threading
import time

import pytest
import torch

from foley.conditions.asked import Asked
from foley.pipeline import Foley
from foley.sampling import Progress
from foley.ui import studio
from foley.ui.session.model_queue import BusyError, ModelQueue, Waiting

DRAWING = Progress(1, 2, torch.zeros(1, 2, 2, dtype=torch.long))


def takes(name: str, count: int, log: list, work_s: float = 0.0, drawing: int = 2):
    """A request for `count` takes, whose codes are drawn together first, as the pipeline's are."""
    try:
        for _ in range(drawing):
            log.append((name, "codes"))
            time.sleep(work_s)
            yield DRAWING
        for number in range(count):
            time.sleep(work_s)
            log.append((name, number))
            yield f"{name}{number}"
    finally:
        log.append((name, "closed"))


def consume(queue: ModelQueue, make, found: list) -> threading.Thread:
    thread = threading.Thread(target=lambda: found.extend(queue.stream(make)), daemon=True)
    thread.start()
    return thread


def wait_until(what) -> None:
    due = time.monotonic() + 10
    while not what():
        assert time.monotonic() < due
        time.sleep(0.002)


def test_all_events_come_in_their_order():
    log: list = []
    assert list(ModelQueue().stream(lambda: takes("a", 3, log))) == [DRAWING, DRAWING, "a0", "a1", "a2"]
    assert log[-1] == ("a", "closed")


def test_who_asks_for_64_takes_does_not_keep_another_waiting():
    queue, log = ModelQueue(), []
    many = consume(queue, lambda: takes("many", 64, log, 0.005), [])
    wait_until(lambda: ("many", 3) in log)
    few = consume(queue, lambda: takes("few", 2, log, 0.005), [])
    few.join(10)
    assert sum(who == "many" for who, _ in log) < 20
    many.join(20)
    assert [number for who, number in log if who == "many" and isinstance(number, int)] == list(range(64))


def test_codes_are_drawn_by_one_at_a_time_for_the_sampler_has_one_memory():
    queue, log = ModelQueue(), []
    threads = [consume(queue, lambda name=name: takes(name, 3, log, 0.002, drawing=5), []) for name in "abc"]
    for thread in threads:
        thread.join(10)
    order = [who for who, what in log if what == "codes"]
    assert len(order) == 15
    assert sum(one != two for one, two in itertools.pairwise(order)) == 2


def test_pictures_do_not_take_the_time_of_the_model():
    queue, log = ModelQueue(), []
    stream = queue.stream(lambda: takes("slow", 4, log))
    assert next(stream) == DRAWING  # and this visitor's page is busy now
    wait_until(lambda: ("slow", "closed") in log)
    assert list(queue.stream(lambda: takes("quick", 1, log)))[-1] == "quick0"
    assert list(stream)[-1] == "slow3"


@pytest.mark.machine
def test_who_waits_is_told_the_place_and_can_go():
    queue, log, gate = ModelQueue(), [], threading.Event()

    def held():
        yield DRAWING
        gate.wait(10)
        yield "held"

    first = consume(queue, held, [])
    wait_until(lambda: len(queue) == 1)
    others = [queue.stream(lambda name=name: takes(name, 1, log)) for name in "ab"]
    places = [next(stream) for stream in others]
    assert places == [Waiting(1), Waiting(2)]
    assert "1 before you" in places[0].words
    began = time.monotonic()
    others[0].close()
    assert time.monotonic() - began < 0.5
    assert next(others[1]) == Waiting(1)
    gate.set()
    first.join(10)
    assert list(others[1])[-1] == "b0"
    assert not any(who == "a" for who, _ in log)


@pytest.mark.machine
def test_closing_a_stream_stops_the_work_and_the_next_has_its_turn():
    queue, log = ModelQueue(), []
    stream = queue.stream(lambda: takes("a", 50, log, 0.01))
    assert next(stream) == DRAWING
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 0.5
    wait_until(lambda: ("a", "closed") in log)
    assert len(queue) == 0
    assert queue.call(lambda: 7) == 7


def test_closing_a_stream_waits_for_nothing_for_whoever_closes_it_serves_all_visitors():
    queue, gate = ModelQueue(), threading.Event()

    def held():
        yield DRAWING
        gate.wait(10)
        yield "held"

    stream = queue.stream(held)
    assert next(stream) == DRAWING
    stream.close()
    assert not gate.is_set(), "its work has not ended, and still it is closed"
    assert len(queue) == 0, "what is stopped stands in nobody's way"
    gate.set()


def test_what_has_begun_and_has_no_turn_can_be_stopped_too_and_ends_before_the_next_turn():
    queue, log, ready, gate = ModelQueue(), [], threading.Event(), threading.Event()

    def few():
        try:
            ready.wait(10)
            yield "few0"
            yield "few1"
        finally:
            log.append("few closed")

    def long():
        log.append("long began")
        gate.wait(10)
        yield "long0"
        log.append("long goes on")
        yield "long1"

    stopped = queue.stream(few)
    assert next(stopped) == Waiting(None), "it is at work, and nothing has come yet"
    other = consume(queue, long, [])
    wait_until(lambda: len(queue) == 2)
    ready.set()
    assert next(event for event in stopped if not isinstance(event, Waiting)) == "few0"
    wait_until(lambda: log == ["long began"])
    waiting = next(stopped)
    assert (waiting, waiting.words) == (Waiting(None), "")
    stopped.close()
    gate.set()
    other.join(10)
    assert log == ["long began", "few closed", "long goes on"]


def test_what_the_work_raises_reaches_who_asked_and_nobody_else():
    queue = ModelQueue()

    def broken():
        yield DRAWING
        raise ValueError("It rained.")

    with pytest.raises(ValueError, match="It rained"):
        list(queue.stream(broken))
    with pytest.raises(ZeroDivisionError):
        queue.call(lambda: 1 // 0)
    assert queue.call(lambda: "dry") == "dry"


def test_too_many_are_sent_away_with_a_sentence():
    queue, gate = ModelQueue(most_waiting=2), threading.Event()
    threads = [consume(queue, lambda: iter([gate.wait(10)]), []) for _ in range(2)]
    wait_until(lambda: len(queue) == 2)
    with pytest.raises(BusyError, match="2 others are waiting"):
        queue.call(lambda: 1)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert queue.call(lambda: 1) == 1


def test_a_program_that_asks_for_many_takes_gets_the_very_same_in_parts(checkpoint):
    foley, sizes = Foley.from_pretrained(checkpoint, "cpu"), []
    takes = []
    for event in studio._stream_in_parts(foley, "Rain", 5, 1.0, 11, 0, 0.98, Asked()):
        sizes.append(event.codes.shape[0]) if isinstance(event, Progress) else takes.append(event)
    assert max(sizes) == studio.DRAWN_TOGETHER
    together = foley.generate("Rain", seed=5, temperature=1.0, count=11, top_k=0, top_p=0.98)
    assert [take.seed for take in takes] == list(range(5, 16))
    assert all(torch.equal(one.waveform, other.waveform) for one, other in zip(takes, together, strict=True))


@pytest.mark.parametrize(("seed", "count"), [(0, 65), (0, 0), (2**63 - 5, 20)])
def test_a_call_that_cannot_be_is_refused_as_a_whole(checkpoint, seed, count):
    foley = Foley.from_pretrained(checkpoint, "cpu")
    events = studio._stream_in_parts(foley, "Rain", seed, 1.0, count, 0, 0.98, Asked())
    with pytest.raises(ValueError, match=r"takes were asked for|The seed is"):
        next(events)
