"""The log of a stage's training: one JSON object a line."""

import json
import math
import os
import time
from pathlib import Path
from typing import Any


class Events:
    """Appends to `events.jsonl`, on the main process alone. A line that a kill cut short is closed first."""

    def __init__(self, path: Path, active: bool = True):
        self.path, self.active = path, active
        if not active:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and not _ends_a_line(path):
            self._append("\n")

    def write(self, kind: str, **values: Any) -> None:
        """One event. Numbers that are not finite become null, as JSON has none."""
        if self.active:
            finite = {name: None if _is_infinite(value) else value for name, value in values.items()}
            self._append(json.dumps({"kind": kind, "time": round(time.time(), 2), **finite}) + "\n")

    def _append(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
