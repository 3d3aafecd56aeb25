"""The one training loop, for every stage: accelerate, schedule, clipping, averaged weights, checkpoints, events.

All randomness of a step is a function of (seed, step): a resumed run needs no more than the step's number to go on
exactly where it was.
"""

import json
import math
import shutil
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm


@dataclass(frozen=True)
class Turn:
    """One optimizer's share of a step: which part of the stage it moves, its loss, and what to report."""

    part: str
    loss: Tensor
    report: dict[str, Tensor]


class Stage(Protocol):
    """What the loop needs of a stage. `parts` are its trained modules by name; the first is the one that is kept."""

    name: str
    parts: nn.ModuleDict

    def batch(self, step: int) -> Any:
        """The batch of a step, drawn with torch's global generator (seeded by the loop)."""

    def turns(self, batch: Any) -> Iterator[Turn]:
        """The losses of one step, in the order in which their parts are moved."""

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Scores on held-out clips; `score` is what is to be small."""

    def save(self, model: nn.Module) -> None:
        """Write the stage's weights into the run's model folder."""


@dataclass(frozen=True)
class LoopSettings:
    """How a stage is trained. Steps are optimizer steps; a validation and a checkpoint come every `interval`."""

    steps: int
    learning_rate: float
    lowest_rate: float = 1e-5
    cycle_up: int = 100
    cycle_down: int = 2000
    interval: int = 200
    weight_decay: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    clip_norm: float = 1.0
    average_decay: float = 0.0
    patience: int = 0  # validations without a better score before the run ends; 0 for never
    most_bad_steps: int = 50
    seed: int = 0
    precision: str = "auto"


class TooManyBadSteps(RuntimeError):
    """Losses or gradients kept being infinite; the message says what to change."""


class Progress:
    """Where a run is: kept inside its checkpoints."""

    def __init__(self) -> None:
        self.step, self.bad_steps, self.stale, self.best, self.seconds = 0, 0, 0, math.inf, 0.0

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def mixed_precision(wanted: str) -> str:
    """`bf16`, `fp16` or `no`; `auto` takes what is faster on this machine's hardware."""
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    capable = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return "bf16" if capable else "no"


def train(stage: Stage, settings: LoopSettings, folder: Path, max_minutes: float = math.inf) -> dict[str, float]:
    """Train a stage until its steps, its patience or the minutes are used up; goes on from `folder`'s checkpoint.

    Returns the last validation's scores. Raises TooManyBadSteps when losses or gradients keep being infinite.
    """
    accelerator = Accelerator(mixed_precision=mixed_precision(settings.precision), step_scheduler_with_optimizer=False)
    parts = {name: accelerator.prepare(part) for name, part in stage.parts.items()}
    kept = next(iter(parts))
    optimizers, schedulers = {}, {}
    for name, part in parts.items():
        optimizer = torch.optim.AdamW(
            part.parameters(),
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
        )
        optimizers[name] = accelerator.prepare(optimizer)
        schedulers[name] = torch.optim.lr_scheduler.CyclicLR(
            optimizer,
            base_lr=settings.lowest_rate,
            max_lr=settings.learning_rate,
            step_size_up=settings.cycle_up,
            step_size_down=settings.cycle_down,
            mode="triangular2",
            cycle_momentum=False,
        )
        accelerator.register_for_checkpointing(schedulers[name])
    average = None
    if settings.average_decay:
        average = AveragedModel(
            accelerator.unwrap_model(parts[kept]),
            multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay),
            use_buffers=False,
        )
        accelerator.register_for_checkpointing(average)
    progress = Progress()
    accelerator.register_for_checkpointing(progress)
    checkpoints = Checkpoints(folder, accelerator)
    checkpoints.resume()
    events = Events(folder / "events.jsonl", accelerator.is_main_process)
    stage.parts = nn.ModuleDict(parts)
    device = accelerator.device
    bar = tqdm(total=settings.steps, initial=progress.step, desc=stage.name, unit="step", disable=not events.active)
    began, scores = time.monotonic(), {}

    def finish_interval() -> None:
        nonlocal scores
        model = average.module if average is not None else accelerator.unwrap_model(parts[kept])
        model.eval()
        with torch.no_grad():
            scores = stage.validate(model)
        model.train()
        better = scores["score"] < progress.best
        progress.stale = 0 if better else progress.stale + 1
        progress.best = min(progress.best, scores["score"])
        events.write("validation", step=progress.step, best=better, **scores)
        if better and accelerator.is_main_process:
            stage.save(model)
        checkpoints.save(progress.step)

    while progress.step < settings.steps:
        if (time.monotonic() - began) / 60 >= max_minutes:
            break
        started = time.monotonic()
        torch.manual_seed(hash((settings.seed, progress.step, accelerator.process_index)) % 2**63)
        batch = to_device(stage.batch(progress.step), device)
        report: dict[str, Tensor] = {}
        for turn in stage.turns(batch):
            report |= turn.report
            optimizer = optimizers[turn.part]
            optimizer.zero_grad()
            accelerator.backward(turn.loss)
            norm = accelerator.clip_grad_norm_(parts[turn.part].parameters(), settings.clip_norm)
            if torch.isfinite(turn.loss) and torch.isfinite(torch.as_tensor(norm)):
                optimizer.step()
            else:
                progress.bad_steps += 1
        with warnings.catch_warnings():  # a skipped first step is no mistake in the order of calls
            warnings.simplefilter("ignore", UserWarning)
            for scheduler in schedulers.values():
                scheduler.step()
        if average is not None:
            average.update_parameters(accelerator.unwrap_model(parts[kept]))
        progress.step += 1
        progress.seconds += time.monotonic() - started
        if progress.bad_steps > settings.most_bad_steps:
            raise TooManyBadSteps(
                f"{stage.name}: {progress.bad_steps} steps had an infinite loss or gradient; "
                f"lower the learning rate ({settings.learning_rate}) and resume."
            )
        bar.update()
        if progress.step % 10 == 0:
            values = {name: round(float(value), 5) for name, value in report.items()}
            rate = schedulers[kept].get_last_lr()[0]
            speed = progress.seconds / progress.step
            events.write("step", step=progress.step, rate=rate, seconds_a_step=round(speed, 3), **values)
            bar.set_postfix(values)
        if progress.step % settings.interval == 0:
            finish_interval()
            if settings.patience and progress.stale >= settings.patience:
                break
    if not scores or progress.step % settings.interval:
        finish_interval()
    bar.close()
    events.write("end", step=progress.step, minutes=round((time.monotonic() - began) / 60, 2))
    return scores


class Checkpoints:
    """Checkpoint folders of a stage, written beside and renamed; the last two are kept."""

    KEPT = 2

    def __init__(self, folder: Path, accelerator: Accelerator):
        self.folder, self.accelerator = folder / "checkpoints", accelerator

    def all(self) -> list[Path]:
        return sorted(self.folder.glob("step-*")) if self.folder.is_dir() else []

    def save(self, step: int) -> None:
        target = self.folder / f"step-{step:08d}"
        temporary = self.folder / f"writing-{step:08d}"
        if self.accelerator.is_main_process:
            shutil.rmtree(temporary, ignore_errors=True)
        self.accelerator.save_state(str(temporary))
        if self.accelerator.is_main_process:
            shutil.rmtree(target, ignore_errors=True)
            temporary.rename(target)
            for old in self.all()[: -self.KEPT]:
                shutil.rmtree(old, ignore_errors=True)

    def resume(self) -> None:
        """Load the newest checkpoint that is whole; one that cannot be read is named and passed over."""
        for path in reversed(self.all()):
            try:
                self.accelerator.load_state(str(path))
                return
            except Exception as error:
                print(f"{path} cannot be read ({type(error).__name__}): the one before it is tried.")


class Events:
    """The log of a run: one JSON object a line."""

    def __init__(self, path: Path, active: bool):
        self.path, self.active = path, active
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, kind: str, **values: Any) -> None:
        if self.active:
            line = json.dumps({"kind": kind, "time": round(time.time(), 2), **values})
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch (tensors in tuples) on a device."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    return tuple(to_device(item, device) for item in batch)


def draw(indices: Tensor, step: int, batch_size: int, seed: int) -> Tensor:
    """The clips of a step's batch: every epoch a new order of all, given by the seed and the epoch's number."""
    wanted = torch.arange(step * batch_size, (step + 1) * batch_size)
    chosen = []
    for epoch in wanted.div(len(indices), rounding_mode="floor").unique():
        order = torch.randperm(len(indices), generator=torch.Generator().manual_seed(seed * 1_000_003 + int(epoch)))
        inside = wanted[wanted.div(len(indices), rounding_mode="floor") == epoch] % len(indices)
        chosen.append(indices[order[inside]])
    return torch.cat(chosen)
