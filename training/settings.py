"""How a stage's training is set: its recipe, what the run and the command line change of it, and the learning rate."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch.optim.lr_scheduler import CyclicLR, LambdaLR, LRScheduler

from foley.presets.recipes import StageRecipe
from training.checkpoints import LATEST


@dataclass(frozen=True)
class LoopSettings(StageRecipe):
    """A recipe, and how it is carried out.

    Args:
        steps_per_epoch: optimizer steps of one pass over the training clips.
        seed: of the batches and of all augmentation.
        precision: `auto`, `bf16`, `fp16` or `no`.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
        accumulation: batches whose gradients are summed to one step.
        kept: checkpoints, beside the best one.
        most_bad_steps: with an infinite loss or gradient, before the training gives up.
        resume_from: the checkpoint to go on from, `latest` or `best`.
        validate_first: where the weights are not random: later ones have to be better to be kept.
        trackers: `tensorboard` and `wandb`.
        fad_every: steps between measurements of the distance of takes to recordings; 0 for none.
    """

    steps_per_epoch: int = 1
    seed: int = 0
    precision: str = "auto"
    device: str = "auto"
    accumulation: int = 1
    kept: int = 2
    most_bad_steps: int = 50
    resume_from: str = LATEST
    validate_first: bool = False
    trackers: tuple[str, ...] = ()
    fad_every: int = 0

    @classmethod
    def of(cls, recipe: StageRecipe, clips: int, processes: int, changes: Mapping[str, Any]) -> "LoopSettings":
        """The settings of a recipe for so many training clips and processes; `changes` replace what is not None."""
        values = {entry.name: getattr(recipe, entry.name) for entry in fields(StageRecipe)}
        values |= {name: value for name, value in changes.items() if value is not None}
        clips_per_step = values["batch"] * processes * values.get("accumulation", 1)
        values["steps_per_epoch"] = max(1, math.ceil(clips / clips_per_step))
        if changes.get("steps") is None and recipe.epochs > 0:
            values["steps"] = math.ceil(recipe.epochs * clips / clips_per_step)
        return cls(**values)


def mixed_precision(wanted: str, device: str = "auto") -> str:
    """`bf16`, `fp16` or `no`; `auto` takes what is faster on this machine's hardware."""
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available() and device != "cpu":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    if torch.backends.mps.is_available() and device != "cpu":
        return "no"
    capable = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return "bf16" if capable else "no"


def make_scheduler(optimizer: torch.optim.Optimizer, settings: LoopSettings) -> LRScheduler:
    """The learning rate over the steps."""
    if settings.schedule in ("constant", "exponential"):
        decay = settings.decay_per_epoch if settings.schedule == "exponential" else 1.0
        return LambdaLR(optimizer, lambda step: decay ** (step / settings.steps_per_epoch))
    return CyclicLR(
        optimizer,
        base_lr=settings.lowest_rate,
        max_lr=_highest_rates(optimizer, settings),
        step_size_up=settings.cycle_up,
        step_size_down=settings.cycle_down,
        mode=settings.schedule,
        cycle_momentum=False,
    )


def apply_rates(scheduler: LRScheduler, settings: LoopSettings) -> None:
    """Let the settings' rates hold from here on, and not those of the checkpoint that was resumed."""
    groups = len(scheduler.base_lrs)
    if isinstance(scheduler, CyclicLR):
        scheduler.base_lrs = [settings.lowest_rate] * groups
        scheduler.max_lrs = _highest_rates(scheduler.optimizer, settings)
        scheduler.total_size = settings.cycle_up + settings.cycle_down
        scheduler.step_ratio = settings.cycle_up / scheduler.total_size
    else:
        scheduler.base_lrs = [*_highest_rates(scheduler.optimizer, settings)]


def _highest_rates(optimizer: torch.optim.Optimizer, settings: LoopSettings) -> list[float]:
    return [settings.learning_rate * group.get("rate", 1.0) for group in optimizer.param_groups]
