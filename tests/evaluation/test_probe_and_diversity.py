"""The class-agreement probe, and the diversity and copy checks."""

import numpy as np
import pytest

from foley.evaluation.metrics.diversity import copy_check, nearest_distances, relative_spread, spread
from foley.evaluation.metrics.probe import Probe


def blobs(clips: int, seed: int, dimension: int = 16) -> tuple[np.ndarray, list[str]]:
    """Two classes of (2 * clips, 3 windows, dimension), well apart."""
    generator = np.random.default_rng(seed)
    embeddings = generator.standard_normal((2 * clips, 3, dimension))
    embeddings[:clips] += 3
    return embeddings, ["Rain"] * clips + ["DogBark"] * clips


@pytest.fixture(scope="module")
def probe() -> Probe[str]:
    return Probe.fit(*blobs(30, seed=0))


def test_the_probe_hears_classes_it_can_tell_apart(probe):
    embeddings, labels = blobs(20, seed=1)
    assert probe.predict(embeddings) == labels
    agreement = probe.agreement(embeddings, labels)
    assert agreement.per_class == {"Rain": 1.0, "DogBark": 1.0}
    assert agreement.mean == 1.0


def test_the_mean_agreement_weighs_classes_alike_however_many_clips_they_have(probe):
    embeddings, labels = blobs(20, seed=1)
    rain_is_wrong = np.concatenate([embeddings[20:25], embeddings[20:]])
    agreement = probe.agreement(rain_is_wrong, ["Rain"] * 5 + ["DogBark"] * 20)
    assert agreement.per_class == {"Rain": 0.0, "DogBark": 1.0}
    assert agreement.mean == 0.5


def test_windows_are_averaged_before_the_probe(probe):
    embeddings, _ = blobs(20, seed=1)
    assert probe.predict(embeddings) == probe.predict(embeddings.mean(axis=1))


def test_the_size_of_a_dimension_does_not_matter_to_the_probe():
    embeddings, labels = blobs(30, seed=0)
    sizes = np.logspace(-3, 3, embeddings.shape[-1])
    fresh, fresh_labels = blobs(20, seed=1)
    assert Probe.fit(embeddings * sizes, labels).predict(fresh * sizes) == fresh_labels


@pytest.mark.parametrize(
    ("embeddings", "labels", "sentence"),
    [
        (np.zeros((3, 4)), ["a", "b"], "3 clips but 2 labels"),
        (np.zeros((2, 4)), ["a", "a"], "at least two classes"),
        (np.full((2, 4), np.inf), ["a", "b"], "NaN or infinite"),
        (np.zeros((0, 4)), [], "the set is empty"),
    ],
)
def test_a_probe_is_not_fitted_on_what_cannot_teach_it(embeddings, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        Probe.fit(embeddings, labels)


def test_the_probe_refuses_embeddings_of_another_embedder(probe):
    with pytest.raises(ValueError, match="dimensions cannot be compared"):
        probe.predict(np.zeros((2, 5)))


def test_the_spread_is_the_mean_distance_of_pairs():
    assert spread(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])) == pytest.approx(10 / 3)


def test_a_set_is_as_varied_as_itself_and_shrinking_it_shows():
    real, _ = blobs(15, seed=2)
    assert relative_spread(real, real) == pytest.approx(1)
    assert relative_spread(real / 4, real) == pytest.approx(1 / 4)
    assert relative_spread(np.repeat(real[:1], 5, axis=0), real) == 0


def test_a_spread_needs_two_clips_and_real_ones_that_differ():
    with pytest.raises(ValueError, match="at least 2 clips"):
        spread(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="all the same"):
        relative_spread(np.eye(3), np.zeros((4, 3)))


def test_the_nearest_training_clip_is_found():
    distances = nearest_distances(np.array([[0.0], [9.0]]), np.array([[1.0], [7.0], [100.0]]))
    np.testing.assert_array_equal(distances, [1.0, 2.0])


def test_real_clips_held_out_score_about_the_percentile():
    generator = np.random.default_rng(0)
    train, held_out, fresh = (generator.standard_normal((n, 8)) for n in (300, 200, 400))
    assert copy_check(held_out, train, held_out).share == pytest.approx(0.05)
    check = copy_check(fresh, train, held_out)
    assert check.share == pytest.approx(0.05, abs=0.04)
    assert check.expected == pytest.approx(0.05)
    assert check.distances.shape == (400,)


def test_copies_of_training_clips_are_caught():
    generator = np.random.default_rng(0)
    train, held_out, fresh = (generator.standard_normal((n, 8)) for n in (100, 60, 10))
    almost = train[:30] + 1e-3 * generator.standard_normal((30, 8))
    assert copy_check(almost, train, held_out).share == 1
    assert copy_check(np.concatenate([almost, fresh]), train, held_out).share >= 0.75
