"""Tiny models and synthetic sounds, made in milliseconds."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # a thread for each of the processes that share the machine; set before torch
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from accelerate.state import AcceleratorState
from tiny import tiny_checkpoint, tiny_preset

from foley.categories import Category
from foley.presets import Preset

OPTIONS = {"slow": "also the tests that take long", "hostile_long": "also the 20,000 hostile inputs"}


def pytest_addoption(parser: pytest.Parser) -> None:
    for marker, words in OPTIONS.items():
        parser.addoption(f"--{marker.replace('_', '-')}", action="store_true", dest=marker, help=words)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What drives a browser is marked by its folder; what was not asked for is left out, what cannot run skipped."""
    unasked = {marker for marker in OPTIONS if not config.getoption(marker)}
    left_out = [item for item in items if any(item.get_closest_marker(marker) for marker in unasked)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="there is no CUDA device here"))


@pytest.fixture(autouse=True)
def no_precision_left_over() -> Iterator[None]:
    """accelerate keeps the first precision asked for in a process; tests ask for several."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="session")
def preset() -> Preset:
    return tiny_preset()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole checkpoint folder of random weights, without training."""
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


def synthetic_sound(category: Category, number: int, sample_rate: int = 24_000, seconds: float = 4.0) -> np.ndarray:
    """A sound (samples,) of a pitch and rhythm of its class, different for every number."""
    random = np.random.default_rng([int(category), number])
    time = np.arange(round(sample_rate * seconds)) / sample_rate
    tone = np.sin(2 * np.pi * (200 + 150 * int(category) + 20 * random.standard_normal()) * time)
    rhythm = np.exp(-8 * ((time * (1 + int(category) % 3) + random.uniform()) % 1))
    return 0.4 * rhythm * (0.5 * tone + 0.5 * random.standard_normal(time.shape))


@pytest.fixture(scope="session")
def dataset_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of six short recordings a class, in the DCASE layout."""
    folder = tmp_path_factory.mktemp("dataset")
    for category in Category:
        place = folder / category.name
        place.mkdir()
        for number in range(6):
            soundfile.write(place / f"{number:03d}.wav", synthetic_sound(category, number), 24_000)
    return folder
