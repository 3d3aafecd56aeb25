"""`python -m training calibrate`: what is left between takes and training recordings, measured class by class.

A gain brings takes to the mean loudness of recordings. The grain is the one with which their attacks and their crackle
(`foley.evaluation.metrics.crispness`) are spread most as those of recordings are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor
from tqdm import tqdm

from foley.categories import Category
from foley.dataset import TRAIN, Dataset, clip_waveform
from foley.evaluation.metrics.character import distribution_distance
from foley.evaluation.metrics.crispness import crispness
from foley.evaluation.metrics.levels import levels
from foley.pipeline import Foley
from foley.presets import CalibrationPreset, ClassCalibration, Preset
from training.corpus import dataset_of
from training.run import Run

FIRST_SEED = 1_000_000  # far from those of evaluations and of people
RECORDINGS = 96  # of a class, evenly from all of its training recordings
GRAINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
GAIN_ROUNDS = 3  # the limiter takes some of a gain back: of shots nearly 1 dB
MOST_GAIN_DB = 12.0


def calibrate(run: Run, takes: int) -> Preset:
    """Measure so many takes of each class of the run's model, and keep what was found in its preset, which is returned.

    Raises ValueError for recordings that cannot be used, and CheckpointError for a model that is not whole.
    """
    dataset, foley = dataset_of(run), Foley.from_pretrained(run.model)
    foley.preset = replace(foley.preset, calibration=CalibrationPreset())  # measured is the model as the networks are
    found = [_calibration(foley, dataset, category, takes) for category in tqdm(Category, "calibrating", unit="class")]
    gains, grains = zip(*found, strict=True)
    preset = replace(run.preset, calibration=CalibrationPreset(gain_db=gains, grain=grains))
    return Run.create(run.folder, preset, run.options).preset


def _calibration(foley: Foley, dataset: Dataset, category: Category, takes: int) -> ClassCalibration:
    clips = [clip for clip in dataset.of(TRAIN) if clip.category is category]
    if not clips:
        return ClassCalibration()
    chosen = sorted(set(np.linspace(0, len(clips) - 1, RECORDINGS).astype(int).tolist()))
    recordings = [clip_waveform(clips[place], foley.preset.audio) for place in chosen]
    cembeds = [take.cembed for take in foley.generate(category, FIRST_SEED, count=takes)]
    wanted = _crispness(recordings, foley.sample_rate)
    sounds = {grain: list(_vocoded(foley, cembeds, ClassCalibration(0.0, grain))) for grain in GRAINS}
    grain = min(GRAINS, key=lambda grain: _distance(_crispness(sounds[grain], foley.sample_rate), wanted))
    gain_db, loud = 0.0, _loudness(recordings, foley.sample_rate)
    for _ in range(GAIN_ROUNDS):
        vocoded = _vocoded(foley, cembeds, ClassCalibration(gain_db, grain)) if gain_db else sounds[grain]
        gain_db += loud - _loudness(list(vocoded), foley.sample_rate)
        gain_db = float(np.clip(gain_db, -MOST_GAIN_DB, MOST_GAIN_DB))
    return ClassCalibration(round(gain_db, 2), grain)


def _vocoded(foley: Foley, cembeds: Sequence[Tensor], calibration: ClassCalibration) -> Iterator[Tensor]:
    """Waveforms (samples,) of CEmbeds (rows, frames), each with a seed of its own."""
    for number, cembed in enumerate(cembeds):
        yield foley.vocode(cembed[None].to(foley.device), FIRST_SEED + number, calibration)


def _crispness(waveforms: Sequence[Tensor], sample_rate: int) -> np.ndarray:
    """(2, waveforms): rises and log kurtoses, NaN where there are none."""
    return np.array([crispness(waveform, sample_rate) for waveform in waveforms]).T


def _distance(found: np.ndarray, wanted: np.ndarray) -> float:
    """How far distributions lie apart, mean over the two values, each in units of its spread among recordings."""
    return float(np.nanmean([distribution_distance(a, b) / np.nanstd(b) for a, b in zip(found, wanted, strict=True)]))


def _loudness(waveforms: Sequence[Tensor], sample_rate: int) -> float:
    """The mean loudness in LUFS."""
    return float(np.mean([levels(waveform, sample_rate).loudness_lufs for waveform in waveforms]))
