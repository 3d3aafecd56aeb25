"""What a training survives: kills at any moment, signals, broken and full disks; and several processes as one."""

import errno
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from small_stage import SETTINGS, Line, train_line, weights

from foley.runs.events import read_events
from training.checkpoints import BEST, Checkpoints, CheckpointsBrokenError
from training.loop import STOPPED, train
from training.settings import LoopSettings
from training.stop import Stop

TESTS = Path(__file__).parents[1]


def changed(**changes) -> LoopSettings:
    return LoopSettings(**{**vars(SETTINGS), **changes})


def run_and_kill(folder: Path, after_s: float, interval: int = 1, pause_s: float = 0.01) -> bool:
    """Train in a process of its own, and kill it so long after its first event. Whether it was killed in time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["training.loop"])  # what takes long to import
    events = folder / "events.jsonl"
    before = events.stat().st_size if events.is_file() else 0
    child = context.Process(target=train_line, args=(str(folder), interval, pause_s))
    child.start()
    due = time.monotonic() + 60
    while child.is_alive() and time.monotonic() < due and not (events.is_file() and events.stat().st_size > before):
        time.sleep(0.002)
    time.sleep(after_s)
    child.kill()
    child.join()
    return child.exitcode == -signal.SIGKILL


def test_ten_kills_at_any_moment_leave_the_weights_of_a_run_without_one(tmp_path):
    """A checkpoint every step: most of the time a run spends writing one, and most kills come then."""
    straight, resumed = Line(), Line()
    train(straight, SETTINGS, tmp_path / "straight")
    moments, killed = random.Random(7), 0
    for _ in range(10):
        killed += run_and_kill(tmp_path / "killed", moments.uniform(0, 0.12))
    assert killed >= 5, "the kills came too late to mean anything"
    train(resumed, changed(interval=1), tmp_path / "killed")
    assert torch.equal(weights(straight), weights(resumed))
    assert not list((tmp_path / "killed" / "checkpoints").glob("writing-*"))
    steps = [event["step"] for event in read_events(tmp_path / "killed" / "events.jsonl") if event["kind"] == "step"]
    assert steps == [10, 20, 30, 40]


def test_a_killed_run_loses_at_most_one_interval(tmp_path):
    while not list(tmp_path.glob("checkpoints/step-*")):
        run_and_kill(tmp_path, 0.5, interval=5)
    begin = Checkpoints(tmp_path, None).all()[-1]
    reached = max(event["step"] for event in read_events(tmp_path / "events.jsonl"))
    assert 0 <= reached - int(begin.name[5:]) <= 5


def test_a_signal_lets_the_step_finish_and_keeps_a_checkpoint(tmp_path):
    straight, stage, resumed = Line(), Line(pause_s=0.02), Line()
    train(straight, SETTINGS, tmp_path / "straight")
    with Stop() as stop:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        outcome = train(stage, changed(interval=1000), tmp_path / "run", stop=stop)
    assert outcome.reason == STOPPED
    assert 0 < outcome.step < 40
    assert [path.name for path in Checkpoints(tmp_path / "run", None).all()] == [f"step-{outcome.step:08d}"]
    assert read_events(tmp_path / "run" / "events.jsonl")[-1]["reason"] == STOPPED
    train(resumed, SETTINGS, tmp_path / "run")
    assert torch.equal(weights(straight), weights(resumed))


def test_a_second_interrupt_is_heard_at_once():
    with Stop() as stop, stop.gently():
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wanted
        os.kill(os.getpid(), signal.SIGTERM)  # a launcher passing the first one on
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_best_checkpoint_stays_and_can_be_gone_back_to(tmp_path):
    class Worse(Line):
        """Its score is best at step 10 and grows from there."""

        scores = iter(range(100))

        def validate(self, model):
            return {"score": float(next(self.scores))}

    train(Worse(), changed(steps=60), tmp_path)
    names = [path.name for path in Checkpoints(tmp_path, None).all()]
    assert names == ["step-00000010", "step-00000050", "step-00000060"]
    assert Checkpoints(tmp_path, None).tagged(BEST).name == "step-00000010"
    train(Line(), changed(steps=20, resume_from=BEST), tmp_path)
    begins = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [event["step"] for event in begins if event["kind"] == "begin"] == [0, 10]


def test_checkpoints_that_are_all_broken_are_no_reason_to_begin_anew(tmp_path):
    train(Line(), SETTINGS, tmp_path)
    for file in tmp_path.glob("checkpoints/step-*/*"):
        file.write_bytes(b"")
    with pytest.raises(CheckpointsBrokenError, match="Delete it"):
        train(Line(), SETTINGS, tmp_path)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("PytorchStreamWriter failed writing file")]
)
def test_a_full_disk_is_a_sentence_and_the_checkpoint_before_is_kept(tmp_path, monkeypatch, error):
    def half_written(self, folder):
        Path(folder).mkdir(parents=True)
        (Path(folder) / "model.safetensors").write_bytes(b"half")
        raise error

    straight, resumed = Line(), Line()
    train(straight, SETTINGS, tmp_path / "straight")
    train(Line(), changed(steps=20), tmp_path / "run")
    with monkeypatch.context() as full:
        full.setattr(Accelerator, "save_state", half_written)
        with pytest.raises(OSError, match=r"step 30 could not be written .* is kept"):
            train(Line(), SETTINGS, tmp_path / "run")
    names = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert names[-1] == "tags.json"
    assert names[-2] == "step-00000020"
    train(resumed, SETTINGS, tmp_path / "run")
    assert torch.equal(weights(straight), weights(resumed))


def test_summed_gradients_of_two_batches_are_those_of_one_twice_as_large(tmp_path):
    large, summed = Line(batch=8, dropout=0), Line(batch=4, dropout=0)
    train(large, SETTINGS, tmp_path / "large")
    train(summed, changed(accumulation=2), tmp_path / "summed")
    assert torch.allclose(weights(large), weights(summed), atol=1e-5)


def test_two_processes_are_one_with_twice_the_batch(tmp_path):
    large = Line(batch=8, dropout=0)
    train(large, SETTINGS, tmp_path / "large")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    result = subprocess.run(
        [*command, str(TESTS / "small_stage.py"), str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    first, second = (torch.load(tmp_path / f"weights-{rank}.pt") for rank in (0, 1))
    assert torch.equal(first, second)
    assert torch.allclose(weights(large), first, atol=1e-4)
    ends = [event for event in read_events(tmp_path / "events.jsonl") if event["kind"] == "end"]
    assert len(ends) == 1, "only the main process writes"
