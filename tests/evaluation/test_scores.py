"""The scores of a class, from embeddings whose distances are known."""

import numpy as np
import pytest

from foley.categories import Category
from foley.evaluation.clip_set import ClassClips, ClipSet
from foley.evaluation.metrics.bootstrap import Interval, bootstrap, mean_measurement
from foley.evaluation.metrics.frechet import GaussianStatistics
from foley.evaluation.metrics.levels import Defects, Levels
from foley.evaluation.metrics.probe import Probe
from foley.evaluation.metrics.registry import SCORES
from foley.evaluation.scores import score_class

DIMENSION = 4


def clips(count: int, shift: float = 0.0, seed: int = 0, silent: int = 0) -> ClipSet:
    random = np.random.default_rng(seed)
    values = {name: random.standard_normal(count) for name in Levels._fields}
    values |= {name: np.zeros(count) for name in Defects._fields}
    values["dead_silence"][:silent] = 1
    return ClipSet(random.standard_normal((count, 3, DIMENSION)) + shift, values)


def score(real: ClipSet, **sets: ClipSet) -> dict[str, Interval]:
    train = clips(200, seed=9).embeddings
    other = train + 10
    labels = [Category.Rain] * len(train) + [Category.DogBark] * len(other)
    probe = Probe.fit(np.concatenate([train, other]), labels)
    reference = GaussianStatistics.from_embeddings(real.embeddings)
    found = score_class(ClassClips(Category.Rain, {"real": real, **sets}, reference, train, probe), draws=50)
    assert list(found) == [key for key in SCORES if key in found]
    return {key: measurement.interval() for key, measurement in found.items()}


def test_takes_like_recordings_are_as_near_as_other_recordings_and_those_apart_are_told_apart():
    real, floor = clips(100, seed=1), clips(100, seed=2)
    near, far = (score(real, floor=floor, generated=clips(100, shift, seed=3)) for shift in (0.0, 2.0))
    assert near["generated_fad"].low < near["floor_fad"].value < near["generated_fad"].high
    assert far["generated_fad"].low > far["floor_fad"].high
    assert far["generated_fad"].value == pytest.approx(DIMENSION * 2**2, rel=0.1)
    assert far["generated_fad_inf"].value == pytest.approx(DIMENSION * 2**2, rel=0.15)
    assert near["generated_kad"].low < 0 < near["generated_kad"].high < far["generated_kad"].low
    assert near["generated_probe_accuracy"].value == 1
    assert near["generated_within_class_diversity"].value == pytest.approx(1, abs=0.1)


def test_what_went_through_the_chain_is_compared_with_other_recordings():
    real, floor = clips(100, seed=1), clips(100, seed=2)
    untouched, changed = (score(real, floor=floor, generated=floor, vocoder=part) for part in (real, clips(100, 3.0)))
    assert untouched["vocoder_fad"].value == pytest.approx(untouched["floor_fad"].value, rel=1e-6)
    assert changed["vocoder_fad"].low > untouched["floor_fad"].high


def test_takes_of_another_class_lower_the_probe_accuracy():
    scores = score(clips(50, seed=1), generated=clips(20, shift=10, seed=3))
    assert scores["generated_probe_accuracy"] == (0, 0, 0)
    assert scores["real_probe_accuracy"].value == 1


def test_copies_of_training_recordings_are_counted():
    copies = clips(40, seed=3)
    copies.embeddings[:30] = clips(200, seed=9).embeddings[:30]
    scores = score(clips(100, seed=1), generated=copies)
    assert 0.75 <= scores["generated_copy_rate"].value <= 0.9


def test_silence_is_a_defect_only_where_recordings_have_none():
    quiet = clips(20, seed=3, silent=5)
    assert score(clips(40, seed=1), generated=quiet)["generated_dead_silence"].value == 0.25
    assert "generated_dead_silence" not in score(clips(40, seed=1, silent=10), generated=quiet)


def test_few_takes_give_no_extrapolation_and_one_no_diversity():
    scores = score(clips(40, seed=1), generated=clips(1, seed=3))
    assert "generated_fad_inf" not in scores
    assert "generated_within_class_diversity" not in scores
    assert "generated_fad" in scores


def test_the_mean_of_many_is_surer_than_each():
    each = [bootstrap(np.mean, np.random.default_rng(seed).standard_normal(50), seed=seed) for seed in range(16)]
    mean = mean_measurement(each).interval()
    widths = [one.interval().high - one.interval().low for one in each]
    assert mean.high - mean.low == pytest.approx(np.mean(widths) / 4, rel=0.3)
