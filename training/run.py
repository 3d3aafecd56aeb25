"""A run: one folder with its settings, its cache, its checkpoints, its events and the model made so far."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import nn

from foley.checkpoints import STAGES, find_checkpoint, load_stage, write_config
from foley.presets import Preset
from foley.runs.view import SETTINGS, read_json, write_json
from foley.system.files import replacing
from training.cache import Cache


@dataclass(frozen=True)
class Options:
    """What a run was asked for beside its preset."""

    data: str
    seed: int = 0
    views: int = 4  # variations of every recording that are kept in the cache; the first is the recording itself
    precision: str = "auto"
    batch: int = 0  # clips of one process's batch; 0 for each stage's own
    accumulation: int = 1  # batches of one step
    learning_rate: float = 0.0  # 0 for each stage's own
    start: str = ""  # the checkpoint whose weights the stages begin with; none for weights drawn at random


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
        write_json(run.folder / SETTINGS, {"preset": preset.to_dict(), "options": asdict(options)})
        write_config(run.model, preset)
        if options.start:
            run._begin_with(find_checkpoint(options.start))
        return run

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """The run of a folder. Raises ValueError when there is none."""
        data = read_json(Path(folder) / SETTINGS)
        try:
            return cls(folder, Preset.from_dict(data["preset"]), Options(**data["options"]))
        except (KeyError, TypeError):
            raise ValueError(f"{folder} holds no run: start one with --data and --preset first.") from None

    def initialized(self, stage: str, module: nn.Module) -> nn.Module:
        """A new module, with the weights so far where the run was started from a checkpoint.

        Raises CheckpointError when they do not fit.
        """
        return load_stage(self.model, stage, module).train() if self.options.start else module

    def _begin_with(self, checkpoint: Path) -> None:
        """Copy a checkpoint's weights into the run's model, where it has none yet."""
        for name in (f"{stage}.safetensors" for stage in STAGES):
            if (checkpoint / name).is_file() and not (self.model / name).is_file():
                with replacing(self.model / name) as temporary:
                    shutil.copyfile(checkpoint / name, temporary)

    def stage(self, name: str) -> Path:
        """The folder of a stage's checkpoints and events."""
        return self.folder / name
