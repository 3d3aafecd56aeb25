"""Whose files are whose: a folder for each visitor's pictures below Gradio's cache, a library for the takes."""

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import gradio as gr
from gradio.context import LocalContext
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

from foley.takes.library import Entry, Library, LibraryError
from foley.takes.take import Take
from foley.ui.session.secret import sign

KEPT_S = 24 * 3600
MOST_TAKES, MOST_BYTES = 1000, 512 << 20  # in the library of one visitor
MOST_SESSION_BYTES = 256 << 20  # of pictures, exports and files for programs in one session
LEAST_FREE_BYTES = 512 << 20  # on the disk
DELETE_CACHE = (3600, KEPT_S)  # Gradio's own share of the tidying: every hour, what is a day old


class VisitorLibrary(Library):
    """The library of a visitor, which has bounds, as the disk is everybody's."""

    def add(self, take: Take, renew: bool = True) -> Entry:
        """As `Library.add`. Raises LibraryError, with a sentence, where the library or the disk is full."""
        size = sum(file.stat().st_size for file in os.scandir(self.folder)) if self.folder.is_dir() else 0
        if len(self.entries()) >= MOST_TAKES or size >= MOST_BYTES:
            raise LibraryError(
                f"Your library is full: a visitor's holds {MOST_TAKES} takes and {MOST_BYTES >> 20} MB. "
                "Download what you want to keep, and delete some."
            )
        check_disk(self.folder)
        return super().add(take, renew)


def check_disk(folder: Path) -> None:
    """Raise LibraryError where the disk has less left than visitors may take."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if shutil.disk_usage(there).free < LEAST_FREE_BYTES:
        raise LibraryError("The disk of this studio is full: nothing can be kept just now. Try again later.")


class Libraries:
    """The library of a visitor: of the folder given, which stays; or, without one, a folder of the visitor's own
    below Gradio's cache, found by a token that only the visitor's browser has, and deleted after a day. Its name is
    no token: whoever sees the one does not have the other.
    """

    def __init__(self, folder: str | Path | None = None):
        self.folder = Path(folder).resolve() if folder else None
        self._open: dict[Path, Library] = {}

    def of(self, token: str | None) -> Library:
        """The library that belongs to a token made by `new_token`."""
        folder = self.folder or _visitors() / "libraries" / sign(f"library {token or 'nobody'}")
        if folder not in self._open:
            if self.folder is None:
                _sweep(folder.parent)
                _sweep(_visitors() / "links")
                self._open = {path: library for path, library in self._open.items() if path.exists()}
            self._open[folder] = Library(folder) if self.folder else VisitorLibrary(folder)
        return self._open[folder]


def who_asks() -> str:
    """The visitor whose call this thread answers: the session of a page or program; empty where nobody asks."""
    request = LocalContext.request.get(None)
    return str(getattr(request, "session_hash", None) or "")


def new_token() -> str:
    """A key that nobody can guess."""
    return secrets.token_hex(16)


def new_folder(request: gr.Request | None) -> Path:
    """An empty folder of this visitor's own, for the files of one run; the oldest go where there is too much.

    Raises LibraryError where the disk is full.
    """
    folder = _visitor(request)
    if not folder.exists():
        _sweep(folder.parent)
    check_disk(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _keep_newest(folder, MOST_SESSION_BYTES)
    return Path(tempfile.mkdtemp(dir=folder))


def forget(request: gr.Request) -> None:
    """Delete a visitor's files, but not the library: for the moment when the page is closed."""
    if request.session_hash:
        shutil.rmtree(_visitor(request), ignore_errors=True)


def served(path: Path, name: str | None = None) -> dict:
    """A file in the form in which Gradio gives it a URL on the way to the page."""
    return FileData(path=str(path), orig_name=name or path.name).model_dump()


def address(path: Path) -> str:
    """The URL, relative to the page's, of a file that may be served where it lies; it changes when the file does.

    A take of a visitor gets a path of its own that does not say where others lie: who has one URL has one take.
    """
    return addresses(path.parent, {path.name: path.stat().st_mtime_ns})[path.name]


def addresses(folder: Path, modified_ns: Mapping[str, int]) -> dict[str, str]:
    """The address of each file of a folder by its name, given when it was changed last."""
    linked = folder.is_relative_to(_visitors())
    paths = {name: str(_link(folder / name)) if linked else os.path.join(folder, name) for name in modified_ns}
    return {name: f"gradio_api/file={quote(path)}?{modified_ns[name]}" for name, path in paths.items()}


def _link(path: Path) -> Path:
    link = _visitors() / "links" / sign(f"file {path}") / path.name
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(path)
        except FileExistsError:
            pass
        except OSError:  # no right to make links, as usually on Windows
            shutil.copyfile(path, link)
    return link


def _visitor(request: gr.Request | None) -> Path:
    return _visitors() / "sessions" / _letters((request.session_hash if request else None) or "nobody")


def _visitors() -> Path:
    return Path(get_upload_folder()).resolve() / "foley-visitors"


def _letters(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)[:64] or "nobody"


def _keep_newest(folder: Path, most_bytes: int) -> None:
    """Delete the oldest folders in a folder until the others take no more than so many bytes."""
    left = most_bytes
    for run in sorted(folder.iterdir(), key=lambda place: -place.stat().st_mtime):
        left -= sum(file.stat().st_size for file in run.rglob("*") if file.is_file())
        if left < 0:
            shutil.rmtree(run, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Delete what visitors left behind that never closed their page, or whose server was killed."""
    for left in folder.glob("*"):
        try:
            if time.time() - left.stat().st_mtime > KEPT_S:
                shutil.rmtree(left, ignore_errors=True)
        except FileNotFoundError:
            continue
