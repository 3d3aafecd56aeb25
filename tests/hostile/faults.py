"""Kills, full disks, folders that cannot be written and a hub that goes away: what was shown must still be there.

A kill counts when something had been shown or saved before it. Children are forked from one process that has
everything loaded: so a kill costs a second, and not a start.
"""

import http.server
import json
import os
import random
import resource
import select
import signal
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import soundfile
import torch
from handmade import handmade_take
from tiny import tiny_checkpoint

from foley import Foley
from foley.categories import Category
from foley.checkpoints import CheckpointError, find_checkpoint
from foley.dataset import load_dataset
from foley.evaluation.sounds import KeptSounds
from foley.presets import STUDIO
from foley.takes.export import FORMATS, ExportSettings, export
from foley.takes.library import Library, LibraryError
from foley.takes.recipe import Recipe
from training.cache import Cache


@dataclass(frozen=True)
class Place:
    """Where a child works: an empty folder, and the tiny model that all of them use."""

    folder: Path
    foley: Foley


MOST_FAULTS = 10  # of one kind: then it is broken, and more kills tell no more
PATIENCE_S = 120.0  # until a child shows something
Shown = dict[str, Any]  # what a child says once something is saved: plain values
Work = Callable[[Place], Iterator[Shown]]
Check = Callable[
    [Place, list[Shown]], None
]  # raises AssertionError where something shown is gone, or half of a thing is there


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
        first = lines.readline() if select.select([reading], [], [], PATIENCE_S)[0] else ""
        time.sleep(chance.choice([0.0, 0.002, 0.02, 0.1, 0.4]) * chance.random())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        shown = [json.loads(line) for line in [first, *lines] if line.endswith("\n")]
        lines.close()
        if not shown:
            return False, None if first else f"nothing was shown within {PATIENCE_S:g} s"
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


def in_child(body: Callable[[], None]) -> str | None:
    """Run something in a child. Returns what is wrong: what it raised, or None."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            body()
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        words = pipe.read()
    os.waitpid(child, 0)
    return words or None


def _check_sentence(error: Exception) -> None:
    assert "\n" not in str(error), "not one sentence"
    assert isinstance(error, LibraryError) or getattr(error, "filename", None), "no file is named"


def full_disk(foley: Foley) -> list[str]:
    """No file may grow beyond some bytes: as on a disk that is full half-way through."""
    faults = []
    for limit in (0, 100, 1000, 5000, 20_000, 60_000):
        for name in ("take", "export", "library"):
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder)
                library = Library(place / "library")
                kept = library.add(handmade_take(seed=1, seconds=0.1))
                library.change(kept.file, star=True)

                def body(name: str = name, place: Path = place, limit: int = limit) -> None:
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                    take = handmade_take(seed=2, seconds=1.0)
                    try:
                        if name == "take":
                            take.save(place / "takes")
                        elif name == "export":
                            export(take, place / "takes", ExportSettings())
                        else:
                            Library(place / "library").add(take)
                    except (OSError, LibraryError) as error:
                        _check_sentence(error)
                    else:
                        raise AssertionError("it was said to be written")

                if fault := in_child(body):
                    faults.append(f"full disk, {name}, {limit} bytes: {fault}")
                if any((place / "takes").glob("*")):
                    faults.append(f"full disk, {name}, {limit} bytes: something is left")
                entries = Library(place / "library").entries()
                if [(entry.file, entry.star) for entry in entries if entry.seed == 1] != [(kept.file, True)]:
                    faults.append(f"full disk, {name}, {limit} bytes: what was there is lost")
    return faults


def unwritable(foley: Foley) -> list[str]:
    """A library that may be read and not written, by a user who is not root."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        library = Library(place / "library")
        library.change(library.add(handmade_take(seconds=0.1)).file, star=True, name="kept")
        for path in [*place.rglob("*"), place / "library"]:
            path.chmod(0o555 if path.is_dir() else 0o444)

        def body() -> None:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            again = Library(place / "library")
            (entry,) = again.entries()
            assert (entry.star, entry.name) == (True, "kept"), "star and name are not shown"
            again.saved(entry.file)
            for change in (
                lambda: again.change(entry.file, star=False),
                lambda: again.add(handmade_take(seed=2, seconds=0.1)),
                lambda: again.delete([entry.file]),
            ):
                try:
                    change()
                except (OSError, LibraryError) as error:
                    _check_sentence(error)
                else:
                    raise AssertionError("it was said to be changed")

        fault = in_child(body)
        for path in [place / "library", *place.rglob("*")]:
            path.chmod(0o755)
        return [f"read-only library: {fault}"] if fault else []


def vanished(foley: Foley) -> list[str]:
    """A library's folder that goes away while it is open, and comes back."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "library"
        library = Library(place)
        library.change(library.add(handmade_take(seconds=0.1)).file, star=True)
        away = place.rename(place.with_name("away"))
        faults = [] if library.entries() == [] else ["vanished library: takes that are gone are shown"]
        away.rename(place)
        if [entry.star for entry in library.entries()] != [True]:
            faults.append("vanished library: it does not come back")
        return faults


class _Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub as a download asks for; it breaks off in the middle of a file while `broken`."""

    folder: Path
    broken = True
    commit = "0" * 39 + "1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        if self.path.startswith("/api/"):
            here = [(path.name, path.stat().st_size) for path in sorted(self.folder.iterdir())]
            tree = [{"type": "file", "path": name, "size": size, "oid": f"{size:040}"} for name, size in here]
            model = {"id": "someone/foley", "sha": self.commit, "siblings": [{"rfilename": name} for name, _ in here]}
            data = json.dumps(tree if "/tree/" in self.path else model).encode()
            self._head(len(data), "application/json")
            self.wfile.write(data if body else b"")
            return
        data = (self.folder / self.path.rsplit("/", 1)[1]).read_bytes()
        self._head(len(data), "application/octet-stream")
        if body:
            self.wfile.write(data[: len(data) // 2] if self.broken and len(data) > 10_000 else data)
            self.close_connection = True

    def _head(self, size: int, kind: str) -> None:
        self.send_response(200)
        for name, value in {
            "Content-Length": str(size),
            "Content-Type": kind,
            "ETag": f'"{size}"',
            "X-Repo-Commit": self.commit,
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def lost_hub(foley: Foley) -> list[str]:
    """The hub breaks off in mid-download: one sentence, nothing taken for whole; and the next time all is well."""
    with tempfile.TemporaryDirectory() as folder:
        _Hub.folder = tiny_checkpoint(Path(folder) / "tiny")
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Hub) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            import huggingface_hub
            from huggingface_hub import constants

            home = f"http://127.0.0.1:{server.server_address[1]}"

            def fetched(*arguments: Any, **settings: Any) -> str:
                cache = Path(folder) / "cache"
                return download(*arguments, **settings, endpoint=home, cache_dir=cache, etag_timeout=3)

            download = huggingface_hub.snapshot_download
            faults = []
            with (
                mock.patch.object(huggingface_hub, "snapshot_download", fetched),
                mock.patch.object(constants, "ENDPOINT", home),
            ):
                _Hub.broken = True
                try:
                    Foley.from_pretrained(find_checkpoint("someone/foley"), "cpu")
                    faults.append("lost hub: half a download was taken for whole")
                except CheckpointError as error:
                    if "\n" in str(error) or "could not be had" not in str(error):
                        faults.append(f"lost hub: no clear sentence: {error}")
                _Hub.broken = False
                try:
                    again = Foley.from_pretrained(find_checkpoint("someone/foley"), "cpu")
                    if again.name.split("@")[1] != foley.name.split("@")[1]:
                        faults.append("lost hub: what came the second time is another model")
                except CheckpointError as error:
                    faults.append(f"lost hub: it does not recover: {error}")
            server.shutdown()
        return faults


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
