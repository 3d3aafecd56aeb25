"""A run as it lies on disk: its stages and what their events say. Whoever looks at runs here cannot harm them."""

import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from foley.presets import STAGES, WEIGHTS
from foley.runs.events import read_events
from foley.runs.process import PROCESS, Process
from foley.system.files import read_json

SETTINGS, LOG, EVENTS = "run.json", "log.txt", "events.jsonl"


@dataclass(frozen=True)
class StageView:
    """One stage of a run: its folder and what its events say."""

    name: str
    folder: Path
    events: list[dict[str, Any]] = field(repr=False)

    @property
    def has_started(self) -> bool:
        return bool(self.events)

    @property
    def step(self) -> int:
        return max((event["step"] for event in self.events), default=0)

    @property
    def last(self) -> dict[str, Any]:
        """The newest event, or an empty one."""
        return self.events[-1] if self.events else {}

    def newest(self, kind: str) -> dict[str, Any]:
        """The newest event of a kind, or an empty one."""
        return next((event for event in reversed(self.events) if event["kind"] == kind), {})

    @property
    def is_finished(self) -> bool:
        """Whether its training ended, and what is done at its end was done, too."""
        end = self.newest("end")
        pending = bool(end.get("finish_pending")) and self.newest("finish").get("time", -1.0) < end["time"]
        return bool(end) and self.last["kind"] in ("end", "finish") and not pending

    @property
    def best(self) -> dict[str, Any]:
        """The validation with the smallest score of those that mean the same as the newest one, or an empty one."""
        changes = [number for number, event in enumerate(self.events) if event.get("new_score")]
        events = self.events[changes[-1] :] if changes else self.events
        scored = [event for event in events if event["kind"] == "validation" and event.get("score") is not None]
        return min(scored, key=lambda event: event["score"], default={})


class RunView:
    """A run's folder, read when it is asked; make a new one to see what has changed."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def model(self) -> Path:
        """The checkpoint folder inside the run."""
        return self.folder / "model"

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What `run.json` says; empty for a run that failed before it had one."""
        return read_json(self.folder / SETTINGS)

    @property
    def preset(self) -> str:
        """The name of its preset; empty where it is not known."""
        return _text(self.settings, "preset", "name")

    @property
    def data(self) -> str:
        """The folder of its recordings; empty where it is not known."""
        return _text(self.settings, "options", "data")

    @cached_property
    def process(self) -> Process | None:
        return Process.read(self.folder)

    @cached_property
    def stages(self) -> dict[str, StageView]:
        folders = {name: self.folder / name for name in STAGES}
        return {name: StageView(name, place, read_events(place / EVENTS)) for name, place in folders.items()}

    @cached_property
    def running(self) -> Process | None:
        """The process that is at work on it, where there is one."""
        return self.process if self.process and not self.process.outcome and self.process.alive else None

    @property
    def is_running(self) -> bool:
        return self.running is not None

    @property
    def state(self) -> str:
        """`running`, `done`, `stopped`, `failed`, `killed`, or `idle` where no process is known."""
        if self.is_running:
            return "running"
        if self.process is None:
            return "idle"
        return self.process.outcome or "killed"

    @property
    def is_whole(self) -> bool:
        """Whether every stage has left weights, so that the model can make sound."""
        return all((self.model / f"{name}.safetensors").is_file() for name in WEIGHTS)

    @property
    def current(self) -> StageView:
        """The stage of the newest event; the first one where nothing has happened yet."""
        return max(self.stages.values(), key=lambda stage: stage.last.get("time", 0.0))

    @property
    def changed(self) -> float:
        """When something last happened, in seconds since 1970."""
        places = [self.folder / name for name in (SETTINGS, PROCESS, LOG)]
        places += [self.folder / stage / EVENTS for stage in STAGES]
        return max((place.stat().st_mtime for place in places if place.is_file()), default=0.0)

    def log(self, lines: int = 200) -> list[str]:
        """The last lines of what the process said; of a progress bar, only how it last stood."""
        try:
            with (self.folder / LOG).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 64_000))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return []
        last = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n")]
        return [line for line in last if line][-lines:]


def find_runs(root: Path) -> list[RunView]:
    """The runs below a folder, the newest first."""
    try:
        folders = [path for path in root.iterdir() if path.is_dir()]
    except OSError:
        return []
    runs = [RunView(path) for path in folders if any((path / name).is_file() for name in (SETTINGS, LOG))]
    return sorted(runs, key=lambda run: -run.changed)


def _text(settings: dict[str, Any], block: str, name: str) -> str:
    values = settings.get(block)
    found = values.get(name) if isinstance(values, dict) else ""
    return found.encode("utf-8", "replace").decode() if isinstance(found, str) else ""


def ago(seconds: float) -> str:
    """A duration in words, as short as can be: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def since(moment: float) -> str:
    """How long ago a moment was."""
    return ago(max(0.0, time.time() - moment))
