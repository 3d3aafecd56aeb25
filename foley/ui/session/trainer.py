"""Training as a child process: the very command line that people type, started, stopped and found again on disk."""

import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from foley.presets import STAGES
from foley.resources import WORK
from foley.runs.process import Process
from foley.runs.view import LOG, RunView, find_runs
from foley.system.devices import choose_device
from foley.ui.access import Mode

PROGRAM = (sys.executable, "-u", "-m", "training")
RUNS = Path("runs")
ALL = "all"
POLITE = 10  # the niceness of a training that was started here


def why_no_training(asked_for_none: bool, mode: Mode = Mode.OWN) -> str:
    """Why this page trains nothing, as a sentence for its visitors; empty where it may."""
    if mode is Mode.SPACE:
        return "This page runs on a Hugging Face Space, whose machine is shared and forgets its files when it sleeps."
    if asked_for_none:
        return "Whoever opened this studio left training out, with --no-training."
    if mode.is_public:
        return "Others can open this page, and training reads folders and fills the disk of the machine it runs on."
    if importlib.util.find_spec("training") is None or importlib.util.find_spec("accelerate") is None:
        return "Training is not installed here: pip install 'foley-studio[train]', and open the studio again."
    return ""


@dataclass(frozen=True)
class Order:
    """What is to be trained: `stage` is one of `STAGES` or `all`, `minutes` 0 for no limit; `begin` is the folder of
    the model whose weights are gone on with, empty for a new one of the `preset`.
    """

    name: str
    data: str
    preset: str = "studio"
    stage: str = ALL
    device: str = "cpu"
    minutes: float = 0.0
    begin: str = ""
    more: str = ""  # further options, as they are typed on the command line


class Trainer:
    """Starts and stops the processes that train the runs below one folder; one at a time on each device."""

    def __init__(self, root: Path = RUNS, mode: Mode = Mode.OWN):
        self.root, self.mode = Path(root), mode
        self._children: list[subprocess.Popen] = []
        self._asked: set[int] = set()  # processes that were asked to stop

    def runs(self) -> list[RunView]:
        """All runs, the newest first."""
        self._children = [child for child in self._children if child.poll() is None]
        return find_runs(self.root)

    def run(self, name: str | None) -> RunView | None:
        """The run of that name; without one, the one that is being trained or else the newest."""
        runs = self.runs()
        if name:
            return next((run for run in runs if run.name == name), None)
        return next((run for run in runs if run.is_running), runs[0] if runs else None)

    def start(self, order: Order) -> RunView:
        """Begin a new run. Raises ValueError, with a sentence, when it cannot be."""
        self.mode.refuse_unless_allowed("train.act")
        name = order.name.strip()
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}", name):
            raise ValueError("Give the run a name of letters, digits, dots and dashes: it becomes a folder.")
        if not order.data.strip():
            raise ValueError("Name the folder of your recordings first.")
        data = Path(order.data.strip()).expanduser()
        if not data.is_dir():
            raise ValueError(f"There is no folder {data} on this machine.")
        run = RunView(self.root / name)
        if run.folder.exists():
            raise ValueError(f"There is a run {name} already: resume it, or take another name.")
        if order.begin and order.stage in STAGES and STAGES[order.stage].defines_codes:
            raise ValueError(f"Fine-tuning leaves the {order.stage} as it is: choose all stages, or a later one.")
        what = ["--init-from", order.begin] if order.begin else ["--preset", order.preset]
        arguments = ["--data", str(data.resolve()), *what, *_split(order.more)]
        return self._launch(run, order.stage, order.device, order.minutes, arguments)

    def resume(self, run: RunView, device: str, minutes: float = 0.0, more: str = "") -> RunView:
        """Go on with a run where its last checkpoint is. Raises ValueError, with a sentence, when it cannot be."""
        self.mode.refuse_unless_allowed("train.act")
        if run.is_running:
            raise ValueError(f"{run.name} is being trained already.")
        stages = run.process.stages if run.process else tuple(STAGES)
        return self._launch(run, stages[0] if len(stages) == 1 else ALL, device, minutes, ["--resume", *_split(more)])

    def stop(self, run: RunView) -> None:
        """Ask the process to finish its step and keep a checkpoint; end it at once when it was asked before."""
        self.mode.refuse_unless_allowed("train.act")
        if run.running is None:
            return
        process = psutil.Process(run.running.pid)
        if process.pid in self._asked:
            for child in (*process.children(recursive=True), process):
                child.kill()
        else:
            self._asked.add(process.pid)
            process.send_signal(signal.SIGTERM)

    def is_stopping(self, run: RunView) -> bool:
        return run.running is not None and run.running.pid in self._asked

    def _launch(self, run: RunView, stage: str, device: str, minutes: float, arguments: list[str]) -> RunView:
        busy = next((other for other in self.runs() if other.is_running and same_device(other, device)), None)
        if busy:
            raise ValueError(f"{busy.name} is being trained on {device}: stop it first, or choose another device.")
        command = [*PROGRAM, stage, "--run", str(run.folder.resolve()), *arguments]
        command += ["--device", device, *(["--max-minutes", f"{minutes:g}"] if minutes else [])]
        run.folder.mkdir(parents=True, exist_ok=True)
        with (run.folder / LOG).open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=WORK,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # it goes on when the app ends
            )
        self._children.append(child)
        if os.name == "posix":
            psutil.Process(child.pid).nice(POLITE)  # a page that draws a take comes first
        stages = tuple(STAGES) if stage == ALL else (stage,)
        created = psutil.Process(child.pid).create_time()
        own = Process.read(run.folder)  # it may have written it itself by now
        if own is None or own.pid != child.pid:
            Process(child.pid, created, stages, device, minutes or None).write(run.folder)
        return RunView(run.folder)


def _split(options: str) -> list[str]:
    try:
        return shlex.split(options)
    except ValueError:
        raise ValueError(f"The further options {options!r} have a quote that does not end.") from None


def same_device(run: RunView, device: str) -> bool:
    """Whether a run's process works on that device."""
    if run.process is None:
        return False
    theirs, ours = (str(choose_device()) if name == "auto" else name for name in (run.process.device, device))
    return theirs.split(":")[0] == ours.split(":")[0] and (":" not in theirs + ours or theirs == ours)


def devices() -> list[str]:
    """The devices of this machine, the best first."""
    found = [f"cuda:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return [*found, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]
