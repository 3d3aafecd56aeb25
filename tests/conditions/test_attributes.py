"""Attributes of sounds made for the purpose: each grows with its knob, and the others hardly move."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from foley.categories import Category
from foley.conditions.attributes import measure
from foley.conditions.knobs import KNOBS
from foley.conditions.scales import KnobScales, ScalesError

RATE = 24_000
TIME = np.arange(4 * RATE) / RATE


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(len(TIME)) * 0.1


def filtered(samples: np.ndarray, kind: str, hz: float) -> np.ndarray:
    return sosfilt(butter(4, hz, kind, fs=RATE, output="sos"), samples)


def of(samples: np.ndarray) -> dict[str, float]:
    return measure(torch.from_numpy(samples).float(), RATE)


PAIRS = {
    "pitch": (filtered(noise(), "lowpass", 150), filtered(filtered(noise(), "highpass", 600), "lowpass", 1200)),
    "tone": (noise(), 0.1 * np.sign(np.sin(2 * np.pi * 220 * TIME)) + 0.001 * noise()),
    "brightness": (filtered(noise(), "lowpass", 800), filtered(noise(), "highpass", 4000)),
    "loudness": (0.1 * noise(), noise()),
    "density": (noise() * (TIME % 1 < 0.1), noise() * (TIME % 1 < 0.6)),
    "tail": (noise() * np.exp(-40 * TIME), noise() * np.exp(-3 * TIME)),
}


@pytest.mark.parametrize("knob", KNOBS)
def test_an_attribute_grows_with_its_knob(knob: str) -> None:
    less, more = (of(samples) for samples in PAIRS[knob])
    assert more[knob] > less[knob]


def test_silence_around_an_event_leaves_its_colour_as_it_is() -> None:
    shot = noise() * np.exp(-10 * TIME)
    alone, later = of(shot[:RATE]), of(np.concatenate([np.zeros(RATE), shot[: 2 * RATE]]))
    for knob in ("pitch", "tone", "brightness", "tail"):
        assert later[knob] == pytest.approx(alone[knob], abs=0.35), knob


@pytest.mark.parametrize("samples", [np.zeros(4 * RATE), np.zeros(10), np.ones(3), 1e-9 * noise()])
def test_silence_and_scraps_have_finite_attributes(samples: np.ndarray) -> None:
    assert all(np.isfinite(value) for value in of(samples).values())


def test_a_scale_maps_the_middle_of_the_recordings_to_one_half(tmp_path: Path) -> None:
    rows = [{knob: float(number) for knob in KNOBS} for number in range(101)]
    scales = KnobScales.load(KnobScales.of({Category.Rain: rows}).save(tmp_path / "knobs.json"))
    assert scales.knob(Category.Rain, "tone", 50) == pytest.approx(0.5)
    assert scales.knob(Category.Rain, "tone", -9) == 0
    assert scales.knob(Category.Rain, "tone", 200) == 1
    with pytest.raises(ScalesError, match="No recordings of dog bark"):
        scales.knob(Category.DogBark, "tone", 1)


def test_broken_scales_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ScalesError, match="is not there"):
        KnobScales.load(tmp_path / "none.json")
    (tmp_path / "knobs.json").write_text('{"classes": {"Rain": 3}}')
    with pytest.raises(ScalesError, match="holds no scales"):
        KnobScales.load(tmp_path / "knobs.json")


def test_the_shipped_scales_hold_every_class() -> None:
    shipped = KnobScales.load()
    assert set(shipped.clips) == set(Category)
    assert all(clips >= 60 for clips in shipped.clips.values())
