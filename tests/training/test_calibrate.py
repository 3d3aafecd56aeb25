"""Calibration: takes come to the loudness of their class' recordings, and as grainy as these are."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import tiny_checkpoint

from foley.categories import Category
from foley.checkpoints import read_config
from foley.dataset import TRAIN, clip_waveform
from foley.evaluation.metrics.levels import levels
from foley.pipeline import Foley
from foley.presets import CalibrationPreset, Preset
from training.__main__ import main
from training.corpus import dataset_of
from training.run import Options, Run

QUIETER_DB = 20.0


def loudness(waveforms) -> float:
    return float(np.mean([levels(waveform, 24_000).loudness_lufs for waveform in waveforms]))


def test_a_calibrated_run_makes_takes_as_loud_as_its_recordings(dataset_folder, tmp_path, capsys):
    checkpoint = tiny_checkpoint(tmp_path / "checkpoint")
    preset, _ = read_config(checkpoint)
    run = Run.create(tmp_path / "run", preset, Options(data=str(dataset_folder), init_from=str(checkpoint)))
    before = Foley.from_pretrained(run.model)
    assert main(["calibrate", str(run.folder), "--takes", "8"]) == 0
    after = Foley.from_pretrained(run.model)
    found = after.preset.calibration
    assert len(found.gain_db) == len(found.grain) == len(Category) and str(found) in capsys.readouterr().out
    assert Run.open(run.folder).preset.calibration == found  # a stage that is trained later keeps it
    clips = [clip for clip in dataset_of(run).of(TRAIN) if clip.category is Category.DogBark]
    wanted = loudness(clip_waveform(clip, preset.audio) for clip in clips)
    off = [
        abs(loudness(take.waveform for take in foley.generate(Category.DogBark, 5, count=4)) - wanted)
        for foley in (before, after)
    ]
    assert abs(found.gain_db[0]) > 1 and off[1] < 0.5 * off[0]


def test_a_gain_and_a_grain_change_takes_and_not_reconstructions(tmp_path):
    plain, changed = (Foley.from_pretrained(tiny_checkpoint(tmp_path / name)) for name in ("plain", "changed"))
    calibration = CalibrationPreset(gain_db=(-QUIETER_DB,) * 7, grain=(0.0,) * 6 + (0.5,))
    changed.preset = replace(changed.preset, calibration=calibration)
    one, other = (foley.generate("DogBark", 1)[0] for foley in (plain, changed))
    assert torch.equal(one.codes, other.codes)
    assert torch.allclose(other.waveform, one.waveform * 10 ** (-QUIETER_DB / 20), atol=1e-6)
    assert torch.equal(changed.remake(other.recipe).waveform, other.waveform)
    cough, grainy = (foley.generate("SneezeCough", 1)[0].waveform for foley in (plain, changed))
    assert not torch.allclose(grainy, cough * 10 ** (-QUIETER_DB / 20), atol=1e-3 * float(grainy.abs().max()))
    sound = one.waveform
    assert torch.equal(plain.reconstruct(sound).waveform, changed.reconstruct(sound).waveform)


@pytest.mark.parametrize(
    "calibration", [{"gain_db": [0.0] * 8}, {"gain_db": [40.0]}, {"grain": [-0.1]}, {"grain": ["much"]}]
)
def test_a_calibration_that_cannot_be_is_refused(preset, calibration):
    with pytest.raises(ValueError, match="configuration cannot be used"):
        Preset.from_dict(preset.to_dict() | {"calibration": calibration})
