"""Every stage of the paper's presets at its real size takes real optimizer steps, by the documented commands.

On three short recordings and MERT's network with random weights: so it shows that all shapes, losses and files fit, and
how much memory they need, and nothing about quality.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from transformers import HubertModel

from foley.features.encoder import PREPROCESSOR_FILE, WEIGHTS_FILE, hubert_config
from foley.presets import PAPER, WEIGHTS, get_preset
from foley.runs.view import RunView

ROOT = Path(__file__).parents[2]
# GiB of memory that a run of all stages may take at most: they took 4.1, 4.4, 16.6 and 20.3
PEAKS = {"baseline": 6, "conditioned-mel": 6, "paper-v1": 20, "paper": 24}
MEASURE = """
import resource, sys
from training.__main__ import main
code = main(sys.argv[1:])
print("peak GiB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "DogBark").mkdir()
    for number in range(3):
        noise = 0.1 * np.random.default_rng(number).standard_normal(22_050 * 4)
        soundfile.write(folder / "DogBark" / f"{number}.wav", noise, 22_050, subtype="PCM_16")
    return folder


@pytest.fixture(scope="module")
def mert(tmp_path_factory) -> Path:
    """A local folder as MERT's, of its real size, without the vector for masked frames, as some copies are."""
    folder = tmp_path_factory.mktemp("mert")
    torch.manual_seed(0)
    state = HubertModel(hubert_config(PAPER.encoder)).state_dict()
    del state["masked_spec_embed"]
    torch.save(state, folder / WEIGHTS_FILE)
    (folder / PREPROCESSOR_FILE).write_text('{"do_normalize": true, "sampling_rate": 24000}')
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", PEAKS)
def test_every_stage_takes_optimizer_steps_at_its_real_size(name, recordings, mert, tmp_path):
    run = tmp_path / "run"
    command = [sys.executable, "-c", MEASURE, "all", "--preset", name, "--run", str(run), "--data", str(recordings)]
    command += ["--batch", "1", "--max-steps", "1", "--device", "cpu"]
    if get_preset(name).encoder.kind == "mert":
        command += ["--set", f"encoder.repository={mert}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert result.returncode == 0, result.stderr[-2000:]
    view = RunView(run)
    for stage in ("vqvae", "prior", "vocoder"):
        validation = view.stages[stage].newest("validation")
        assert validation["step"] == 1
        assert np.isfinite(validation["score"])
    assert all((view.model / f"{weights}.safetensors").is_file() for weights in WEIGHTS)
    if get_preset(name).encoder.kind == "mert":
        assert json.loads((run / "run.json").read_text())["preset"]["encoder"]["normalize"] is True
    peak = float(result.stdout.rsplit("peak GiB", 1)[1])
    print(name, "peak", round(peak, 1), "GiB")
    assert peak < PEAKS[name]
