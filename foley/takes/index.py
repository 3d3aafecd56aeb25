"""The index of a library: what people added to its takes, and what was measured of them, in a small SQLite file.

Several programs may write at once: each change is a transaction of its own, and touches the rows of its own takes.
The index holds nothing that cannot be lost but stars, names and tags: one that is broken is put aside and begun anew.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints, TypeAdapter

from foley.categories import Category

FOLDER, FILE = ".foley", "index.sqlite"  # within the library's folder
BEFORE_SQLITE = "index.json"  # the index of foley studio up to version 1: its stars and names are taken over
BUSY_S = 30.0  # to wait while another program writes
LONGEST_NAME = 80  # characters
MOST_TAGS, LONGEST_TAG = 20, 40  # of a take, and characters
MOST_OLD_BYTES = 2**24
_SCHEMA = """
CREATE TABLE IF NOT EXISTS takes (
    file TEXT PRIMARY KEY, bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, recipe TEXT NOT NULL,
    facts TEXT NOT NULL, made REAL NOT NULL, star INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID
"""

_COLUMNS = {"file", "bytes", "modified_ns", "recipe", "facts", "made", "star", "name", "tags"}
_BEFORE_TAGS = _COLUMNS - {"tags"}

Text = Annotated[str, StringConstraints(max_length=1000)]
Tag = Annotated[str, StringConstraints(max_length=LONGEST_TAG)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class LibraryError(ValueError):
    """Something that cannot be done in a library; the message says what, why, and what to do."""


@dataclass(frozen=True)
class Entry:
    """A take as the index knows it. `file` lies in the library's folder; `made` is in seconds since 1970."""

    file: Text
    category: Text
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    temperature: Finite
    model: Text
    duration_s: Finite
    peak_dbfs: Finite
    loudness_lufs: Finite
    made: Finite
    edits: tuple[Text, ...] = ()
    star: bool = False
    name: Annotated[str, StringConstraints(max_length=LONGEST_NAME)] = ""
    tags: Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)] = ()

    @property
    def title(self) -> str:
        """The name somebody gave it, or its class."""
        return self.name or Category.parse(self.category).title


class Row(NamedTuple):
    """An entry, and which state of its file and which recipe it was measured of."""

    entry: Entry
    bytes: int
    modified_ns: int
    recipe: str  # a hash


_ENTRY = TypeAdapter(Entry)
# columns of their own; all else of an entry are facts measured of its file
_ADDED = ("file", "made", "star", "name", "tags")


class Index:
    """The index of one library's folder. Every method raises LibraryError when the file cannot be used."""

    def __init__(self, folder: Path):
        self.path = folder / FOLDER / FILE

    def version(self) -> int:
        """A number that every change raises, whoever made it; 0 without an index."""
        if not self.path.exists():
            return 0
        with self._connected(write=False) as connection:
            return connection.execute("PRAGMA user_version").fetchone()[0]

    def rows(self, file: str = "") -> dict[str, Row]:
        """The rows by file, also of files that are gone; of one file where it is named. Nonsense is left out."""
        if not self.path.exists():
            return {}
        rows = {}
        with self._connected(write=False) as connection:
            tags_or_none = "tags" if "tags" in _columns(connection) else "'[]'"
            chosen = f"SELECT file, bytes, modified_ns, recipe, facts, made, star, name, {tags_or_none} FROM takes"
            of_one = (" WHERE file = ?", (file,)) if file else ("", ())
            found = connection.execute(chosen + of_one[0], of_one[1])
            for file, size, modified_ns, recipe, facts, made, star, name, tags in found:
                try:
                    added = {"file": file, "made": made, "star": bool(star), "name": name, "tags": json.loads(tags)}
                    entry = checked_entry({**json.loads(facts), **added})
                    rows[file] = Row(entry, int(size), int(modified_ns), str(recipe))
                except (ValueError, TypeError, RecursionError):
                    continue
        return rows

    def put(self, rows: Iterable[Row]) -> None:
        """Add rows, or bring them up to date: what people added to the take of that file is kept, if it is the same."""
        with self._connected(write=True) as connection:
            for row in rows:
                facts = {name: value for name, value in asdict(row.entry).items() if name not in _ADDED}
                entry = row.entry
                connection.execute(
                    """INSERT INTO takes (file, bytes, modified_ns, recipe, facts, made, star, name, tags)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (file) DO UPDATE SET
                    bytes = excluded.bytes, modified_ns = excluded.modified_ns, facts = excluded.facts,
                    made = excluded.made, star = iif(recipe = excluded.recipe, star, excluded.star),
                    name = iif(recipe = excluded.recipe, name, excluded.name),
                    tags = iif(recipe = excluded.recipe, tags, excluded.tags), recipe = excluded.recipe""",
                    (entry.file, row.bytes, row.modified_ns, row.recipe, json.dumps(facts), entry.made, entry.star,
                     entry.name, json.dumps(entry.tags)),
                )  # fmt: skip

    def change(self, file: str, star: bool | None = None, name: str | None = None) -> None:
        """Set a take's star or name, or both."""
        with self._connected(write=True) as connection:
            connection.execute(
                "UPDATE takes SET star = coalesce(?, star), name = coalesce(?, name) WHERE file = ?", (star, name, file)
            )

    def tag(self, tags: Mapping[str, Iterable[str]]) -> None:
        """Set the tags of takes, by file."""
        with self._connected(write=True) as connection:
            values = [(json.dumps(list(some)), file) for file, some in tags.items()]
            connection.executemany("UPDATE takes SET tags = ? WHERE file = ?", values)

    def remove(self, files: Iterable[str]) -> None:
        """Forget takes."""
        with self._connected(write=True) as connection:
            connection.executemany("DELETE FROM takes WHERE file = ?", [(file,) for file in files])

    @contextmanager
    def _connected(self, write: bool) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, which is committed when the block ends well.

        One for each use: libraries are many and open files are few.
        """
        try:
            try:
                connection = self._opened(write)
            except sqlite3.OperationalError:
                raise
            except (sqlite3.DatabaseError, UnicodeDecodeError):  # no database, a damaged one, or somebody else's
                self._put_aside()
                connection = self._opened(write=True)
        except (OSError, sqlite3.Error) as error:
            raise LibraryError(_words(error)) from None
        try:
            yield connection
            if connection.in_transaction:
                connection.execute(f"PRAGMA user_version = {_version(connection) % 2**31 + 1}")
                connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise LibraryError(_words(error)) from None
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise LibraryError(f"The library's index is damaged ({error}): delete {FOLDER}/{FILE} in it.") from None
        finally:
            connection.close()

    def _opened(self, write: bool) -> sqlite3.Connection:
        if not write:
            try:
                return self._connect(f"{self.path.as_uri()}?mode=rw", write)
            except sqlite3.OperationalError:  # a disk that cannot be written: nobody else changes it, either
                return self._connect(f"{self.path.as_uri()}?mode=ro&immutable=1", write)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self._connect(f"{self.path.as_uri()}?mode=rwc", write)

    def _connect(self, uri: str, write: bool) -> sqlite3.Connection:
        connection = sqlite3.connect(uri, timeout=BUSY_S, isolation_level=None, uri=True)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            if write:
                _patiently(connection, "PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last stars, never the file
                _patiently(connection, "BEGIN IMMEDIATE")
                connection.execute(_SCHEMA)
                if _columns(connection) == _BEFORE_TAGS:  # of foley studio before there were tags
                    connection.execute("ALTER TABLE takes ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'")
            if _columns(connection) not in (_COLUMNS, _BEFORE_TAGS):
                raise sqlite3.DatabaseError("another table")
        except BaseException:
            connection.close()
            raise
        return connection

    def _put_aside(self) -> None:
        for ending in ("", "-wal", "-shm"):
            file = Path(f"{self.path}{ending}")
            if file.exists():
                file.replace(f"{self.path}.damaged-{int(time.time())}{ending}")


def checked_entry(values: dict) -> Entry:
    """An entry of values that may come from anywhere. Raises ValueError when they are none."""
    entry = _ENTRY.validate_python(values)
    Category.parse(entry.category)
    if Path(entry.file).name != entry.file:
        raise ValueError("a file outside the library")
    return entry


def before_sqlite(folder: Path) -> dict[str, dict]:
    """What people added in the index that foley studio kept before this one, by file: `star`, `name` and `made`."""
    try:
        path = folder / BEFORE_SQLITE
        if path.stat().st_size > MOST_OLD_BYTES:
            return {}
        rows = json.loads(path.read_text(encoding="utf-8"))["takes"]
        entries = []
        for row in rows:
            try:
                entries.append(checked_entry(row))
            except (ValueError, TypeError):
                continue
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {entry.file: {"star": entry.star, "name": entry.name, "made": entry.made} for entry in entries}


def _columns(connection: sqlite3.Connection) -> set[str]:
    return {row[1] for row in connection.execute("PRAGMA table_info(takes)")}


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Execute what SQLite may refuse at once while another program opens the file, until it does not."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _words(error: Exception) -> str:
    if "locked" in str(error) or "busy" in str(error):
        return "Another program keeps the library busy: try again in a moment."
    reason = error.strerror if isinstance(error, OSError) else error  # without the path, which visitors may not see
    return f"The library cannot be changed ({reason}): check its disk and the rights of its folder."
