"""A folder for each visitor's files below Gradio's cache, and their end."""

import shutil
import tempfile
import time
from pathlib import Path

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

KEPT_S = 24 * 3600
DELETE_CACHE = (3600, KEPT_S)  # Gradio's own share of the tidying: every hour, what is a day old


def new_folder(request: gr.Request | None) -> Path:
    """An empty folder of this visitor's own, for the files of one run."""
    folder = _visitor(request)
    if not folder.exists():
        _sweep(folder.parent)
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder))


def forget(request: gr.Request) -> None:
    """Delete a visitor's files: for the moment when the page is closed."""
    if request.session_hash:
        shutil.rmtree(_visitor(request), ignore_errors=True)


def served(path: Path, name: str | None = None) -> dict:
    """A file in the form in which Gradio gives it a URL on the way to the page."""
    return FileData(path=str(path), orig_name=name or path.name).model_dump()


def _visitor(request: gr.Request | None) -> Path:
    session = (request.session_hash if request else None) or "nobody"
    letters = "".join(letter for letter in session if letter.isalnum())
    return Path(get_upload_folder()) / "foley-visitors" / letters


def _sweep(folder: Path) -> None:
    """Delete what visitors left behind that never closed their page, or whose server was killed."""
    for left in folder.glob("*"):
        try:
            if time.time() - left.stat().st_mtime > KEPT_S:
                shutil.rmtree(left, ignore_errors=True)
        except FileNotFoundError:
            continue
