"""A random key of this installation: what links to visitors' takes are made with, and their tokens encrypted."""

import hmac
import os
import secrets
from functools import cache
from pathlib import Path

FILE = Path("foley-studio") / "secret"


@cache
def installation_secret() -> str:
    """The key, made when it is first asked for and kept in a file that nobody else may read.

    Where no file can be kept, it lasts as long as this process, and visitors of before are no longer known.
    """
    folder = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    path = Path(folder) / FILE
    try:
        return _kept(path)
    except OSError:
        return secrets.token_hex(32)


def sign(text: str) -> str:
    """A name for a text that nobody can guess who does not have the key, nor tell the text from."""
    return hmac.new(installation_secret().encode(), text.encode(), "sha256").hexdigest()[:32]


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o600)
        if len(key := path.read_text(encoding="utf-8").strip()) >= 32:
            return key
        path.unlink()  # begun by a process that was killed
        return _kept(path)
    with os.fdopen(file, "w", encoding="utf-8") as written:
        key = secrets.token_hex(32)
        written.write(key)
    return key
