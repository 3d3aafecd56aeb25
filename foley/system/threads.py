"""How torch's threads work. What is set on import has to be set before torch is loaded, so `foley` imports this first.

Threads of OpenMP spin for milliseconds before they sleep. Alone that costs nothing; beside another job (a training and
the page that listens to it) each spins away what the other needs: on two cores, two trainings of two threads each took
up to twenty times longer a step. A few microseconds of spinning are as fast alone and leave the rest to others.
"""

import os
from collections.abc import Callable
from functools import wraps

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
