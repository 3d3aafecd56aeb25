"""A folder of takes: one WAV each, with its recipe inside, and an index of what people added: stars and names.

The files are the truth. An index that is missing or broken is made again from them, and WAVs of foley studio that
somebody puts into the folder join it.
"""

import json
import os
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import soundfile
import torch

from foley.audio.files import peak_dbfs
from foley.audio.loudness import loudness_lufs
from foley.categories import Category
from foley.system.files import write_text
from foley.takes.recipe import Recipe, RecipeError
from foley.takes.take import Take

INDEX = "index.json"
LONGEST_NAME = 80


class LibraryError(ValueError):
    """Something that cannot be done in a library; the message says what, why, and what to do."""


@dataclass(frozen=True)
class Entry:
    """A take as the index knows it. `file` lies in the library's folder; `made` is in seconds since 1970."""

    file: str
    category: str
    seed: int
    temperature: float
    model: str
    duration_s: float
    peak_dbfs: float
    loudness_lufs: float
    made: float
    edits: tuple[str, ...] = ()
    star: bool = False
    name: str = ""

    @property
    def title(self) -> str:
        """The name somebody gave it, or its class."""
        return self.name or Category.parse(self.category).title


class Library:
    """The takes of one folder, safe to use from several threads and after other programs changed the folder."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._stamp: tuple | None = None

    def entries(self, category: str = "", starred: bool = False) -> list[Entry]:
        """The takes, the newest first; of one class and only with a star where that is asked for."""
        with self._lock:
            self._refresh()
            chosen = [
                entry
                for entry in self._entries.values()
                if (not category or entry.category == category) and (entry.star or not starred)
            ]
        return sorted(chosen, key=lambda entry: -entry.made)

    def add(self, take: Take, renew: bool = True) -> Entry:
        """Save a take; one that is there already, to the bit, only becomes the newest, and not even that without
        `renew`.
        """
        with self._lock:
            self._refresh()
            text = take.made_by.to_json()
            for name in _names(take.file_name):
                path = self.folder / name
                if not path.exists():
                    take.save(path)
                    break
                if name in self._entries and _same_recipe(path, text):
                    break
            known = self._entries.get(name)
            entry = _entry(path, take.made_by, take.waveform, take.sample_rate)
            if known:
                made = entry.made if renew else known.made
                entry = replace(entry, star=known.star, name=known.name, made=made)
            self._entries[name] = entry
            self._write()
            return entry

    def get(self, file: str) -> Entry:
        """The entry of a file. Raises LibraryError when the library has none of that name."""
        with self._lock:
            self._refresh()
            if file not in self._entries:
                raise LibraryError(f"{Path(file).name} is not in the library: it was deleted or renamed.")
            return self._entries[file]

    def path(self, file: str) -> Path:
        """Where a take's WAV lies. Raises LibraryError when the library has none of that name."""
        return self.folder / self.get(file).file

    def recipe(self, file: str) -> Recipe:
        """A take's recipe. Raises LibraryError or RecipeError when there is none."""
        return Recipe.read(self.path(file))

    def saved(self, file: str) -> tuple[Recipe, torch.Tensor, int]:
        """A take's recipe, the samples (samples,) of its file, and their rate. Raises LibraryError or RecipeError."""
        path = self.path(file)
        data, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
        return Recipe.read(path), torch.from_numpy(data[:, 0].copy()), sample_rate

    def change(self, file: str, star: bool | None = None, name: str | None = None) -> Entry:
        """Give a take a star or take it away, or give it a name. Raises LibraryError as `get` does."""
        with self._lock:
            entry = self.get(file)
            if star is not None:
                entry = replace(entry, star=bool(star))
            if name is not None:
                entry = replace(entry, name=re.sub(r"\s+", " ", str(name)).strip()[:LONGEST_NAME])
            self._entries[file] = entry
            self._write()
            return entry

    def delete(self, files: Iterable[str]) -> None:
        """Delete takes, their files with them; names that are not there are passed over."""
        with self._lock:
            self._refresh()
            for file in files:
                if self._entries.pop(file, None):
                    (self.folder / file).unlink(missing_ok=True)
            self._write()

    def _refresh(self) -> None:
        """Read the index where it changed, and the folder: files come and go."""
        stamp = self._now()
        if stamp == self._stamp:
            return
        known = {}
        try:
            for row in json.loads((self.folder / INDEX).read_text(encoding="utf-8"))["takes"]:
                entry = _from_row(row)
                known[entry.file] = entry
        except (OSError, ValueError, KeyError, TypeError):
            pass  # the files are the truth
        here = {path.name: path for path in self.folder.glob("*.wav") if not path.name.startswith(".")}
        self._entries = {name: known.get(name) or _read(path) for name, path in here.items()}
        self._entries = {name: entry for name, entry in self._entries.items() if entry}
        self._stamp = stamp

    def _write(self) -> None:
        rows = [asdict(entry) for entry in self._entries.values()]
        write_text(self.folder / INDEX, json.dumps({"takes": rows}, indent=1))
        self._stamp = self._now()

    def _now(self) -> tuple | None:
        try:
            return (os.stat(self.folder).st_mtime_ns, os.stat(self.folder / INDEX).st_mtime_ns)
        except FileNotFoundError:
            return None if not self.folder.exists() else (os.stat(self.folder).st_mtime_ns, 0)


def _names(name: str) -> Iterable[str]:
    stem, ending = name.rsplit(".", 1)
    yield name
    for number in range(2, 1_000_000):
        yield f"{stem} ({number}).{ending}"


def _same_recipe(path: Path, text: str) -> bool:
    try:
        return Recipe.read(path).to_json() == text
    except RecipeError:
        return False


def _entry(path: Path, recipe: Recipe, waveform: torch.Tensor, sample_rate: int, made: float | None = None) -> Entry:
    return Entry(
        file=path.name,
        category=recipe.category.name,
        seed=recipe.seed,
        temperature=recipe.temperature,
        model=recipe.model,
        duration_s=len(waveform) / sample_rate,
        peak_dbfs=peak_dbfs(waveform),
        loudness_lufs=loudness_lufs(waveform, sample_rate),
        made=time.time() if made is None else made,
        edits=recipe.edits,
        name=recipe.title,
    )


def _read(path: Path) -> Entry | None:
    """The entry of a WAV in the folder; None where it is no take."""
    try:
        recipe = Recipe.read(path)
        data, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return _entry(path, recipe, torch.from_numpy(data[:, 0]), rate, path.stat().st_mtime)
    except (RecipeError, soundfile.SoundFileError, RuntimeError, OSError):
        return None


def _from_row(row: dict[str, Any]) -> Entry:
    names = {field.name for field in fields(Entry)}
    values = {name: value for name, value in row.items() if name in names}
    if Path(values["file"]).name != values["file"]:
        raise ValueError("a file outside the library")
    Category.parse(values["category"])
    return Entry(**{**values, "edits": tuple(values.get("edits", ()))})
