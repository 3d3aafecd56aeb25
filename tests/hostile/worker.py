"""One process of the hostile suite: feeds inputs by number within bounds of memory, and says how each one went."""

import json
import logging
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from entry_points import AREAS
from kit import Kit, NotHeldError

MEMORY_BYTES = int(1.5 * 2**30)  # above what the process has when it is ready
CPU_S = 5.0  # for one input
LONGEST = 600  # characters of a sentence
OURS = tuple(str(Path(__file__).resolve().parents[2] / room) for room in ("foley", "training", "tests"))


def fault_of(error: BaseException) -> str | None:
    """What is wrong with an error that an input raised; None where it is one sentence of ours."""
    words = str(error)
    if isinstance(error, NotHeldError):
        return words
    if not _is_ours(error) and not isinstance(error, OSError):
        return f"{type(error).__name__}: {words[:150]}"
    if "\n" in words or not words or len(words) > LONGEST:
        return f"no sentence: {words[:150]!r}"
    if isinstance(error, OSError) and not error.filename:
        return f"an OSError without a file: {words[:150]}"
    return None


def _is_ours(error: BaseException) -> bool:
    """Whether it is a ValueError that we raised, and none that a library raised and nobody caught."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    plain = type(error) is ValueError or (isinstance(error, ValueError) and type(error).__module__.startswith("foley."))
    return plain and frame.f_code.co_filename.startswith(OURS)


def feed(area: str, number: int, kit: Kit) -> str | None:
    """Feed one input. Returns what was wrong, or None."""
    chance = random.Random(f"{area} {number}")
    folder = Path(tempfile.mkdtemp(dir=kit.folder))
    began = time.process_time()
    try:
        AREAS[area][0](chance, kit, folder)
        fault = None
    except MemoryError:
        fault = "out of memory"
    except Exception as error:
        fault = fault_of(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if fault is None and time.process_time() - began > CPU_S:
        fault = f"took {time.process_time() - began:.1f} s of CPU"
    return fault


def bound_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def work() -> None:
    """Take lines `["area", number]` from standard input; answer `["area", number, fault]` to each."""
    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # codecs written in C print what they think
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with tempfile.TemporaryDirectory() as folder:
        kit = Kit.made(Path(folder))
        for area in AREAS:  # whatever is loaded late is loaded before memory is bounded
            feed(area, 0, kit)
        bound_memory()
        print(json.dumps("ready"), file=answers, flush=True)
        for line in sys.stdin:
            area, number = json.loads(line)
            print(json.dumps([area, number, feed(area, number, kit)]), file=answers, flush=True)


if __name__ == "__main__":
    work()
