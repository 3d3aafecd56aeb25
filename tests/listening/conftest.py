"""A prepared listening test of short sounds: a good system, and one that only makes tones."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import synthetic_sound

from foley.categories import Category
from foley.listening.preparation import PreparationSettings, prepare

CLASSES = (Category.DogBark, Category.Rain)
SETTINGS = PreparationSettings(clips=2, sets=1, set_size=3, repeats=1, seconds=0.5)


def write_sounds(folder: Path, count: int, sample_rate: int, gain: float = 1.0) -> Path:
    """Sounds of two classes, a folder a class."""
    for category in CLASSES:
        (folder / category.name).mkdir(parents=True)
        for number in range(count):
            sound = gain * synthetic_sound(category, number + sample_rate, sample_rate, 1.5)
            sound = sound[np.abs(sound).argmax() :][: round(0.7 * sample_rate)]  # from its attack on
            soundfile.write(folder / category.name / f"{number}.wav", sound, sample_rate)
    return folder


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a test of two systems, `loudsystem` and `quietsystem`, in two classes."""
    place = tmp_path_factory.mktemp("listening")
    systems = {
        "loudsystem": str(write_sounds(place / "loud", 4, 22_050, gain=0.9)),
        "quietsystem": str(write_sounds(place / "quiet", 4, 24_000, gain=0.1)),
    }
    recordings = write_sounds(place / "real", 8, 16_000)
    prepare(systems, recordings, place / "test", SETTINGS, notify=lambda _: None)
    return place / "test"


def clip_of(folder: Path, name: str) -> tuple[np.ndarray, int]:
    """Samples and rate of a clip of the test."""
    return soundfile.read(folder / "clips" / f"{name}.wav", dtype="float32")
