"""The process that trains a run, or trained it: who it is, what it was asked for, and how it ended."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from foley.presets import STAGES
from foley.system.files import read_json, write_json

PROCESS = "process.json"
DONE, STOPPED, FAILED = "done", "stopped", "failed"


@dataclass(frozen=True)
class Process:
    """A process that trains a run. `outcome` is empty while it works, and stays so when it is killed."""

    pid: int
    created: float  # by the system's clock: the number alone may have gone to another process since
    stages: tuple[str, ...] = tuple(STAGES)
    device: str = "auto"
    minutes: float | None = None
    outcome: str = ""
    message: str = ""

    @classmethod
    def this_one(cls, stages: tuple[str, ...], device: str, minutes: float | None) -> "Process":
        own = psutil.Process()
        return cls(own.pid, own.create_time(), stages, device, minutes)

    @classmethod
    def read(cls, folder: Path) -> "Process | None":
        """The last process of a run's folder, or None where there never was one."""
        data = read_json(folder / PROCESS)
        try:
            return cls(**{**data, "stages": tuple(data["stages"])})
        except (KeyError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        write_json(folder / PROCESS, asdict(self))

    def ended(self, outcome: str, message: str = "") -> "Process":
        return replace(self, outcome=outcome, message=message)

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 2
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False
