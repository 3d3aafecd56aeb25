"""What all use of the model shares: one queue, a borrowed GPU where the host lends them, and words for what fails."""

import errno
import logging
import os
import re
import tempfile
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from foley.resources import REPOSITORY

try:
    import spaces  # pyright: ignore[reportMissingImports]  Hugging Face ZeroGPU has it, and nobody else
except ImportError:
    spaces = None


def on_gpu(function: Callable) -> Callable:
    """The function, with a GPU for the length of a call where the host lends them; as it is elsewhere."""
    return spaces.GPU(function) if spaces else function


LONGEST_SENTENCE = 400  # characters; what is longer is no sentence of ours
_FOLDERS = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:)?(?:[/\\]+[^\s/\\'\",;:<>|()]+)*[/\\]+(?=[^\s/\\'\",;:<>|()])")
_SYSTEM = {
    errno.ENOSPC: "The disk is full: nothing was saved. Make room, or delete takes.",
    errno.EDQUOT: "The disk is full: nothing was saved. Make room, or delete takes.",
    errno.EROFS: "The folder cannot be written to: nothing was saved.",
    errno.EACCES: "The folder or file may not be read or written by this program.",
    errno.EPERM: "The folder or file may not be read or written by this program.",
    errno.ENOENT: "A file or its folder is gone.",
    errno.EIO: "The disk cannot be read or written.",
    errno.ESTALE: "The disk cannot be read or written.",
    errno.ENOTCONN: "The disk cannot be read or written.",
    errno.ENAMETOOLONG: "The name is too long.",
}

# calls that need the model: as many at once as may wait for it, for `model_queue.ModelQueue` lets one at a time work
USES_MODEL: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 60}


def error_message(error: BaseException, whole_paths: bool = False) -> str:
    """One sentence about an error, for a visitor: the pipeline's own, or that the server's log says more.

    Folders of the server are left out of it, but for whoever sits there (`whole_paths`).
    """
    if isinstance(error, PermissionError | FileNotFoundError | FileExistsError) and not error.errno:
        words = str(error)  # a sentence of ours
    elif isinstance(error, OSError):
        words = _system_words(error)
    elif isinstance(error, MemoryError) or "out of memory" in str(error):
        words = "There is not enough memory for that just now: ask for less, or try again in a minute."
    elif isinstance(error, ValueError | RuntimeError):  # what the pipeline raises, each with a sentence
        words = str(error)
    else:
        words = ""
    if not words or "\n" in words.strip() or len(words) > LONGEST_SENTENCE:
        logging.getLogger(__name__).error("A call of the model failed.", exc_info=error)
        return "Something went wrong that is none of your doing: the server's log says what."
    return escape(words if whole_paths else without_folders(words), quote=False)


def without_folders(text: str) -> str:
    """A text in which of every absolute path only the last name is left."""
    places = {str(place) + os.sep for place in (Path.cwd(), Path.home(), REPOSITORY, tempfile.gettempdir())}
    for place in sorted(places, key=len, reverse=True):  # these may hold spaces, which the pattern does not know
        text = text.replace(place, os.sep)
    return _FOLDERS.sub("", text)


def _system_words(error: OSError) -> str:
    """What the system says went wrong, and with which file."""
    words = _SYSTEM.get(error.errno or 0, f"The system says: {error.strerror or 'input or output failed'}.")
    name = Path(os.fsdecode(error.filename)).name if isinstance(error.filename, str | bytes) else ""
    return f"{words} ({name})" if name else words


__all__ = ["USES_MODEL", "error_message", "on_gpu"]
