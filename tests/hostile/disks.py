"""Full disks, folders that cannot be written, and one that goes away: one sentence, and nothing lost or half there."""

import os
import resource
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from handmade import handmade_take

from foley import Foley
from foley.takes.export import ExportSettings, export
from foley.takes.library import Library, LibraryError


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
