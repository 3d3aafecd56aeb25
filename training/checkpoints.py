"""Checkpoints of a stage: written beside and renamed, so that one is there whole or not at all."""

import shutil
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from safetensors import SafetensorError

from foley.system.files import read_json, write_json

TAGS = "tags.json"
LATEST, BEST = "latest", "best"


class CheckpointsBrokenError(ValueError):
    """There are checkpoints, but none can be read; the message says what to do."""


class Checkpoints:
    """The folder `checkpoints` of a stage: `step-00000200`, ..., and which of them is `latest` and which `best`.

    The newest `kept` stay, and beside them the best one by validation.
    """

    def __init__(self, folder: Path, accelerator: Accelerator | None, kept: int = 2):
        self.folder, self.kept = folder / "checkpoints", kept
        self.accelerator: Any = accelerator  # none where checkpoints are only looked at

    def all(self) -> list[Path]:
        """The whole ones, oldest first."""
        return sorted(self.folder.glob("step-*")) if self.folder.is_dir() else []

    def tagged(self, tag: str) -> Path | None:
        """The checkpoint that is `latest` or `best`, where there is one."""
        whole = self.all()
        if tag == LATEST:
            return whole[-1] if whole else None
        path = self.folder / read_json(self.folder / TAGS).get(tag, "none")
        return path if path.is_dir() else None

    def save(self, step: int, best: bool = False) -> None:
        """Write the state of everything that is registered. Raises OSError when it cannot; the ones before stay."""
        target = self.folder / f"step-{step:08d}"
        temporary = self.folder / f"writing-{step:08d}"
        main = self.accelerator.is_main_process
        if main:
            self._tidy()
        self.accelerator.wait_for_everyone()
        try:
            self.accelerator.save_state(str(temporary))
        except (OSError, RuntimeError, SafetensorError) as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise OSError(
                f"The checkpoint of step {step} could not be written to {self.folder} ({_reason(error)}). The one "
                "before it is kept: see that there is room, then go on with --resume."
            ) from error
        self.accelerator.wait_for_everyone()
        if main:
            shutil.rmtree(target, ignore_errors=True)
            temporary.rename(target)
            tags = read_json(self.folder / TAGS) | {LATEST: target.name} | ({BEST: target.name} if best else {})
            write_json(self.folder / TAGS, tags)
            for old in self.all()[: -self.kept]:
                if old.name != tags.get(BEST):
                    shutil.rmtree(old, ignore_errors=True)

    def resume(self, tag: str = LATEST) -> Path | None:
        """Load the newest checkpoint that is whole, or the best one; what is newer than the best one is deleted.

        One that cannot be read is named and passed over. Raises CheckpointsBrokenError when none of them can.
        """
        whole = self.all()
        if tag == BEST and (best := self.tagged(BEST)):
            self._drop([path for path in whole if path > best])
            whole = [path for path in whole if path <= best]
        for path in reversed(whole):
            try:
                self.accelerator.load_state(str(path))
                return path
            except Exception as error:
                print(f"{path} cannot be read ({type(error).__name__}): the one before it is tried.")
        if whole:
            raise CheckpointsBrokenError(
                f"No checkpoint in {self.folder} can be read: it is broken, or of other sizes than this run's. "
                "Delete it to train the stage from the beginning."
            )
        return None

    def _drop(self, paths: list[Path]) -> None:
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            for path in paths:
                shutil.rmtree(path)

    def _tidy(self) -> None:
        """Delete what kills during a write have left."""
        for half in self.folder.glob("writing-*"):
            shutil.rmtree(half, ignore_errors=True)


def _reason(error: BaseException) -> str:
    words = (getattr(error, "strerror", None) or str(error)).strip().splitlines()
    return words[0].rstrip(".") if words else type(error).__name__
