"""The one training loop, for every stage: accelerate, schedule, clipping, averaged weights, checkpoints, events.

All randomness of a step is a function of (seed, number of the batch): a resumed run needs no more than the step's
number to go on exactly where it was, and several processes draw between them what one would.
"""

import math
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from training.checkpoints import LATEST, Checkpoints
from training.events import Events
from training.stop import Stop

STEPS, PATIENCE, MINUTES, STOPPED = "steps", "patience", "minutes", "stopped"  # why a training ends


@dataclass(frozen=True)
class OptimizerStep:
    """One optimizer's share of a step: which part of the stage it moves, its loss, and what to report."""

    part: str
    loss: Tensor
    report: dict[str, Tensor]


class Stage(Protocol):
    """What the loop needs of a stage. `parts` are its trained modules by name; the first is the one that is kept."""

    name: str
    parts: nn.ModuleDict

    def to(self, device: torch.device) -> None:
        """Move to a device what the stage needs beside its parts."""

    def batch(self, number: int) -> Any:
        """The batch of that number, drawn with torch's global generator (seeded by the loop)."""

    def training_steps(self, batch: Any) -> Iterator[OptimizerStep]:
        """The losses of one step, in the order in which their parts are moved."""

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Scores on held-out clips; `score` is what is to be small."""

    def log_samples(self, model: nn.Module, folder: Path) -> dict[str, str]:
        """Write pictures and sounds into a folder. Returns each one's title and file name."""

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
    device: str = "auto"
    accumulation: int = 1  # batches whose gradients are summed to one step
    kept: int = 2  # checkpoints, beside the best one
    resume_from: str = LATEST
    validate_first: bool = False  # where the weights are not random: later ones have to be better to be kept
    trackers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a training ended: why, after how many steps, and the last validation's scores."""

    reason: str
    step: int
    scores: dict[str, float] = field(default_factory=dict)


class TooManyBadSteps(RuntimeError):
    """Losses or gradients kept being infinite; the message says what to change."""


class Progress:
    """Where a run is: kept inside its checkpoints."""

    def __init__(self) -> None:
        self.step, self.bad_steps, self.stale, self.best, self.seconds = 0, 0, 0, math.inf, 0.0
        self.validated = -1  # the step of the last validation
        self.drawing = 0.0  # seconds of them in which batches were drawn

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


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


def train(
    stage: Stage, settings: LoopSettings, folder: Path, max_minutes: float = math.inf, stop: Stop | None = None
) -> Outcome:
    """Train a stage until its steps, its patience or the minutes are used up; goes on from `folder`'s checkpoint.

    Raises TooManyBadSteps when losses or gradients keep being infinite, and OSError when nothing can be written.
    """
    return Loop(stage, settings, folder, max_minutes, stop or Stop()).run()


class Loop:
    """A stage on its way: its parts, optimizers and schedules, and where it is."""

    def __init__(self, stage: Stage, settings: LoopSettings, folder: Path, max_minutes: float, stop: Stop):
        self.stage, self.settings, self.folder, self.stop = stage, settings, folder, stop
        self.max_minutes = max_minutes
        self.accelerator = Accelerator(
            mixed_precision=mixed_precision(settings.precision, settings.device),
            step_scheduler_with_optimizer=False,
            cpu=settings.device == "cpu",
            log_with=list(settings.trackers) or None,
            project_dir=str(folder),
        )
        stage.to(self.accelerator.device)
        self.parts = {name: self.accelerator.prepare(part) for name, part in stage.parts.items()}
        stage.parts = nn.ModuleDict(self.parts)
        self.kept = next(iter(self.parts))
        self.optimizers, self.schedulers = {}, {}
        for name, part in self.parts.items():
            optimizer = torch.optim.AdamW(
                part.parameters(),
                lr=settings.learning_rate,
                betas=settings.betas,
                weight_decay=settings.weight_decay,
            )
            self.optimizers[name] = self.accelerator.prepare(optimizer)
            self.schedulers[name] = torch.optim.lr_scheduler.CyclicLR(
                optimizer,
                base_lr=settings.lowest_rate,
                max_lr=settings.learning_rate,
                step_size_up=settings.cycle_up,
                step_size_down=settings.cycle_down,
                mode="triangular2",
                cycle_momentum=False,
            )
            self.accelerator.register_for_checkpointing(self.schedulers[name])
        self.average = self._averaged()
        self.progress = Progress()
        self.accelerator.register_for_checkpointing(self.progress)
        self.checkpoints = Checkpoints(folder, self.accelerator, settings.kept)
        self.checkpoints.resume(settings.resume_from)
        self._apply_rates()
        self.progress.bad_steps = 0  # what was wrong may have been changed
        self.events = Events(folder / "events.jsonl", self.accelerator.is_main_process)
        if settings.trackers:
            self.accelerator.init_trackers("tracked")
        self.first_step, self.began, self.scores = self.progress.step, time.monotonic(), {}

    def _apply_rates(self) -> None:
        """Let the settings' rates hold from here on, and not those of the checkpoint that was resumed."""
        for cycle in self.schedulers.values():
            cycle.base_lrs = [self.settings.lowest_rate] * len(cycle.base_lrs)
            cycle.max_lrs = [self.settings.learning_rate] * len(cycle.max_lrs)

    def run(self) -> Outcome:
        """Step by step to the end. A stop that is wanted ends it after a step, with a checkpoint."""
        settings, progress = self.settings, self.progress
        minutes = self.max_minutes if math.isfinite(self.max_minutes) else None
        self.events.write("begin", step=progress.step, steps=settings.steps, minutes=minutes)
        with (
            tqdm(
                total=settings.steps,
                initial=progress.step,
                desc=self.stage.name,
                unit="step",
                disable=not self.accelerator.is_main_process,
            ) as bar,
            self.stop.gently(),
        ):
            if settings.validate_first and progress.step == 0:
                self._finish_interval()
            while not (reason := self._reason_to_end()):
                report = self.step()
                bar.update()
                if progress.step % 10 == 0:
                    bar.set_postfix(self._report(report))
                if progress.step % settings.interval == 0:
                    self._finish_interval()
            if progress.validated != progress.step and reason != STOPPED:
                self._finish_interval()
            elif progress.step > self.first_step and progress.step % settings.interval:
                self.checkpoints.save(progress.step)
        minutes = round((time.monotonic() - self.began) / 60, 2)
        self.events.write("end", step=progress.step, minutes=minutes, reason=reason)
        if settings.trackers:
            self.accelerator.end_training()
        return Outcome(reason, progress.step, self.scores)

    def _reason_to_end(self) -> str:
        """Why the training is over, or nothing; all processes agree on it."""
        if self.progress.step >= self.settings.steps:
            return STEPS
        if self.settings.patience and self.progress.stale >= self.settings.patience:
            return PATIENCE
        own = 2 if self.stop.wanted else int((time.monotonic() - self.began) / 60 >= self.max_minutes)
        wishes = self.accelerator.gather(torch.tensor([own], device=self.accelerator.device))
        return ("", MINUTES, STOPPED)[int(wishes.max())]

    def step(self) -> dict[str, Tensor]:
        """One optimizer step of every part, of `accumulation` batches. Returns what the last batch reports."""
        started, progress, settings = time.monotonic(), self.progress, self.settings
        report: dict[str, Tensor] = {}
        for part in range(settings.accumulation):
            last = part == settings.accumulation - 1
            number = progress.step * settings.accumulation + part
            number = number * self.accelerator.num_processes + self.accelerator.process_index
            torch.manual_seed(hash((settings.seed, number, 0)) % 2**63)
            drawn = time.monotonic()
            batch = to_device(self.stage.batch(number), self.accelerator.device)
            progress.drawing += time.monotonic() - drawn
            with ExitStack() as waiting:
                if not last:  # gradients are exchanged once a step
                    for module in self.parts.values():
                        waiting.enter_context(self.accelerator.no_sync(module))
                for step in self.stage.training_steps(batch):
                    report |= step.report
                    self._move(step, first=part == 0, last=last)
        with warnings.catch_warnings():  # a skipped first step is no mistake in the order of calls
            warnings.simplefilter("ignore", UserWarning)
            for scheduler in self.schedulers.values():
                scheduler.step()
        if self.average is not None:
            self.average.update_parameters(self._unwrapped())
        progress.step += 1
        progress.seconds += time.monotonic() - started
        if progress.bad_steps > settings.most_bad_steps:
            raise TooManyBadSteps(
                f"{self.stage.name}: {progress.bad_steps} steps had an infinite loss or gradient; "
                f"lower the learning rate (--learning-rate, now {settings.learning_rate:g}) and resume."
            )
        return report

    def _move(self, step: OptimizerStep, first: bool, last: bool) -> None:
        """Add a loss's gradients to its part's, and move the part when they are complete and finite."""
        optimizer, accelerator = self.optimizers[step.part], self.accelerator
        if first:
            optimizer.zero_grad()
        accelerator.backward(step.loss / self.settings.accumulation)
        if not last:
            return
        accelerator.unscale_gradients(optimizer)  # this one's alone: others may be half way
        norm = nn.utils.clip_grad_norm_(self.parts[step.part].parameters(), self.settings.clip_norm)
        finite = torch.isfinite(torch.as_tensor(norm)).item()
        if finite or accelerator.scaler is not None:  # a gradient scaler skips by itself, and has to hear of it
            optimizer.step()
        lost = not torch.isfinite(accelerator.reduce(step.loss.detach(), reduction="mean")).item()
        if lost or (not finite and accelerator.scaler is None):
            self.progress.bad_steps += 1

    def _report(self, report: dict[str, Tensor]) -> dict[str, float]:
        progress = self.progress
        values = {name: round(float(value), 5) for name, value in report.items()}
        passed = time.monotonic() - self.began
        left = passed / (progress.step - self.first_step) * (self.settings.steps - progress.step)
        self._record(
            "step",
            rate=self.schedulers[self.kept].get_last_lr()[0],
            seconds_a_step=round(progress.seconds / progress.step, 3),
            left_s=round(min(left, max(0.0, 60 * self.max_minutes - passed)), 1),
            **values,
        )
        return values

    def _finish_interval(self) -> None:
        """Validate on the main process, keep the weights where they are the best so far, and write a checkpoint."""
        progress, scores = self.progress, [None]
        if self.accelerator.is_main_process:
            model = self.average.module if self.average is not None else self._unwrapped()
            model.eval()
            with torch.no_grad():
                scores = [self.stage.validate(model)]
                samples = self._log_samples(model)
            model.train()
        self.scores = broadcast_object_list(scores)[0]
        better = self.scores["score"] < progress.best
        progress.stale = 0 if better else progress.stale + 1
        progress.best = min(progress.best, self.scores["score"])
        progress.validated = progress.step
        if self.accelerator.is_main_process:
            if better:
                self.stage.save(model)
            self._record("validation", best=better, **self.scores)
            if samples:
                self.events.write("show", step=progress.step, files=samples)
        self.checkpoints.save(progress.step, better)

    def _record(self, kind: str, **values: Any) -> None:
        """An event of this step, and its numbers to the trackers."""
        self.events.write(kind, step=self.progress.step, **values)
        if self.settings.trackers:
            numbers = {f"{kind}/{name}": value for name, value in values.items() if isinstance(value, float)}
            self.accelerator.log(numbers, step=self.progress.step)

    def _log_samples(self, model: nn.Module) -> dict[str, str]:
        """Pictures and sounds of this step, as paths below the stage's folder by their titles."""
        place = self.folder / "shown" / f"step-{self.progress.step:08d}"
        place.mkdir(parents=True, exist_ok=True)
        files = self.stage.log_samples(model, place)
        keep_newest(place.parent)
        return {title: str((place / name).relative_to(self.folder)) for title, name in files.items()}

    def _averaged(self) -> AveragedModel | None:
        if not self.settings.average_decay:
            return None
        average = AveragedModel(
            self._unwrapped(), multi_avg_fn=get_ema_multi_avg_fn(self.settings.average_decay), use_buffers=False
        )
        self.accelerator.register_for_checkpointing(average)
        return average

    def _unwrapped(self) -> nn.Module:
        return self.accelerator.unwrap_model(self.parts[self.kept])


def keep_newest(folder: Path, number: int = 12) -> None:
    """Delete all but the newest samples."""
    for old in sorted(folder.glob("step-*"))[:-number]:
        shutil.rmtree(old, ignore_errors=True)


def device_of(module: nn.Module) -> torch.device:
    """Where a module is."""
    return next(module.parameters()).device


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch (tensors in tuples) on a device."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    return tuple(to_device(item, device) for item in batch)


def draw(indices: Tensor, number: int, batch_size: int, seed: int) -> Tensor:
    """The clips of the batch of that number: every epoch a new order of all, given by the seed and the epoch."""
    wanted = torch.arange(number * batch_size, (number + 1) * batch_size)
    chosen = []
    for epoch in wanted.div(len(indices), rounding_mode="floor").unique():
        order = torch.randperm(len(indices), generator=torch.Generator().manual_seed(seed * 1_000_003 + int(epoch)))
        inside = wanted[wanted.div(len(indices), rounding_mode="floor") == epoch] % len(indices)
        chosen.append(indices[order[inside]])
    return torch.cat(chosen)
