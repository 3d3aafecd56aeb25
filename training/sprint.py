"""A whole training within minutes of one large GPU: the stages side by side, by the clock (see CONTRIBUTING.md).

    encoder, and controls measured  ->  VQ-VAE, and the vocoder on true CEmbeds  ->  prior, and the vocoder on both

What there is so far is copied out every few seconds, so that a machine that is taken away takes nothing with it.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from foley.presets import WEIGHTS, get_preset
from foley.runs.view import EVENTS, SETTINGS
from foley.system.files import replacing
from training.run import Run

CHAIN, VOICE = "chain", "voice"  # the runs: encoder, VQ-VAE and prior; vocoder
SHARES = {"encoder": 0.18, "vqvae": 0.27, "prior": 0.55}  # of the minutes; the first with all preparations
LOG = "log.txt"
LARGEST_FILE = 15 * 2**20  # bytes; larger weights are copied out in parts, to be joined in their order
COPY_INTERVAL_S = 20.0
LAST_WORD_S = 25.0  # kept for the last validations and copies


@dataclass(frozen=True)
class Sprint:
    """What a sprint is asked for.

    Args:
        data: the recordings, packed or not.
        folder: of its runs.
        out: where weights and logs are copied while it runs.
        minutes: for all of it.
        device: `cuda` or `cpu`.
        preset: the name of the preset.
        vocoder: a checkpoint folder whose vocoder is gone on with, or none for a new one.
        steps: of each stage, from peak to floor of its learning rate; the clock ends it earlier if need be.
        changes: further `NAME=VALUE` of the preset.
    """

    data: str
    folder: Path
    out: Path
    minutes: float = 9.0
    device: str = "cuda"
    preset: str = "expressive"
    vocoder: str = ""
    steps: dict[str, int] = field(default_factory=dict)
    changes: tuple[str, ...] = ()


def run_sprint(sprint: Sprint) -> int:
    """Carry a sprint out. Returns 0 when every stage ended well."""
    start = time.monotonic()
    end = start + 60 * sprint.minutes - LAST_WORD_S
    chain, voice = sprint.folder / CHAIN, sprint.folder / VOICE
    sprint.out.mkdir(parents=True, exist_ok=True)
    codes = [0]

    def until(stage: str) -> float:
        shares = list(SHARES)
        spent = sum(SHARES[name] for name in shares[: shares.index(stage) + 1])
        return start + (end - start) * spent

    def together(*jobs: "Job", beside: tuple["Job", ...] = ()) -> None:
        codes.append(_together(jobs, beside, lambda: _copy_out(sprint)))

    # the prior alone needs the controls: measuring them goes on, on the CPU, while the VQ-VAE is trained
    prepared = Job(sprint, chain, "prepare", end, after="encoder")
    together(Job(sprint, chain, "encoder", until("encoder")), beside=(prepared,))
    _begin_voice(sprint, chain, voice)
    vocoder = Job(sprint, voice, "vocoder", until("vqvae"), after="vqvae")
    together(Job(sprint, chain, "vqvae", until("vqvae")), vocoder, beside=(prepared,))
    together(prepared)
    _hand_over(chain, voice, ("vqvae",))
    together(Job(sprint, chain, "prior", end), Job(sprint, voice, "vocoder", end, after="prior"))
    return max(codes)


class Job:
    """One stage of one run in a process of its own, until a moment of the monotonic clock.

    One that comes `after` another of the same run waits until that one has computed what both of them need.
    """

    def __init__(self, sprint: Sprint, run: Path, stage: str, until: float, after: str = ""):
        self.sprint, self.run, self.stage, self.until, self.after = sprint, run, stage, until, after
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def may_begin(self) -> bool:
        return not self.after or (self.sprint.folder / CHAIN / self.after / EVENTS).is_file()

    def begin(self) -> None:
        minutes = max(0.05, (self.until - time.monotonic()) / 60)
        command = [sys.executable, "-m", "training", self.stage, "--run", str(self.run)]
        if self.stage != "prepare":
            command += ["--max-minutes", f"{minutes:.3f}", "--keep", "1", "--device", self.sprint.device]
            is_run = (self.run / SETTINGS).is_file()
            command += ["--resume"] if is_run else ["--data", self.sprint.data, "--preset", self.sprint.preset]
            command += [part for change in self._changes() for part in ("--set", change)]
        if steps := self.sprint.steps.get(self.stage):
            command += ["--max-steps", str(steps)]
        with (self.sprint.out / LOG).open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def _changes(self) -> tuple[str, ...]:
        """The sprint's changes of the preset, and a learning rate that has fallen when the steps are done."""
        if not (steps := self.sprint.steps.get(self.stage)):
            return self.sprint.changes
        up = get_preset(self.sprint.preset).training.of(self.stage).cycle_up
        return *self.sprint.changes, f"training.{self.stage}.cycle_down={max(1, steps - up)}"


def _together(jobs: tuple[Job, ...], beside: tuple[Job, ...], meanwhile: Callable[[], None]) -> int:
    """Run jobs side by side until all have ended; those `beside` them may go on. Returns the worst exit code.

    Where the first of them ends before another may begin, that one has nothing to wait for, and counts as failed.
    """
    copied = time.monotonic()
    while True:
        for job in (*jobs, *beside):
            if job.process is None and job.may_begin:
                job.begin()
        ended = [job.process is not None and job.process.poll() is not None for job in jobs]
        if all(ended) or (ended[0] and any(job.process is None for job in jobs)):
            break
        if time.monotonic() - copied > COPY_INTERVAL_S:
            meanwhile()
            copied = time.monotonic()
        time.sleep(0.2)
    meanwhile()
    return max(abs(job.process.returncode or 0) if job.process else 1 for job in jobs)


def _begin_voice(sprint: Sprint, chain: Path, voice: Path) -> None:
    """The vocoder's own run: the same recordings and caches, and the encoder that has just been trained."""
    run = Run.open(chain)
    options = {**vars(run.options), "init_from": sprint.vocoder}
    Run.create(voice, run.preset, type(run.options)(**options))
    if not (voice / "cache").exists():
        (voice / "cache").symlink_to((chain / "cache").resolve(), target_is_directory=True)
    _hand_over(chain, voice, ("cembed",))


def _hand_over(chain: Path, voice: Path, stages: tuple[str, ...]) -> None:
    for stage in stages:
        _copy(chain / "model" / f"{stage}.safetensors", voice / "model")


def _copy_out(sprint: Sprint) -> None:
    """Weights, configuration and scales of what there is so far."""
    model = sprint.folder / CHAIN / "model"
    names = ["config.json", "knobs.json", *(f"{stage}.safetensors" for stage in WEIGHTS if stage != "vocoder")]
    for path in (*(model / name for name in names), sprint.folder / VOICE / "model" / "vocoder.safetensors"):
        _copy(path, sprint.out, LARGEST_FILE)
    for events in sprint.folder.glob(f"*/*/{EVENTS}"):
        with (sprint.out / LOG).open("a", encoding="utf-8") as file:
            last = events.read_text(encoding="utf-8").splitlines()[-1:]
            file.writelines(f"\n{events.parent.name} {line}\n" for line in last)


def _copy(source: Path, folder: Path, largest: int = 0) -> None:
    """Copy a file, where there is one, whole or not at all; in parts `NAME.0`, `NAME.1` ... where it is too large."""
    if not source.is_file():
        return
    if not largest or source.stat().st_size <= largest:
        with replacing(folder / source.name) as temporary:
            shutil.copyfile(source, temporary)
        return
    content = source.read_bytes()
    for number, first in enumerate(range(0, len(content), largest)):
        with replacing(folder / f"{source.name}.{number}") as temporary:
            temporary.write_bytes(content[first : first + largest])
