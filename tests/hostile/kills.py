"""Kills at random moments: what was shown or saved before one must still be there, and nothing may be half there.

A kill counts when something had been shown or saved before it. Children are forked from one process that has
everything loaded: so a kill costs a second, and not a start.
"""

import json
import os
import random
import select
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from handmade import handmade_take

from foley import Foley
from foley.categories import Category
from foley.dataset import load_dataset
from foley.evaluation.sounds import KeptSounds
from foley.presets import STUDIO
from foley.takes.export import FORMATS, ExportSettings, export
from foley.takes.library import Library
from foley.takes.recipe import Recipe
from training.cache import Cache


@dataclass(frozen=True)
class Place:
    """Where a child works: an empty folder, and the tiny model that all of them use."""

    folder: Path
    foley: Foley


MOST_FAULTS = 10  # of one kind: then it is broken, and more kills tell no more
FIRST_SHOWN_WITHIN_S = 120.0  # of a child that begins
Shown = dict[str, Any]  # what a child says once something is saved: plain values
Work = Callable[[Place], Iterator[Shown]]
# raises AssertionError where something shown is gone, or half of a thing is there
Check = Callable[[Place, list[Shown]], None]


def generate(place: Place) -> Iterator[Shown]:
    for seed in range(1000):
        take = place.foley.generate(Category(seed % 7), seed=seed)[0]
        yield {"file": str(take.save(place.folder))}


def check_takes(place: Place, shown: list[Shown]) -> None:
    for each in shown:
        _whole(Path(each["file"]), place.foley)
    for path in place.folder.glob("[!.]*.*"):
        _whole(path, place.foley)


def export_takes(place: Place) -> Iterator[Shown]:
    for number in range(100_000):
        settings = ExportSettings(list(FORMATS)[number % len(FORMATS)], sample_rate=48_000, template="same")
        yield {"file": str(export(handmade_take(seed=number, seconds=0.3), place.folder, settings))}


def write_library(place: Place) -> Iterator[Shown]:
    library = Library(place.folder)
    for number in range(100_000):
        entry = library.add(handmade_take(seed=1, seconds=0.1, edits=(f"number {number}",)))
        yield {"file": entry.file, "edits": [f"number {number}"], "star": False, "name": ""}
        library.change(entry.file, star=True, name=f"name {number}")
        yield {"file": entry.file, "edits": [f"number {number}"], "star": True, "name": f"name {number}"}
        if number % 5 == 4:
            library.delete([entry.file])
            yield {"file": entry.file, "deleted": True}


def check_library(place: Place, shown: list[Shown]) -> None:
    entries = {entry.file: entry for entry in Library(place.folder).entries()}
    last = {each["file"]: each for each in shown}
    latest = shown[-1]
    for file, each in last.items():
        doing = each is latest  # what came after it may have been done, and not shown any more
        if "deleted" in each:
            assert file not in entries or doing, f"{file} was deleted and is there"
            continue
        assert file in entries or doing, f"{file} was shown and is gone"
        if file not in entries:
            continue
        entry = entries[file]
        assert list(entry.edits) == each["edits"], f"{file} is another take"
        assert Recipe.read(place.folder / file).edits == entry.edits
        if each["star"]:
            assert entry.star, f"{file} lost its star"
            assert entry.name == each["name"], f"{file} lost its name"
    assert not Library(place.folder).left_out, "half a file was listed"


def fill_cache(place: Place) -> Iterator[Shown]:
    """What is computed of a dataset once: a dataset read, arrays of its clips kept."""
    sounds = place.folder / "sounds" / "Rain"
    sounds.mkdir(parents=True, exist_ok=True)
    for number in range(100_000):
        handmade_take(seed=number, seconds=0.1).save(sounds / f"{number}.wav")
        clips = load_dataset(sounds.parent, STUDIO.audio).clips if number < 3 else []

        def fill(array: np.ndarray, number: int = number) -> None:
            for row in range(len(array)):
                array[row] = number

        Cache(place.folder / "cache").array(f"clips{number}", [number, len(clips)], (64, 5000), "int32", fill)
        yield {"number": number, "clips": len(clips)}


def check_cache(place: Place, shown: list[Shown]) -> None:
    def never(array: np.ndarray) -> None:
        raise AssertionError("an array that was shown is computed again")

    for each in shown:
        key = [each["number"], each["clips"]]
        array = Cache(place.folder / "cache").array(f"clips{each['number']}", key, (64, 5000), "int32", never)
        assert (array == each["number"]).all(), "half an array was taken for whole"
    for path in (place.folder / "cache").glob("[!.]*.npy"):
        array = np.load(path, mmap_mode="r")
        assert (array == array[0, 0]).all(), "half an array was taken for whole"


def evaluate(place: Place) -> Iterator[Shown]:
    """The sounds of an evaluation: each is made once, also by an evaluation that goes on."""
    for category in Category:
        for sound in KeptSounds(place.folder, place.foley).takes(category, range(4), 1.0, 1.0):
            yield {"file": str(sound.path), "sum": float(sound.waveform.double().sum())}


def check_evaluation(place: Place, shown: list[Shown]) -> None:
    for each in shown:
        data, _ = soundfile.read(each["file"], dtype="float32")
        assert float(data.astype(np.float64).sum()) == each["sum"], "a sound that was shown is another"
    for path in (place.folder / "sounds").rglob("[!.]*.wav"):
        _whole(path, place.foley)


def _whole(path: Path, foley: Foley) -> None:
    recipe = Recipe.read(path)
    data, rate = soundfile.read(path)
    assert len(data) == round(soundfile.info(path).duration * rate) > 0
    if recipe.model == foley.name and not recipe.export:
        assert len(data) == foley.preset.audio.samples, f"{path} is cut off"


KILLED: dict[str, tuple[Work, Check, int]] = {  # with their share of the kills, of 100
    "generate": (generate, check_takes, 15),
    "export": (export_takes, check_takes, 25),
    "writing to the library": (write_library, check_library, 30),
    "dataset and its cache": (fill_cache, check_cache, 20),
    "evaluate": (evaluate, check_evaluation, 10),
}


def kill_once(work: Work, check: Check, foley: Foley, chance: random.Random) -> tuple[bool, str | None]:
    """Let a child work, kill it at a random moment, and look. Returns whether something had been shown, and what is
    wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), foley)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _work(work, place, writing)
        os.close(writing)
        lines = os.fdopen(reading)
        first = lines.readline() if select.select([reading], [], [], FIRST_SHOWN_WITHIN_S)[0] else ""
        time.sleep(chance.choice([0.0, 0.002, 0.02, 0.1, 0.4]) * chance.random())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        shown = [json.loads(line) for line in [first, *lines] if line.endswith("\n")]
        lines.close()
        if not shown:
            return False, None if first else f"nothing was shown within {FIRST_SHOWN_WITHIN_S:g} s"
        try:
            check(place, shown)
            return True, None
        except Exception as error:
            return True, f"{type(error).__name__}: {error}"


def _work(work: Work, place: Place, pipe: int) -> None:
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        for shown in work(place):
            os.write(pipe, (json.dumps(shown) + "\n").encode())
    finally:
        os._exit(0)


def kills(number: int, foley: Foley) -> dict[str, tuple[int, list[str]]]:
    """Useful kills of each kind of work, and what was wrong after them."""
    results = {}
    for name, (work, check, share) in KILLED.items():
        chance, useful, faults = random.Random(name), 0, []
        while useful < max(1, round(number * share / 100)) and len(faults) < MOST_FAULTS:
            counts, fault = kill_once(work, check, foley, chance)
            useful += counts
            faults += [fault] if fault else []
        results[name] = (useful, faults)
    return results
