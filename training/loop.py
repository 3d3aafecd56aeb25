"""The one training loop, for every stage: accelerate, schedule, clipping, averaged weights, checkpoints, events."""

import math
import time
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from foley.runs.view import EVENTS
from training.batches import seed_torch, to_device
from training.checkpoints import Checkpoints
from training.events import Events
from training.sample_logger import SampleFolder
from training.settings import LoopSettings, apply_rates, make_scheduler, mixed_precision
from training.stage import OptimizerStep, Stage
from training.stop import Stop
from training.trackers import Trackers

STEPS, PATIENCE, MINUTES, STOPPED = "steps", "patience", "minutes", "stopped"  # why a training ends
REPORT_INTERVAL = 10  # steps between two reports


@dataclass(frozen=True)
class Outcome:
    """How a training ended: why, after how many steps, and the last validation's scores."""

    reason: str
    step: int
    scores: dict[str, float] = field(default_factory=dict)


class TooManyBadStepsError(RuntimeError):
    """Losses or gradients kept being infinite; the message says what to change."""


class TrainingProgress:
    """Where a run is: kept inside its checkpoints."""

    def __init__(self) -> None:
        self.step, self.bad_steps, self.stale, self.best, self.seconds = 0, 0, 0, math.inf, 0.0
        self.validated = -1  # the step of the last validation
        self.drawing = 0.0  # seconds of them in which batches were drawn
        self.score_definition = ""  # what `best` is a score of

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def train(
    stage: Stage, settings: LoopSettings, folder: Path, max_minutes: float = math.inf, stop: Stop | None = None
) -> Outcome:
    """Train a stage until its steps, its patience or the minutes are used up; goes on from `folder`'s checkpoint.

    Raises TooManyBadStepsError when losses or gradients keep being infinite, and OSError when nothing can be written.
    """
    return Loop(stage, settings, folder, max_minutes, stop or Stop()).run()


class Loop:
    """A stage on its way: its parts, optimizers and schedules, and where it is."""

    def __init__(self, stage: Stage, settings: LoopSettings, folder: Path, max_minutes: float, stop: Stop):
        self.stage, self.settings, self.folder, self.stop = stage, settings, folder, stop
        stage.settings, self.max_minutes = settings, max_minutes
        self.accelerator = Accelerator(
            mixed_precision=mixed_precision(settings.precision, settings.device),
            step_scheduler_with_optimizer=False,
            cpu=settings.device == "cpu",
            log_with=list(settings.trackers) or None,
            project_dir=str(folder),
            # codebooks follow all processes by themselves; and a discriminator is called twice before it is moved
            kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
        )
        if self.accelerator.device.type == "cuda":
            torch.set_float32_matmul_precision("high")  # TF32, where autocast leaves float32
            torch.backends.cudnn.benchmark = True
        stage.to(self.accelerator.device)
        if self.accelerator.num_processes > 1 and self.accelerator.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(stage.parts)  # in place: the parts lie in a ModuleDict
        self.parts = {name: self.accelerator.prepare(part) for name, part in stage.parts.items()}
        stage.parts = nn.ModuleDict(self.parts)
        self.kept = next(iter(self.parts))
        self.optimizers, self.schedulers = {}, {}
        for name, part in self.parts.items():
            optimizer = torch.optim.AdamW(
                stage.parameter_groups(part),
                lr=settings.learning_rate,
                betas=settings.betas,
                weight_decay=settings.weight_decay,
            )
            self.optimizers[name] = self.accelerator.prepare(optimizer)
            self.schedulers[name] = make_scheduler(optimizer, settings)
            self.accelerator.register_for_checkpointing(self.schedulers[name])
        self.average = self._averaged()
        self.progress = TrainingProgress()
        self.accelerator.register_for_checkpointing(self.progress)
        self.checkpoints = Checkpoints(folder, self.accelerator, settings.kept)
        self.checkpoints.resume(settings.resume_from)
        for scheduler in self.schedulers.values():
            apply_rates(scheduler, settings)
        self.progress.bad_steps = 0  # what was wrong may have been changed
        self._check_score()
        self.events = Events(folder / EVENTS, self.accelerator.is_main_process)
        self.samples = SampleFolder(folder)
        self.trackers = Trackers(self.accelerator, settings.trackers)
        self.first_step, self.began, self.scores = self.progress.step, time.monotonic(), {}
        self.drawer = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self.ahead: tuple[int, Future[Any]] | None = None

    def _check_score(self) -> None:
        """Forget the best score where the score is not what it was: no later one could be measured against it."""
        progress, definition = self.progress, self.stage.score_definition
        self.new_score = False
        if progress.score_definition not in ("", definition):
            progress.best, progress.stale, self.new_score = math.inf, 0, True
            if self.accelerator.is_main_process:
                print(f"{self.stage.name}: the score is another one than before, so the best one begins anew.")
        progress.score_definition = definition

    def run(self) -> Outcome:
        """Step by step to the end. A stop that is wanted ends it after a step, with a checkpoint."""
        settings, progress = self.settings, self.progress
        minutes = self.max_minutes if math.isfinite(self.max_minutes) else None
        self.events.write("begin", step=progress.step, steps=settings.steps, minutes=minutes, new_score=self.new_score)
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
                if progress.step % REPORT_INTERVAL == 0:
                    bar.set_postfix(self._report(report))
                if progress.step % settings.interval == 0:
                    self._finish_interval()
            if progress.validated != progress.step and reason != STOPPED:
                self._finish_interval()
            elif progress.step > self.first_step and progress.step % settings.interval:
                self.checkpoints.save(progress.step)
        self.drawer.shutdown()
        minutes = round((time.monotonic() - self.began) / 60, 2)
        pending = reason != STOPPED and getattr(self.stage, "finish", None) is not None
        self.events.write("end", step=progress.step, minutes=minutes, reason=reason, finish_pending=pending)
        self.trackers.close()
        return Outcome(reason, progress.step, self.scores)

    def _reason_to_end(self) -> str:
        """Why the training is over, or nothing; all processes agree on it."""
        if self.progress.step >= self.settings.steps:
            return STEPS
        if self.settings.patience and self.progress.stale >= self.settings.patience:
            return PATIENCE
        own = 2 if self.stop.wanted else int((time.monotonic() - self.began) / 60 >= self.max_minutes)
        wishes = cast(Tensor, self.accelerator.gather(torch.tensor([own], device=self.accelerator.device)))
        return ("", MINUTES, STOPPED)[int(wishes.max())]

    def step(self) -> dict[str, Tensor]:
        """One optimizer step of every part, of `accumulation` batches. Returns what the last batch reports."""
        started, progress, settings = time.monotonic(), self.progress, self.settings
        report: dict[str, Tensor] = {}
        buffers = [(buffer, buffer.clone()) for part in self.parts.values() for buffer in part.buffers()]
        bad_before = progress.bad_steps
        for part in range(settings.accumulation):
            last = part == settings.accumulation - 1
            number = progress.step * settings.accumulation + part
            seed_torch(settings.seed, number, self.accelerator.process_index)
            drawn = time.monotonic()
            batch = to_device(self._batch(number), self.accelerator.device)
            progress.drawing += time.monotonic() - drawn
            with ExitStack() as waiting:
                if not last:  # gradients are exchanged once a step
                    for module in self.parts.values():
                        waiting.enter_context(self.accelerator.no_sync(module))
                for step in self.stage.training_steps(batch):
                    report |= step.report
                    self._move(step, first=part == 0, last=last)
        if progress.bad_steps > bad_before:  # statistics and codebooks would keep what such a batch left in them
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)
        with warnings.catch_warnings():  # a skipped first step is no mistake in the order of calls
            warnings.simplefilter("ignore", UserWarning)
            for scheduler in self.schedulers.values():
                scheduler.step()
        if self.average is not None:
            self.average.update_parameters(self._unwrapped())
        progress.step += 1
        progress.seconds += time.monotonic() - started
        if progress.bad_steps > settings.most_bad_steps:
            raise TooManyBadStepsError(
                f"{self.stage.name}: {progress.bad_steps} steps had an infinite loss or gradient; "
                f"lower the learning rate (--learning-rate, now {settings.learning_rate:g}) and resume."
            )
        return report

    def _batch(self, number: int) -> Any:
        """This process' share of the batch of that number; on a GPU the next one is drawn while it computes."""
        processes, own = self.accelerator.num_processes, self.accelerator.process_index
        ahead, self.ahead = self.ahead, None
        if ahead is not None and ahead[0] == number:
            batch = ahead[1].result()
        else:
            batch = self.stage.batch(number * processes + own)
        if self.accelerator.device.type == "cuda":
            self.ahead = number + 1, self.drawer.submit(self.stage.batch, (number + 1) * processes + own)
        return batch

    def _move(self, step: OptimizerStep, first: bool, last: bool) -> None:
        """Add a loss's gradients to its part's, and move the part when they are complete and finite."""
        optimizer, accelerator = self.optimizers[step.part], self.accelerator
        if first:
            optimizer.zero_grad()
        accelerator.backward(step.loss / self.settings.accumulation)
        if not last:
            return
        accelerator.unscale_gradients(optimizer)  # this one's alone: others may be half way
        limit = self.settings.clip_norm or math.inf
        norm = nn.utils.clip_grad_norm_(self.parts[step.part].parameters(), limit)
        finite = torch.isfinite(torch.as_tensor(norm)).item()
        if finite or accelerator.scaler is not None:  # a gradient scaler skips by itself, and has to hear of it
            optimizer.step()
        lost = not torch.isfinite(self._mean(step.loss.detach())).item()
        if lost or (not finite and accelerator.scaler is None):
            self.progress.bad_steps += 1

    def _mean(self, value: Tensor) -> Tensor:
        """The mean of a number over all processes."""
        return cast(Tensor, self.accelerator.reduce(value.float(), reduction="mean"))

    def _report(self, report: dict[str, Tensor]) -> dict[str, float]:
        progress = self.progress
        values = {name: round(float(self._mean(value)), 5) for name, value in report.items()}
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
        progress = self.progress
        scores: list[Any] = [None]  # where the main process does not fill it in, it is sent there
        if self.accelerator.is_main_process:
            model = self.average.module if self.average is not None else self._unwrapped()
            model.eval()
            with torch.no_grad():
                scores = [self.stage.validate(model) | self._take_scores(model)]
                samples = self.samples.write(self.stage, model, progress.step)
            model.train()
        self.scores = broadcast_object_list(scores)[0]
        better = self.scores["score"] < progress.best
        progress.stale = 0 if better else progress.stale + 1
        progress.best = min(progress.best, self.scores["score"])
        progress.validated = progress.step
        if self.accelerator.is_main_process:
            if better or self.settings.kept_weights == "newest":
                self.stage.save(model)
            self._record("validation", best=better, **self.scores)
            if samples:
                self.events.write("show", step=progress.step, files=samples)
                self.trackers.log_samples(self.folder, samples, progress.step)
        self.checkpoints.save(progress.step, better)

    def _take_scores(self, model: nn.Module) -> dict[str, float]:
        """The distance of takes to recordings, where it was asked for, is due and can be measured."""
        progress, every = self.progress, self.settings.fad_every
        if not every or progress.step // every == max(progress.validated, 0) // every:
            return {}
        measure = getattr(self.stage, "measure_takes", None)
        return measure(model) if measure else {}

    def _record(self, kind: str, **values: Any) -> None:
        """An event of this step, and its numbers to the trackers."""
        self.events.write(kind, step=self.progress.step, **values)
        self.trackers.log_numbers(kind, values, self.progress.step)

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
