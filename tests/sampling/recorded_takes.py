"""What takes of the shipped model are, to the bit: hashes of codes and samples of seeds 1 to 5 of every class.

Another kind of processor, or another version of torch, may round a last bit otherwise: so a record says what it was
made with. After weights have changed on purpose, or on a new kind of machine, record them with

    python tests/sampling/recorded_takes.py
"""

import hashlib
import json
import platform
from pathlib import Path

import llvmlite.binding
import torch

from foley import Foley
from foley.categories import Category
from foley.checkpoints import checkpoint_hash
from foley.resources import SHIPPED_MODEL

RECORDS = Path(__file__).with_suffix(".json")
SEEDS = range(1, 6)


def machine() -> str:
    """What rounding depends on: the kind of processor, what torch and the compiler make of it, torch's version."""
    capability = torch.backends.cpu.get_cpu_capability()
    processor = llvmlite.binding.get_host_cpu_name()
    return f"{platform.machine()} {processor}, {capability}, torch {torch.__version__.split('+')[0]}"


def hashes() -> dict[str, list[str]]:
    """By class and seed: short hashes of codes (int64) and samples (float32) of a take of the shipped model."""
    foley = Foley.from_pretrained(device="cpu")
    found = {}
    for category in Category:
        takes = foley.generate(category, seed=SEEDS.start, count=len(SEEDS))
        for seed, take in zip(SEEDS, takes, strict=True):
            parts = take.codes.numpy().astype("<i8"), take.waveform.numpy().astype("<f4")
            found[f"{category.name} {seed}"] = [hashlib.sha256(part.tobytes()).hexdigest()[:16] for part in parts]
    return found


def records() -> dict:
    """What was recorded: the weights, and the hashes by machine."""
    return json.loads(RECORDS.read_text(encoding="utf-8"))


def record() -> None:
    """Add this machine to the records, or replace what they say of it; other weights begin a new file."""
    weights = checkpoint_hash(SHIPPED_MODEL)
    machines = records()["machines"] if RECORDS.is_file() and records()["weights"] == weights else {}
    content = {"weights": weights, "machines": machines | {machine(): hashes()}}
    RECORDS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
