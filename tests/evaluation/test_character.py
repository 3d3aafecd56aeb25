"""What an evaluation says of tone, attacks and use, on sets of clips whose answer is known."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from foley.categories import Category
from foley.evaluation.clip_set import ClassClips, ClipSet
from foley.evaluation.metrics.character import (
    CHARACTER,
    MODULATION,
    changes,
    character,
    distribution_distance,
    modulation_distance,
)
from foley.evaluation.metrics.frechet import GaussianStatistics
from foley.evaluation.scores import score_class
from foley.evaluation.trained_on import classifiers_trained_on

RATE = 24_000


def clip_set(number: int, pitch: float, seed: int = 0) -> ClipSet:
    """Clips of a tone under noise; without a pitch, of noise alone."""
    time, random = torch.arange(12_000) / RATE, torch.Generator().manual_seed(seed)
    values = []
    for _ in range(number):
        voice = sum(torch.sin(2 * math.pi * pitch * n * time) for n in range(1, 6)) if pitch else 0.0
        values.append(character(0.1 * voice + 0.05 * torch.randn(12_000, generator=random), RATE))
    table = {name: np.array([value[name] for value in values]) for name in values[0]}
    table |= {"loudness_lufs": np.full(number, -20.0), "dead_silence": np.zeros(number)}
    return ClipSet(np.random.default_rng(seed).standard_normal((number, 1, 4)), table)


def test_a_sound_has_every_value_that_reports_ask_for():
    assert set(character(torch.zeros(RATE), RATE)) == {*CHARACTER, *MODULATION}


def test_a_sound_that_comes_back_as_it_was_has_changed_in_nothing():
    values = character(torch.randn(RATE), RATE)
    assert set(changes(values, values).values()) == {0.0}


def test_whispered_takes_of_voiced_recordings_are_told_apart_and_voiced_ones_are_not():
    real = clip_set(6, 220, seed=1)
    reference = GaussianStatistics.from_embeddings(real.embeddings)
    sets = {"real": real, "floor": clip_set(6, 220, seed=2), "generated": clip_set(6, 0, seed=3)}
    scores = {
        key: one.interval() for key, one in score_class(ClassClips(Category.DogBark, sets, reference), draws=20).items()
    }
    assert scores["real_voiced"].value == scores["floor_voiced"].value == 1
    assert scores["generated_voiced"].value == 0
    assert scores["generated_flatness"].low > scores["real_flatness"].high
    assert scores["generated_flatness_distribution"].low > scores["floor_flatness_distribution"].high


def test_the_distance_of_distributions_is_how_far_values_are_moved_whatever_their_order():
    values = np.array([1.0, 2.0, 3.0])
    assert distribution_distance(values + 0.5, values[::-1]) == pytest.approx(0.5)
    assert distribution_distance(np.array([math.nan, 1.0]), np.array([1.0])) == 0
    assert math.isnan(distribution_distance(np.array([math.nan]), values))


def test_the_distance_of_modulation_spectra_is_that_of_their_means():
    depths = np.array([[0.0, -10.0], [-10.0, -20.0], [math.nan, math.nan]])
    assert modulation_distance(depths + 3, depths) == pytest.approx(3)


def test_a_classifier_trained_on_takes_like_recordings_is_worth_as_much_and_one_on_mixed_up_takes_nothing(monkeypatch):
    monkeypatch.setattr("foley.evaluation.trained_on._network_hits", lambda train, tests: {})  # slow; tested by itself

    def of(shift: float, seed: int) -> ClipSet:
        return ClipSet(np.random.default_rng(seed).standard_normal((20, 1, 4)) + shift)

    rain = {"real": of(0, 1), "floor": of(0, 2), "generated": of(0, 3)}
    dogs = {"real": of(5, 4), "floor": of(5, 5), "generated": of(5, 6)}
    good = classifiers_trained_on({Category.Rain: rain, Category.DogBark: dogs})
    assert good[Category.Rain]["probe"]["generated"].mean() > 0.95 < good[Category.DogBark]["probe"]["floor"].mean()
    swapped = {
        Category.Rain: rain | {"generated": dogs["generated"]},
        Category.DogBark: dogs | {"generated": rain["generated"]},
    }
    assert classifiers_trained_on(swapped)[Category.Rain]["probe"]["generated"].mean() < 0.05


def test_the_network_is_given_the_pictures_of_both_sides(monkeypatch):
    asked = []

    def fake(train, train_labels, test, test_labels):
        asked.append((train.shape, train_labels, test.shape, test_labels))
        return np.array([label == 5 for label in test_labels])

    monkeypatch.setattr("foley.evaluation.trained_on.train_and_test", fake)
    plain = ClipSet(np.random.default_rng(0).standard_normal((3, 1, 4)), pictures=np.zeros((3, 64, 100), np.float32))
    larger = dataclasses.replace(plain, embeddings=np.ones((4, 1, 4)), pictures=np.zeros((4, 64, 100), np.float32))
    sets = {"real": plain, "floor": larger, "generated": plain}
    found = classifiers_trained_on({Category.Rain: sets, Category.DogBark: sets})
    assert asked[0][0] == (6, 64, 100)
    assert asked[0][1] == [5, 5, 5, 0, 0, 0]
    assert found[Category.Rain]["network"]["generated"].tolist() == [1, 1, 1]
    assert found[Category.DogBark]["network"]["generated"].tolist() == [0, 0, 0]
