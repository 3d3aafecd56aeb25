"""How torch's threads work. What is set on import has to be set before torch is loaded, so `foley` imports this first.

Threads of OpenMP spin for milliseconds before they sleep. Alone that costs nothing; beside another job (a training and
the page that listens to it) each spins away what the other needs: on two cores, two trainings of two threads each took
up to twenty times longer a step. A few microseconds of spinning are as fast alone and leave the rest to others.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import TypeVar

Item, Result = TypeVar("Item"), TypeVar("Result")
SPINS = "2000"
DETERMINISTIC_THREADS = 2  # threads of what has to come out the same everywhere

if "OMP_WAIT_POLICY" not in os.environ:  # whoever has set how to wait knows better
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def deterministic_threads(function: Callable) -> Callable:
    """A function whose sums are parted among as many threads on every machine: others round otherwise."""

    @wraps(function)
    def in_one_way(*arguments, **settings):
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(DETERMINISTIC_THREADS)
        try:
            return function(*arguments, **settings)
        finally:
            torch.set_num_threads(before)

    return in_one_way


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What a function makes of each item, in their order, computed side by side on all cores.

    For work that leaves Python's lock to others: torch, numpy, files. Every item is computed by one thread, so that
    results do not depend on how many there are. What raises ends it, and so does whoever stops listening.
    """
    import torch

    before, items = torch.get_num_threads(), list(items)
    workers = max(1, min(len(items), usable_cores()))
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)  # of threads to come: the workers have set it for all


def usable_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
