"""Kills, full disks, folders that cannot be written and a hub that goes away: what was shown must still be there."""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import torch
from disks import full_disk, unwritable, vanished
from kills import kills
from lost_hub import lost_hub
from tiny import tiny_checkpoint

from foley import Foley

OTHERS = {
    "a disk that is full half-way (18 places)": full_disk,
    "a library that cannot be written": unwritable,
    "a library that vanishes and comes back": vanished,
    "the hub lost in mid-download": lost_hub,
}


def prepared(folder: Path) -> Foley:
    """The tiny model. It is not used before children are forked: what has begun threads cannot be."""
    torch.set_num_threads(1)
    return Foley.from_pretrained(tiny_checkpoint(folder / "tiny"), "cpu", sampler_backend="torch")


class Result(NamedTuple):
    """What happened how often, and a line for everything that was lost or half-written."""

    times: dict[str, tuple[int, int]]  # of each fault: how often, and how often something was wrong
    lines: list[str]
    seconds: float

    @property
    def table(self) -> str:
        """Markdown for people."""
        rows = [f"| {name} | {times} | {wrong} |" for name, (times, wrong) in self.times.items()]
        return "\n".join(["| fault | times | something lost or half-written |", "| --- | ---: | ---: |", *rows])


def run(number: int) -> Result:
    """So many kills, and every other fault."""
    times, lines, began = {}, [], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        foley = prepared(Path(folder))
        for name, (useful, wrong) in kills(number, foley).items():
            times[f"kill -9 during: {name}"] = (useful, len(wrong))
            lines += [f"{name}: {words}" for words in wrong]
        for name, check in OTHERS.items():
            wrong = check(foley)
            times[name] = (1, len(wrong))
            lines += wrong
    return Result(times, lines, time.monotonic() - began)
