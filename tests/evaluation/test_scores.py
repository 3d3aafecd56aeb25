"""The figures of a class, from embeddings whose distances are known."""

import numpy as np
import pytest

from foley.categories import Category
from foley.evaluation.metrics.bootstrap import bootstrap, mean_measurement
from foley.evaluation.metrics.frechet import GaussianStatistics
from foley.evaluation.metrics.probe import Probe
from foley.evaluation.scores import FIGURES, Heard, score_class

DIMENSION = 4


def heard(clips: int, shift: float = 0.0, seed: int = 0, silent: int = 0) -> Heard:
    random = np.random.default_rng(seed)
    defects = np.zeros((clips, 4), dtype=bool)
    defects[:silent, 3] = True
    return Heard(random.standard_normal((clips, 3, DIMENSION)) + shift, random.standard_normal((clips, 3)), defects)


def score(real: Heard, **sets: Heard):
    reference = GaussianStatistics.from_embeddings(real.embeddings)
    train = heard(200, seed=9).embeddings
    other = train + 10
    labels = [Category.Rain] * len(train) + [Category.DogBark] * len(other)
    probe = Probe.fit(np.concatenate([train, other]), labels)
    found = score_class(Category.Rain, reference, {"real": real, **sets}, train, probe, draws=50)
    assert list(found) == [name for name in FIGURES if name in found]
    return {name: measurement.interval() for name, measurement in found.items()}


def test_takes_like_recordings_are_as_near_as_other_recordings_and_those_apart_are_told_apart():
    real, floor = heard(100, seed=1), heard(100, seed=2)
    near, far = (score(real, floor=floor, generated=heard(100, shift, seed=3)) for shift in (0.0, 2.0))
    assert near["generated_fad"].low < near["floor_fad"].value < near["generated_fad"].high
    assert far["generated_fad"].low > far["floor_fad"].high
    assert far["generated_fad"].value == pytest.approx(DIMENSION * 2**2, rel=0.1)
    assert far["generated_fad_inf"].value == pytest.approx(DIMENSION * 2**2, rel=0.15)
    assert near["generated_kernel"].low < 0 < near["generated_kernel"].high < far["generated_kernel"].low
    assert near["generated_agreement"].value == 1 and near["spread"].value == pytest.approx(1, abs=0.1)


def test_what_went_through_the_chain_is_compared_with_other_recordings():
    real, floor = heard(100, seed=1), heard(100, seed=2)
    untouched, changed = (score(real, floor=floor, generated=floor, vocoder=part) for part in (real, heard(100, 3.0)))
    assert untouched["vocoder_fad"].value == pytest.approx(untouched["floor_fad"].value, rel=1e-6)
    assert changed["vocoder_fad"].low > untouched["floor_fad"].high


def test_takes_of_another_class_are_not_named_right():
    figures = score(heard(50, seed=1), generated=heard(20, shift=10, seed=3))
    assert figures["generated_agreement"] == (0, 0, 0) and figures["real_agreement"].value == 1


def test_copies_of_training_recordings_are_counted():
    copies = heard(40, seed=3)
    copies.embeddings[:30] = heard(200, seed=9).embeddings[:30]
    figures = score(heard(100, seed=1), generated=copies)
    assert 0.75 <= figures["copies"].value <= 0.9


def test_silence_is_a_defect_only_where_recordings_have_none():
    quiet = heard(20, seed=3, silent=5)
    assert score(heard(40, seed=1), generated=quiet)["generated_dead_silence"].value == 0.25
    assert "generated_dead_silence" not in score(heard(40, seed=1, silent=10), generated=quiet)


def test_few_takes_give_no_extrapolation_and_one_no_spread():
    figures = score(heard(40, seed=1), generated=heard(1, seed=3))
    assert "generated_fad_inf" not in figures and "spread" not in figures and "generated_fad" in figures


def test_the_mean_of_many_is_surer_than_each():
    each = [bootstrap(np.mean, np.random.default_rng(seed).standard_normal(50), seed=seed) for seed in range(16)]
    mean = mean_measurement(each).interval()
    widths = [one.interval().high - one.interval().low for one in each]
    assert mean.high - mean.low == pytest.approx(np.mean(widths) / 4, rel=0.3)
