"""Whose files are whose: a folder for each visitor's pictures below Gradio's cache, a library for the takes."""

import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

from foley.takes.library import Library
from foley.ui.session.secret import sign

KEPT_S = 24 * 3600
DELETE_CACHE = (3600, KEPT_S)  # Gradio's own share of the tidying: every hour, what is a day old


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
                self._open = {path: library for path, library in self._open.items() if path.exists()}
            self._open[folder] = Library(folder)
        return self._open[folder]


def new_token() -> str:
    """A key that nobody can guess."""
    return secrets.token_hex(16)


def new_folder(request: gr.Request | None) -> Path:
    """An empty folder of this visitor's own, for the files of one run."""
    folder = _visitor(request)
    if not folder.exists():
        _sweep(folder.parent)
    folder.mkdir(parents=True, exist_ok=True)
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
    modified_ns = path.stat().st_mtime_ns
    if path.is_relative_to(_visitors()):
        path = _link(path)
    return f"gradio_api/file={quote(str(path))}?{modified_ns}"


def _link(path: Path) -> Path:
    link = _visitors() / "links" / sign(f"file {path}") / path.name
    if not link.is_symlink():
        if not link.parent.parent.exists():
            link.parent.parent.mkdir(parents=True)
        _sweep(link.parent.parent)
        link.parent.mkdir(exist_ok=True)
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


def _sweep(folder: Path) -> None:
    """Delete what visitors left behind that never closed their page, or whose server was killed."""
    for left in folder.glob("*"):
        try:
            if time.time() - left.stat().st_mtime > KEPT_S:
                shutil.rmtree(left, ignore_errors=True)
        except FileNotFoundError:
            continue
