"""The trash of a library: deleted takes lie in a folder of their own for a month, and can be taken back."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from foley.system.files import write_text
from foley.takes.library import Entry, Library, LibraryError

FOLDER, INDEX = ".trash", "trash.json"
KEPT_S = 30 * 24 * 3600


@dataclass(frozen=True)
class Deleted:
    """A deleted take: its name in the library, the one it has in the trash, when it went, and what people added."""

    file: str
    kept_as: str
    when: float
    star: bool
    name: str
    tags: tuple[str, ...] = ()


class Trash:
    """What was deleted from a library. Whoever deletes many at once takes them back at once."""

    def __init__(self, library: Library):
        self.library = library
        self.folder = Path(library.folder) / FOLDER

    def deleted(self) -> list[Deleted]:
        """What lies in the trash, the oldest first."""
        try:
            rows = json.loads((self.folder / INDEX).read_text(encoding="utf-8"))
            found = [Deleted(**row) for row in rows]
        except (OSError, ValueError, TypeError):
            return []
        return [one for one in found if (self.folder / Path(one.kept_as).name).is_file()]

    def put(self, files: Iterable[str]) -> list[str]:
        """Delete takes; names that are not in the library are passed over. Returns the names of those that went."""
        entries = {entry.file: entry for entry in self.library.entries()}
        gone, now = [entries[file] for file in dict.fromkeys(files) if file in entries], time.time()
        if not gone:
            return []
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = self._purged(now)
        for entry in gone:
            kept_as = f"{time.time_ns()} {entry.file}"
            os.replace(self.library.folder / entry.file, self.folder / kept_as)
            rows.append(Deleted(entry.file, kept_as, now, entry.star, entry.name, entry.tags))
        self._write(rows)
        self.library.delete(entry.file for entry in gone)
        return [entry.file for entry in gone]

    def restore(self, files: Iterable[str] = ()) -> list[Entry]:
        """Take takes back, those of the last deletion unless others are named. Raises LibraryError without any."""
        rows, files = self.deleted(), set(files)
        back = [one for one in rows if (one.file in files if files else one.when == rows[-1].when)]
        if not back:
            raise LibraryError("The trash is empty: there is nothing to take back.")
        entries = []
        for one in back:
            place = self._free_place(one.file)
            os.replace(self.folder / one.kept_as, place)
            entry = self.library.change(place.name, star=one.star, name=one.name)
            for tag in one.tags:
                [entry] = self.library.tag([place.name], tag)
            entries.append(entry)
        self._write([one for one in rows if one not in back])
        return entries

    def _free_place(self, file: str) -> Path:
        """Where the file goes: to its old name, or beside a newer one of that name."""
        place, copies = self.library.folder / Path(file).name, 2
        while place.exists():
            place = self.library.folder / f"{Path(file).stem} ({copies}){Path(file).suffix}"
            copies += 1
        return place

    def _purged(self, now: float) -> list[Deleted]:
        """What lies here, without what has lain here for too long."""
        rows = self.deleted()
        for one in rows:
            if now - one.when > KEPT_S:
                (self.folder / one.kept_as).unlink(missing_ok=True)
        return [one for one in rows if now - one.when <= KEPT_S]

    def _write(self, rows: list[Deleted]) -> None:
        write_text(self.folder / INDEX, json.dumps([asdict(one) for one in rows], indent=1))
