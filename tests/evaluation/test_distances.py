"""The distances between sets of embeddings."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy import linalg

from foley.evaluation.metrics.bootstrap import bootstrap
from foley.evaluation.metrics.frechet import (
    GaussianStatistics,
    extrapolated_frechet_distance,
    frechet_distance,
)
from foley.evaluation.metrics.kernel import kernel_distance


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def mixed(samples: int, dimension: int, seed: int) -> np.ndarray:
    """Correlated samples, each direction of another size."""
    return normal(samples, dimension, seed=seed) @ normal(dimension, dimension, seed=seed + 100) + seed


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return frechet_distance(GaussianStatistics.from_embeddings(a), GaussianStatistics.from_embeddings(b))


def distance_by_sqrtm(a: np.ndarray, b: np.ndarray) -> float:
    """The textbook formula with a matrix square root, as published implementations have it."""
    root = linalg.sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    difference = a.mean(axis=0) - b.mean(axis=0)
    return difference @ difference + np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root)


def test_gaussians_that_do_not_correlate_have_the_closed_form():
    a = GaussianStatistics.from_covariance(np.array([0.0, 1.0]), np.diag([4.0, 9.0]), 100)
    b = GaussianStatistics.from_covariance(np.array([3.0, 1.0]), np.diag([1.0, 0.0]), 100)
    assert frechet_distance(a, b) == pytest.approx(3**2 + (2 - 1) ** 2 + (3 - 0) ** 2, abs=1e-12)


def test_turning_both_sets_alike_changes_nothing():
    a, b = mixed(200, 6, seed=1), mixed(200, 6, seed=2)
    turn = linalg.qr(normal(6, 6))[0]
    assert distance(a @ turn, b @ turn) == pytest.approx(distance(a, b), rel=1e-9)


@pytest.mark.parametrize("samples", [20, 300], ids=["fewer samples than dimensions", "more"])
def test_a_set_has_no_distance_to_itself(samples):
    embeddings = mixed(samples, 100, seed=3)
    assert distance(embeddings, embeddings) < 1e-6


def test_it_is_the_same_both_ways_round():
    a, b = mixed(30, 64, seed=1), mixed(50, 64, seed=2)
    assert distance(a, b) == pytest.approx(distance(b, a), rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_the_matrix_square_root(seed):
    a, b = mixed(400, 16, seed=seed), mixed(300, 16, seed=seed + 50)
    assert distance(a, b) == pytest.approx(distance_by_sqrtm(a, b), rel=1e-6)


def test_covariances_without_full_rank_add_no_noise():
    """Samples in a plane of 300 dimensions lie as far apart as the same samples in the plane alone."""
    a, b = mixed(40, 2, seed=1), mixed(40, 2, seed=2)
    plane = linalg.qr(normal(300, 300))[0][:2]
    assert distance(a @ plane, b @ plane) == pytest.approx(distance(a, b), rel=1e-10)


def test_windows_of_clips_count_as_samples():
    clips = normal(10, 3, 4)
    whole = GaussianStatistics.from_embeddings(clips)
    assert whole.count == 30
    np.testing.assert_allclose(whole.covariance, np.cov(clips.reshape(30, 4), rowvar=False), atol=1e-12)


def test_statistics_come_back_from_their_file(tmp_path):
    written = GaussianStatistics.from_embeddings(mixed(30, 8, seed=1).astype(np.float32))
    save_file(written.tensors(), tmp_path / "rain.safetensors")
    read = GaussianStatistics.load(tmp_path / "rain.safetensors")
    assert read.count == written.count
    np.testing.assert_array_equal(read.mean, written.mean)
    np.testing.assert_array_equal(read.covariance, written.covariance)


def test_a_file_that_holds_no_statistics_is_refused(tmp_path):
    (tmp_path / "odd.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match="does not hold the statistics"):
        GaussianStatistics.load(tmp_path / "odd.safetensors")
    with pytest.raises(ValueError, match="is not there"):
        GaussianStatistics.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("embeddings", "sentence"),
    [
        (np.full((5, 3), np.nan), "hold NaN or infinite"),
        (np.zeros((0, 3)), "the set is empty"),
        (np.zeros((1, 3)), "at least 2 embeddings"),
        (np.zeros(3), "must be \\(samples, dimension\\)"),
    ],
    ids=["nan", "empty", "one sample", "flat"],
)
def test_sets_that_cannot_be_measured_are_refused_in_one_sentence(embeddings, sentence):
    for measure in (GaussianStatistics.from_embeddings, lambda a: kernel_distance(a, np.zeros((5, 3)))):
        with pytest.raises(ValueError, match=sentence):
            measure(embeddings)


def test_embeddings_of_two_embedders_are_not_compared():
    a, b = normal(10, 3), normal(10, 4)
    with pytest.raises(ValueError, match="3 and of 4 dimensions"):
        distance(a, b)
    with pytest.raises(ValueError, match="3 and of 4 dimensions"):
        kernel_distance(a, b)


def test_the_extrapolation_takes_most_of_the_bias_of_a_small_set_away():
    reference = GaussianStatistics.from_covariance(np.zeros(8), np.eye(8), 10**6)
    small = normal(120, 8, seed=4)
    plain = frechet_distance(reference, GaussianStatistics.from_embeddings(small))
    extrapolated = extrapolated_frechet_distance(reference, small)
    assert abs(extrapolated.value) < plain / 2
    assert extrapolated.slope > 0
    assert extrapolated.distances[np.argmax(extrapolated.counts)] == pytest.approx(plain)


def test_the_extrapolation_repeats_itself_and_needs_a_few_clips():
    reference = GaussianStatistics.from_embeddings(normal(50, 4))
    clips = normal(20, 3, 4, seed=1)
    first, second = (extrapolated_frechet_distance(reference, clips, seed=7) for _ in range(2))
    assert first.value == second.value
    assert max(first.counts) == 60
    with pytest.raises(ValueError, match="at least 8 clips"):
        extrapolated_frechet_distance(reference, clips[:7])


def test_the_kernel_distance_is_about_zero_for_one_distribution_and_grows_with_a_shift():
    a, b = normal(400, 8, seed=1), normal(400, 8, seed=2)
    near, far = kernel_distance(a, b), kernel_distance(a, b + 1)
    assert abs(near) < 0.05
    assert far > 10 * abs(near)


def test_the_kernel_distance_is_unbiased():
    """Its mean over many pairs of small sets of one distribution is zero within the error of that mean."""
    values = [kernel_distance(normal(6, 4, seed=2 * n), normal(6, 4, seed=2 * n + 1)) for n in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))


def test_the_interval_contains_the_value_though_repeats_raise_distances():
    a, b = mixed(40, 12, seed=1), mixed(40, 12, seed=2)
    interval = bootstrap(distance, a, b, draws=60).interval()
    assert interval.value == pytest.approx(distance(a, b))
    assert interval.low < interval.value < interval.high


def test_the_interval_of_a_mean_covers_the_truth_about_as_often_as_it_says():
    hits = 0
    for seed in range(60):
        interval = bootstrap(np.mean, normal(50, seed=seed), draws=100, seed=seed).interval(confidence=0.8)
        hits += interval.low <= 0 <= interval.high
    assert 36 <= hits <= 58


def test_an_interval_needs_clips_and_draws():
    with pytest.raises(ValueError, match="a set is empty"):
        bootstrap(np.mean, np.zeros(0))
    with pytest.raises(ValueError, match="needs draws"):
        bootstrap(np.mean, np.zeros(3), draws=0)
