"""The process that trains a run, or trained it: who it is, what it was asked for, and how it ended."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

import psutil
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from foley.presets import STAGES
from foley.system.files import read_json, write_json
from foley.system.validation import Seconds, Text

PROCESS = "process.json"
Outcome = Literal["", "done", "stopped", "failed"]
DONE: Outcome = "done"
STOPPED: Outcome = "stopped"
FAILED: Outcome = "failed"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Process:
    """A process that trains a run. `outcome` is empty while it works, and stays so when it is killed."""

    pid: Annotated[int, Field(gt=0, lt=2**31, strict=True)]
    created: Seconds  # by the system's clock: the number alone may have gone to another process since
    stages: tuple[Text, ...] = tuple(STAGES)
    device: Text = "auto"
    minutes: Seconds | None = None
    outcome: Outcome = ""
    message: Text = ""

    @classmethod
    def this_one(cls, stages: tuple[str, ...], device: str, minutes: float | None) -> "Process":
        own = psutil.Process()
        return cls(own.pid, own.create_time(), stages, device, minutes)

    @classmethod
    def read(cls, folder: Path) -> "Process | None":
        """The last process of a run's folder, or None where there never was one."""
        try:
            return _PROCESS.validate_python(read_json(folder / PROCESS))
        except ValidationError:
            return None

    def write(self, folder: Path) -> None:
        write_json(folder / PROCESS, asdict(self))

    def ended(self, outcome: Outcome, message: str = "") -> "Process":
        """The same process when it is over; of the message, whatever no file can hold is replaced."""
        return replace(self, outcome=outcome, message=message.encode("utf-8", "replace").decode())

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 2
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


_PROCESS = TypeAdapter(Process)
