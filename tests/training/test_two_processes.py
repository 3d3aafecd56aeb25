"""Two processes of a launcher are one with twice the batch: the same losses of every stage that the paper trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import TINY

from foley.runs.view import RunView

ROOT = Path(__file__).parents[2]
SIZES = {name: value for name, value in TINY.items() if not name.startswith("encoder.")} | {
    "prior.dropout": 0,
    "prior.condition_hidden": 8,
    "vocoder.channels": 32,
    "training.vocoder.discriminators.channels": 4,
    "training.vqvae.masked": True,
    "training.vocoder.masked_share": 1,
}


def train_all(folder: Path, data: Path, batch: int, launcher: list[str]) -> dict[str, list[float]]:
    """Train every stage of a small `conditioned-mel`. Returns the last losses in training and validation of each."""
    command = [sys.executable, "-m", *launcher, *(["training", "--"] if launcher else ["training"]), "all"]
    command += ["--preset", "conditioned-mel", "--run", str(folder), "--data", str(data), "--batch", str(batch)]
    command += ["--max-steps", "10", "--device", "cpu", "--precision", "no"]
    command += [f"--set={name}={value}".replace(" ", "") for name, value in SIZES.items()]
    command = [part.replace("True", "true") for part in command]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1200, cwd=ROOT)
    assert result.returncode == 0, result.stderr[-2000:]
    losses = {}
    for stage in (stage for stage in RunView(folder).stages.values() if stage.newest("step")):
        for kind in ("step", "validation"):
            values = stage.newest(kind)
            hidden = {"time", "step", "rate", "seconds_a_step", "left_s"}
            numbers = {name: value for name, value in values.items() if isinstance(value, float) and name not in hidden}
            losses[f"{stage.name} {kind}"] = numbers
    return losses


@pytest.mark.slow
def test_every_stage_has_the_same_losses(dataset_folder, tmp_path):
    launcher = ["torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m"]
    two = train_all(tmp_path / "two", dataset_folder, 2, launcher)
    one = train_all(tmp_path / "one", dataset_folder, 4, [])
    assert {name.split()[0] for name in one} == {"vqvae", "prior", "vocoder"}
    for name, values in one.items():
        hard = {"perplexity", "class_accuracy", "accuracy"}  # counts of a few codes and clips
        soft = {term: value for term, value in values.items() if term not in hard}
        assert {term: two[name][term] for term in soft} == pytest.approx(soft, rel=1e-4, abs=1e-4), name
