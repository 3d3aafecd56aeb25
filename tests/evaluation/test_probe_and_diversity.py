"""The probe, the diversity of a set, and the search for copies."""

import numpy as np
import pytest

from foley.evaluation.metrics.diversity import find_copies, mean_pairwise_distance, nearest_distances
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


def test_diversity_is_the_mean_distance_of_pairs():
    assert mean_pairwise_distance(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])) == pytest.approx(10 / 3)


def test_diversity_grows_with_the_set_and_is_none_for_one_clip_again_and_again():
    real, _ = blobs(15, seed=2)
    assert mean_pairwise_distance(real / 4) == pytest.approx(mean_pairwise_distance(real) / 4)
    assert mean_pairwise_distance(np.repeat(real[:1], 5, axis=0)) == 0


def test_diversity_needs_two_clips():
    with pytest.raises(ValueError, match="at least 2 clips"):
        mean_pairwise_distance(np.zeros((1, 4)))


def test_the_nearest_training_clip_is_found():
    distances = nearest_distances(np.array([[0.0], [9.0]]), np.array([[1.0], [7.0], [100.0]]))
    np.testing.assert_array_equal(distances, [1.0, 2.0])


def test_real_clips_held_out_are_taken_for_copies_about_as_often_as_chance_has_it():
    generator = np.random.default_rng(0)
    train, held_out, fresh = (generator.standard_normal((n, 8)) for n in (300, 200, 400))
    assert find_copies(held_out, train, held_out).mean() == pytest.approx(0.05)
    assert find_copies(fresh, train, held_out).mean() == pytest.approx(0.05, abs=0.04)


def test_copies_of_training_clips_are_found():
    generator = np.random.default_rng(0)
    train, held_out, fresh = (generator.standard_normal((n, 8)) for n in (100, 60, 10))
    almost = train[:30] + 1e-3 * generator.standard_normal((30, 8))
    found = find_copies(np.concatenate([almost, fresh]), train, held_out)
    assert found[:30].all()
    assert found.shape == (40,)
