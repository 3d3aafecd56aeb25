"""Files that are there whole or not at all, that never take another's place, and how their names are shown."""

import csv
import errno
import io
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LONGEST_NAME_BYTES = 255  # of one name, on all usual file systems
LONGEST_SHOWN = 120  # characters of a name in a sentence
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary name beside `path`, in a folder made if need be, that takes its place when the block ends well.

    When it does not, the temporary file goes and `path` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise _named(error, path) from None
    finally:
        temporary.unlink(missing_ok=True)


def keep_from_others() -> None:
    """Let nobody but its user and group change what this program writes from now on, whatever the system would let
    them. The sampler's compiled code is among it: it is read again, and run.
    """
    os.umask(os.umask(0o077) | 0o002)


def write_text(path: str | Path, text: str) -> Path:
    """Write a text file, whole or not at all. Returns its path."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def csv_text(lines: Iterable[Iterable]) -> str:
    """Lines of cells as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def write_new(path: str | Path, data: bytes, same: Callable[[Path], bool] | None = None) -> Path:
    """Write a file, whole or not at all, without taking any other's place. Returns its path.

    Where there is one of that name, in whatever case, "name (2).wav" is written, or the next number that is free.
    A file of that name with the same content, or of the same length and the `same` for who calls, is left as it is,
    and counts as written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(data)
        here = {name.casefold(): name for name in os.listdir(path.parent)}
        for target in _numbered(path):
            taken = here.get(target.name.casefold())
            if taken is None and _created(temporary, target):
                return target
            here_already = target.with_name(taken or target.name)
            if _holds(here_already, data) or (same and _bytes(here_already) == len(data) and same(here_already)):
                return here_already
    except OSError as error:
        raise _named(error, path) from None
    finally:
        temporary.unlink(missing_ok=True)
    raise FileExistsError(f"{path.parent} has too many files called {path.name}.")


def cut_to_bytes(text: str, most: int) -> str:
    """The beginning of a text that takes at most so many bytes in UTF-8, without a character cut in two."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def shown(path: str | Path, whole: bool = False) -> str:
    """A file's name, or its whole path, as a sentence can show it: one line, not too long, whatever bytes it holds."""
    name = str(path) if whole else Path(path).name
    name = "".join(letter if letter.isprintable() else "?" for letter in os.fsencode(name).decode("utf-8", "replace"))
    return name if len(name) <= LONGEST_SHOWN else f"{name[: LONGEST_SHOWN - 20]}...{name[-17:]}"


def _named(error: OSError, path: Path) -> OSError:
    """The error with the name of the file that was wanted, not of the temporary one, and not without any."""
    return type(error)(error.errno, error.strerror, str(path)) if error.errno else error


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    for number in range(2, 1_000_000):
        ending = f" ({number}){path.suffix}"
        yield path.with_name(cut_to_bytes(path.stem, LONGEST_NAME_BYTES - len(ending.encode())) + ending)


def _created(temporary: Path, target: Path) -> bool:
    """Give a finished file its name; False where that is taken, also by a program that was a moment faster."""
    try:
        os.link(temporary, target)
        return True
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    try:  # a file system without hard links: the name is taken first, and then the file put there
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    os.replace(temporary, target)
    return True


def _holds(path: Path, data: bytes) -> bool:
    try:
        return _bytes(path) == len(data) and path.read_bytes() == data
    except OSError:
        return False


def read_json(path: str | Path) -> dict[str, Any]:
    """The table in a JSON file; an empty one where the file is missing or is none."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def write_json(path: str | Path, data: dict[str, Any]) -> Path:
    """Write a table as JSON, whole or not at all. Returns its path."""
    return write_text(path, json.dumps(data, indent=2) + "\n")


def _bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
