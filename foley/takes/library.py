"""A folder of takes: one WAV or FLAC each, with its recipe inside, and an index of what people added: stars, names
and tags.

The files are the truth. An index that is missing or broken is made again from them, and sound files of foley studio
that somebody puts into the folder join it. What cannot be read is left out by name.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import torch

from foley.audio.files import peak_dbfs, read_samples
from foley.audio.loudness import loudness_lufs
from foley.audio.metadata import plain_text
from foley.system.files import shown
from foley.takes.index import (
    LONGEST_NAME,
    LONGEST_TAG,
    MOST_TAGS,
    Entry,
    Index,
    LibraryError,
    Row,
    before_sqlite,
    checked_entry,
)
from foley.takes.recipe import Recipe
from foley.takes.take import Take

ENDINGS = (".wav", ".flac")
LONGEST_S = 31.0  # of a file that can be a take: 30 s, and the rest of a code
__all__ = ["Entry", "Library", "LibraryError"]

_log = logging.getLogger(__name__)

State = tuple[int, int]  # of a file: its bytes, and when it was changed last, in ns


class Library:
    """The takes of one folder, safe to use from several threads and beside other programs that change it."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder).absolute()
        self._index = Index(self.folder)
        self._lock = threading.RLock()
        self._rows: dict[str, Row] = {}
        self._unusable: dict[str, tuple[State, str]] = {}
        self._seen: tuple | None = None  # state of folder and index when they were read last

    def entries(self, category: str = "", starred: bool = False) -> list[Entry]:
        """The takes, the newest first; of one class and only with a star where that is asked for."""
        with self._lock:
            self._refresh()
            chosen = [
                row.entry
                for row in self._rows.values()
                if (not category or row.entry.category == category) and (row.entry.star or not starred)
            ]
        return sorted(chosen, key=lambda entry: -entry.made)

    def add(self, take: Take, renew: bool = True) -> Entry:
        """Save a take; one that is there already, to the bit, only becomes the newest, and not even that without
        `renew`.
        """
        with self._lock:
            self._refresh()
            recipe = _hash(take.recipe)
            known = next((file for file, row in self._rows.items() if row.recipe == recipe), None)
            if known and not renew:
                return self._rows[known].entry
            path = self.folder / known if known else take.save(self.folder / take.file_name)
            newest = max((row.entry.made for row in self._rows.values()), default=0.0)
            made = max(time.time(), newest + 1e-3)  # the newest take is the newest, though the clock was set back
            entry = _entry(path, take.recipe, take.waveform, take.sample_rate, made)
            self._index.put([Row(entry, *_state(path.stat()), recipe)])
            self._note(entry.file)
            return self.get(entry.file)

    @property
    def left_out(self) -> dict[str, str]:
        """The sound files in the folder that are no takes, with the reason of each."""
        with self._lock:
            self._refresh()
            return {shown(name): reason for name, (_, reason) in self._unusable.items()}

    def get(self, file: str) -> Entry:
        """The entry of a file. Raises LibraryError when the library has none of that name."""
        with self._lock:
            self._refresh()
            if file not in self._rows:
                raise LibraryError(f"{shown(file)} is not in the library: it was deleted or renamed.")
            return self._rows[file].entry

    def modified_ns(self) -> dict[str, int]:
        """When each take's file was changed last, by its name."""
        with self._lock:
            self._refresh()
            return {file: row.modified_ns for file, row in self._rows.items()}

    def path(self, file: str) -> Path:
        """Where a take's file lies. Raises LibraryError when the library has none of that name."""
        return self.folder / self.get(file).file

    def recipe(self, file: str) -> Recipe:
        """A take's recipe. Raises LibraryError or RecipeError when there is none."""
        return Recipe.read(self.path(file))

    def saved(self, file: str) -> tuple[Recipe, torch.Tensor, int]:
        """A take's recipe, the samples (samples,) of its file, and their rate.

        Raises LibraryError, RecipeError or AudioError.
        """
        path = self.path(file)
        return Recipe.read(path), *read_samples(path, LONGEST_S)

    def change(self, file: str, star: bool | None = None, name: str | None = None) -> Entry:
        """Give a take a star or take it away, or give it a name. Raises LibraryError as `get` does."""
        with self._lock:
            self.get(file)
            name = None if name is None else plain_text(name)[:LONGEST_NAME]
            self._index.change(file, None if star is None else bool(star), name)
            self._note(file)
            return self.get(file)

    def tag(self, files: Iterable[str], tag: str, on: bool = True) -> list[Entry]:
        """Give takes a tag, or take it away; files that are not there are passed over.

        Raises LibraryError for a tag without letters, and for more than a take can have.
        """
        tag = " ".join(plain_text(tag).lstrip("#").split())[:LONGEST_TAG]
        if not tag:
            raise LibraryError("The tag is empty: write a word or two, such as “scene 12”.")
        with self._lock:
            self._refresh()
            wanted = {}
            for file in dict.fromkeys(files):
                if row := self._rows.get(file):
                    others = [one for one in row.entry.tags if one.lower() != tag.lower()]
                    wanted[file] = [*others, tag] if on else others
            if any(len(tags) > MOST_TAGS for tags in wanted.values()):
                raise LibraryError(f"A take has {MOST_TAGS} tags at most.")
            self._index.tag(wanted)
            self._refresh()
            return [self._rows[file].entry for file in wanted if file in self._rows]

    def delete(self, files: Iterable[str]) -> None:
        """Delete takes, their files with them; names that are not there are passed over."""
        with self._lock:
            self._refresh()
            gone = [file for file in files if file in self._rows]
            for file in gone:
                (self.folder / file).unlink(missing_ok=True)
            if gone:
                self._index.remove(gone)

    def _note(self, file: str) -> None:
        """Know what was just put into the index, where nobody else changed anything: other takes are as they were."""
        if self._seen is None or self._seen[1] is None:
            return
        modified_ns, row = os.stat(self.folder).st_mtime_ns, self._index.rows(file).get(file)
        names = {item.name for item in os.scandir(self.folder) if _is_sound(item)}
        version = self._index.version()
        if row and version == self._seen[1] + 1 and names == {*self._rows, *self._unusable, file}:
            self._rows[file], self._seen = row, (modified_ns, version)

    def _refresh(self) -> None:
        """Read the index where it changed, and the folder: files come and go."""
        try:
            modified_ns = os.stat(self.folder).st_mtime_ns
        except FileNotFoundError:
            self._rows, self._seen = {}, None
            return
        try:
            seen = (modified_ns, self._index.version())
            if seen == self._seen:
                return
            rows = self._index.rows()
        except LibraryError as error:
            _log.warning("%s", error)
            seen, rows = (modified_ns, None), {}
        old = {} if self._index.path.exists() else before_sqlite(self.folder)
        known, new, unusable = {}, [], {}
        for name, state in _sound_files(self.folder):
            row, before = rows.get(name), self._unusable.get(name)
            if before and before[0] == state:
                unusable[name] = before
                continue
            if row is None or (row.bytes, row.modified_ns) != state:
                try:
                    row = _measured(self.folder / name, state, row, old.get(name, {}))
                except Exception as error:  # a file may come from anybody: no fault of one may hide the others
                    unusable[name] = (state, str(error))
                    _log.warning("%s is left out of the library: %s", shown(name), error)
                    continue
                new.append(row)
            known[name] = row
        self._rows, self._unusable, self._seen = known, unusable, seen
        if new:
            try:
                self._index.put(new)
            except LibraryError as error:  # takes can be listened to where nothing can be written
                _log.warning("%s", error)


def _measured(path: Path, state: State, row: Row | None, old: dict) -> Row:
    """What the index keeps of a file; what people added stays where it holds the take that it held. Raises what may
    be wrong with a file.
    """
    path.name.encode()
    recipe = Recipe.read(path)
    waveform, sample_rate = read_samples(path, LONGEST_S)
    entry, recipe_hash = _entry(path, recipe, waveform, sample_rate, state[1] / 1e9), _hash(recipe)
    if row and row.recipe == recipe_hash:
        old = {name: getattr(row.entry, name) for name in ("star", "name", "tags", "made")}
    return Row(checked_entry({**asdict(entry), **old}), *state, recipe_hash)


def _entry(path: Path, recipe: Recipe, waveform: torch.Tensor, sample_rate: int, made: float) -> Entry:
    return Entry(
        file=path.name,
        category=recipe.category.name,
        seed=recipe.seed,
        temperature=recipe.temperature,
        model=recipe.model,
        duration_s=len(waveform) / sample_rate,
        peak_dbfs=peak_dbfs(waveform),
        loudness_lufs=loudness_lufs(waveform, sample_rate),
        made=made,
        edits=recipe.edits,
        name=recipe.title[:LONGEST_NAME],
    )


def _sound_files(folder: Path) -> list[tuple[str, State]]:
    """Name and state of every file that may be a take, by name."""
    with os.scandir(folder) as items:
        return sorted((item.name, _state(item.stat())) for item in items if _is_sound(item))


def _is_sound(item: os.DirEntry) -> bool:
    return item.name.lower().endswith(ENDINGS) and not item.name.startswith(".") and item.is_file()


def _state(stat: os.stat_result) -> State:
    return stat.st_size, stat.st_mtime_ns


def _hash(recipe: Recipe) -> str:
    return hashlib.sha256(recipe.to_json().encode("utf-8", "backslashreplace")).hexdigest()
