"""A run: one folder with its settings, its cache, its checkpoints, its events and the model made so far."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from foley.checkpoints import write_config
from foley.presets import Preset
from training.cache import Cache


@dataclass(frozen=True)
class Options:
    """What a run was asked for beside its preset."""

    data: str
    seed: int = 0
    views: int = 4  # variations of every recording that are kept in the cache; the first is the recording itself
    precision: str = "auto"


class Run:
    """The folder of a run. `model` inside it is a checkpoint folder that `Foley.from_pretrained` loads."""

    def __init__(self, folder: str | Path, preset: Preset, options: Options):
        self.folder, self.preset, self.options = Path(folder), preset, options
        self.cache = Cache(self.folder / "cache")
        self.model = self.folder / "model"

    @classmethod
    def create(cls, folder: str | Path, preset: Preset, options: Options) -> "Run":
        """A new run, or the same one again with a changed preset or options."""
        run = cls(folder, preset, options)
        run.folder.mkdir(parents=True, exist_ok=True)
        write_json(run.folder / "run.json", {"preset": preset.to_dict(), "options": asdict(options)})
        write_config(run.model, preset)
        return run

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """The run of a folder. Raises ValueError when there is none."""
        path = Path(folder) / "run.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(folder, Preset.from_dict(data["preset"]), Options(**data["options"]))
        except (OSError, KeyError, TypeError, json.JSONDecodeError):
            raise ValueError(f"{folder} holds no run: start one with --data and --preset first.") from None

    def stage(self, name: str) -> Path:
        """The folder of a stage's checkpoints and events."""
        return self.folder / name


def write_json(path: Path, data: dict) -> None:
    """Write JSON, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)
