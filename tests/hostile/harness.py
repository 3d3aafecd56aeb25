"""Runs hostile inputs in processes that may be killed, and counts what held."""

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATIENCE_S = 600.0  # for one input, by the clock, on a machine that does other things: then it has not held
START_S = 600.0


class Result(NamedTuple):
    """How many inputs of each area were tried, and what was wrong with those that did not hold."""

    tried: dict[str, int]
    faults: dict[str, list[tuple[int, str]]]
    seconds: float

    @property
    def lines(self) -> list[str]:
        """A line for every input that did not hold."""
        return [f"{area} {number}: {fault}" for area in self.tried for number, fault in sorted(self.faults[area])]

    @property
    def table(self) -> str:
        """Markdown for people."""
        lines = ["| fed with | tried | held |", "| --- | ---: | ---: |"]
        for area, tried in self.tried.items():
            lines.append(f"| {area} | {tried:,} | {tried - len(self.faults[area]):,} |")
        faults = sum(map(len, self.faults.values()))
        lines.append(f"| **all** | **{sum(self.tried.values()):,}** | **{sum(self.tried.values()) - faults:,}** |")
        return "\n".join(lines)


def areas() -> dict[str, int]:
    """The areas and their shares, read without loading what they test."""
    text = (HERE / "entry_points.py").read_text()
    return {name: int(share) for name, share in re.findall(r'^    "([^"]+)": \(\w+, (\d+)\),$', text, re.MULTILINE)}


def run(inputs: int, processes: int = 2) -> Result:
    """Feed about so many inputs, shared among the areas."""
    shares = areas()
    jobs: queue.Queue = queue.Queue()
    tried = {area: round(inputs * share / sum(shares.values())) for area, share in shares.items()}
    for number in range(1, max(tried.values()) + 1):
        for area, most in tried.items():
            if number <= most:
                jobs.put((area, number))
    faults: dict[str, list[tuple[int, str]]] = defaultdict(list)
    began = time.monotonic()
    threads = [threading.Thread(target=_supervise, args=(jobs, faults), daemon=True) for _ in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not jobs.empty():  # each thread says why its processes do not start; a table would say that all was tried
        raise RuntimeError(f"{jobs.qsize()} inputs were not fed: the suite's processes do not start.")
    return Result(tried, faults, time.monotonic() - began)


def _supervise(jobs: queue.Queue, faults: dict[str, list[tuple[int, str]]]) -> None:
    """Give one process after the other its inputs, until there are none left."""
    while not jobs.empty():
        with _Worker() as worker:
            for area, number in _taken(jobs):
                fault = worker.fed(area, number)
                if fault:
                    faults[area].append((number, fault))
                if worker.gone:
                    break


def _taken(jobs: queue.Queue) -> Iterator[tuple[str, int]]:
    while True:
        try:
            yield jobs.get_nowait()
        except queue.Empty:
            return


class _Worker:
    """A process that feeds inputs, and a thread that reads what it answers."""

    def __enter__(self) -> "_Worker":
        paths = [str(ROOT), str(ROOT / "tests"), str(HERE)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.answers: queue.Queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.gone = False
        if self._answer(START_S) != "ready":
            self.process.kill()
            raise RuntimeError(f"The hostile suite's process does not start: {self.process.stderr.read()[-2000:]}")
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()

    def fed(self, area: str, number: int) -> str | None:
        """Feed an input. Returns what was wrong, or None."""
        try:
            self.process.stdin.write(json.dumps([area, number]) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self._answer(PATIENCE_S)
        if answer is None:
            self.gone = True
            code = self.process.poll()
            return f"no end within {PATIENCE_S:g} s" if code is None else f"the process died with {code}"
        return answer[2]

    def _answer(self, seconds: float):
        try:
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def _read(self) -> None:
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put(None)
