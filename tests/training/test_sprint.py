"""A sprint: several stages at once, by the clock."""

import subprocess
import sys
from pathlib import Path

import pytest
from tiny import tiny_options

from foley.pipeline import Foley
from training import sprint
from training.__main__ import main
from training.sprint import Job, Sprint


class Sleep(Job):
    """A job that sleeps, in place of one that trains."""

    def __init__(self, seconds: float, code: int = 0, may: bool = True):
        self.seconds, self.code, self.may, self.process = seconds, code, may, None

    @property
    def may_begin(self) -> bool:
        return self.may

    def begin(self) -> None:
        words = f"import sys, time; time.sleep({self.seconds}); sys.exit({self.code})"
        self.process = subprocess.Popen([sys.executable, "-c", words])


def test_jobs_are_waited_for_and_what_is_beside_them_is_not():
    slow = Sleep(30)
    copies: list[int] = []
    assert sprint._together((Sleep(0), Sleep(0.1, code=3)), (slow,), lambda: copies.append(1)) == 3
    assert slow.process is not None and slow.process.poll() is None and copies
    slow.process.kill()
    slow.process.wait()


def test_what_never_may_begin_is_a_failure_and_no_endless_wait():
    assert sprint._together((Sleep(0), Sleep(0, may=False)), (), lambda: None) == 1


def test_large_files_go_out_in_parts_that_join_to_the_same(tmp_path):
    source = tmp_path / "prior.safetensors"
    source.write_bytes(bytes(range(256)) * 10)
    out = tmp_path / "out"
    out.mkdir()
    sprint._copy(source, out, largest=1000)
    parts = sorted(out.iterdir())
    assert [part.name[-1] for part in parts] == ["0", "1", "2"]
    assert b"".join(part.read_bytes() for part in parts) == source.read_bytes()
    sprint._copy(source, out)
    assert (out / source.name).read_bytes() == source.read_bytes()
    sprint._copy(tmp_path / "none", out)


def test_the_rate_falls_over_the_steps_that_are_told():
    job = Job(Sprint("DATA", Path("runs"), Path("out"), steps={"prior": 2000}), Path("runs"), "prior", 0.0)
    assert job._changes() == ("training.prior.cycle_down=1900",)


def test_steps_of_no_stage_are_refused(capsys, tmp_path):
    assert main(["sprint", "--data", "x", "--run", str(tmp_path), "--out", str(tmp_path), "--steps", "bark=3"]) == 2
    assert "bark=3" in capsys.readouterr().err


@pytest.mark.slow
def test_a_whole_sprint_leaves_a_model_that_sounds(tmp_path, dataset_folder):
    options = [part for option in tiny_options() for part in ("--set", option.removeprefix("--set="))]
    where = ["--data", str(dataset_folder), "--run", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    steps = ["encoder=1", "vqvae=1", "prior=1", "vocoder=1"]
    command = ["sprint", *where, "--minutes", "1", "--device", "cpu", "--preset", "studio", "--steps", *steps]
    assert main([*command, *options]) == 0
    out = tmp_path / "out"
    assert Foley.from_pretrained(out).generate("Rain")[0].waveform.abs().max() > 0
    assert "vocoder" in (out / "log.txt").read_text()
