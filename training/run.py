"""A run: one folder with its settings, its cache, its checkpoints, its events and the model made so far."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foley.checkpoints import Module, find_checkpoint, load_stage, read_config, write_config
from foley.features.cembed import CEmbed
from foley.models.vqvae import VQVAE
from foley.presets import WEIGHTS, Preset
from foley.runs.view import SETTINGS
from foley.system.files import read_json, replacing, write_json
from training.cache import Cache


@dataclass(frozen=True)
class Options:
    """What a run was asked for beside its preset; 0 stands for what the preset's recipe says.

    Args:
        data: the folder of the recordings, or a pack of them.
        seed: of the weights, the batches and the augmentation.
        views: variations of every recording that are kept.
        precision: `auto`, `no`, `bf16` or `fp16`.
        batch: clips of one process's batch.
        accumulation: batches of one step.
        learning_rate: the highest of the schedule.
        init_from: the checkpoint whose weights the stages begin with; none for weights drawn at random.
        licences: `permissive` for recordings under such licences alone; nothing for all.
    """

    data: str
    seed: int = 0
    views: int = 0
    precision: str = "auto"
    batch: int = 0
    accumulation: int = 1
    learning_rate: float = 0.0
    init_from: str = ""
    licences: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Options":
        """The options of a `run.json`; earlier versions called `init_from` otherwise. Raises TypeError."""
        data = dict(data)
        if "start" in data:
            data["init_from"] = data.pop("start")
        return cls(**data)


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
        if options.init_from:
            run._initialize_from(find_checkpoint(options.init_from))
        return run

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """The run of a folder. Raises ValueError when there is none."""
        data = read_json(Path(folder) / SETTINGS)
        try:
            return cls(folder, Preset.from_dict(data["preset"]), Options.from_dict(data["options"]))
        except (KeyError, TypeError):
            raise ValueError(f"{folder} holds no run: start one with --data and --preset first.") from None

    def initialized(self, stage: str, module: Module) -> Module:
        """A new module, with the weights so far where the run was initialized from a checkpoint.

        A prior begins anew where the checkpoint's is of the other kind. Raises CheckpointError when weights do not fit.
        """
        if not self.options.init_from or (stage == "prior" and self._has_other_prior):
            return module
        return load_stage(self.model, stage, module).train()

    @property
    def _has_other_prior(self) -> bool:
        """Whether the run's prior is of another kind than that of the checkpoint it was initialized from."""
        return read_config(find_checkpoint(self.options.init_from))[0].prior.kind != self.preset.prior.kind

    def _initialize_from(self, checkpoint: Path) -> None:
        """Copy a checkpoint's weights into the run's model, where it has none yet."""
        stages = [stage for stage in WEIGHTS if stage != "prior" or not self._has_other_prior]
        for name in (f"{stage}.safetensors" for stage in stages):
            if (checkpoint / name).is_file() and not (self.model / name).is_file():
                with replacing(self.model / name) as temporary:
                    shutil.copyfile(checkpoint / name, temporary)

    @property
    def views(self) -> int:
        """Variations of every recording, the recording itself among them."""
        return self.options.views or self.preset.training.augmentation.views

    def load_cembed(self) -> CEmbed:
        """CEmbed as the run has it so far. Raises CheckpointError when it has none."""
        return load_stage(self.model, "cembed", CEmbed(self.preset))

    def load_vqvae(self) -> VQVAE:
        """The VQ-VAE as the run has it so far. Raises CheckpointError when it has none."""
        return load_stage(self.model, "vqvae", VQVAE(self.preset.vqvae))

    def stage(self, name: str) -> Path:
        """The folder of a stage's checkpoints and events."""
        return self.folder / name
