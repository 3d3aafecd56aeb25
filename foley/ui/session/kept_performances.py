"""Performances that are kept: WAVs with their recipes in a folder beside the takes, from which each opens again."""

from datetime import datetime
from pathlib import Path

from foley.perform.events import EventError
from foley.perform.output import save
from foley.perform.performance import Performance
from foley.takes.library import Library
from foley.ui.session.visitors import VisitorLibrary, check_disk

FOLDER = "performances"
MOST_LISTED = 100
MOST_OF_A_VISITOR = 20  # their disk is everybody's: older ones go


class KeptPerformances:
    """The performances beside the takes of a library."""

    def __init__(self, library: Library):
        self.folder = library.folder / FOLDER
        self._bounded = isinstance(library, VisitorLibrary)

    def add(self, performance: Performance) -> Path:
        """Keep a performance under a name of its own. Raises LibraryError where a visitor's disk is full."""
        if self._bounded:
            check_disk(self.folder)
            for path in self._files()[MOST_OF_A_VISITOR - 1 :]:
                path.unlink(missing_ok=True)
        return save(performance, self.folder)["wav"]

    def choices(self) -> list[tuple[str, str]]:
        """Words and file name of each, the newest first."""
        return [(f"{path.stem} · {_made(path):%d %b %H:%M}", path.name) for path in self._files()[:MOST_LISTED]]

    def path(self, name: str) -> Path:
        """Where the performance of that file name lies. Raises EventError where there is none."""
        found = next((path for path in self._files() if path.name == name), None)
        if found is None:
            raise EventError("That performance is not there any more: its file was moved or deleted.")
        return found

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(self.folder.glob("*.wav"), key=_made, reverse=True)


def _made(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime)
    except OSError:  # deleted just now
        return datetime.fromtimestamp(0)
