"""The distance where the answer is known, on sets made for it."""

import numpy as np
import pytest

from foley.categories import Category
from foley.evaluation.metrics.calibration import calibrate


def gaussian(mean: float, clips: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, size=(clips, 3, 8))


def test_halves_of_a_class_are_near_and_other_classes_as_far_as_they_are():
    found = calibrate({Category.Rain: gaussian(0, 200, 0), Category.DogBark: gaussian(2, 200, 1)})
    for distances in found.values():
        assert abs(distances["halves"].value) < 0.01 * distances["others"].value
        assert distances["others"].value == pytest.approx(8 * 2**2, rel=0.05)


def test_too_few_clips_or_a_single_class_give_nothing():
    assert calibrate({Category.Rain: gaussian(0, 40, 0), Category.DogBark: gaussian(2, 15, 1)}) == {}
    assert calibrate({Category.Rain: gaussian(0, 40, 0)}) == {} == calibrate({})
