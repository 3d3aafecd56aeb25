"""A classifier trained from nothing: it learns what can be told apart, and no more."""

import pytest
import torch

from foley.evaluation.metrics.training_value import mel_picture, train_and_test


def pictures(number: int, seed: int, apart: float) -> tuple[torch.Tensor, list[int]]:
    """Three classes of noise pictures that differ in which third of the rows is bright."""
    random = torch.Generator().manual_seed(seed)
    labels = [n % 3 for n in range(number)]
    found = torch.randn(number, 64, 100, generator=random)
    for picture, label in zip(found, labels, strict=True):
        picture[20 * label : 20 * label + 20] += apart
    return found, labels


def test_classes_that_differ_are_learned():
    hits = train_and_test(*pictures(48, 0, 1.0), *pictures(30, 1, 1.0), steps=40)
    assert hits.mean() > 0.9


def test_classes_that_are_the_same_are_not():
    hits = train_and_test(*pictures(48, 0, 0.0), *pictures(60, 1, 0.0), steps=10)
    assert hits.mean() < 0.7


def test_the_same_seed_gives_the_same_answers_and_leaves_torchs_generator_alone():
    torch.manual_seed(5)
    first = train_and_test(*pictures(24, 0, 0.3), *pictures(24, 1, 0.3), seed=2, steps=4)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), drawn)
    assert (train_and_test(*pictures(24, 0, 0.3), *pictures(24, 1, 0.3), seed=2, steps=4) == first).all()


def test_labels_have_to_fit():
    with pytest.raises(ValueError, match="labels"):
        train_and_test(torch.zeros(3, 64, 100), [0, 1], torch.zeros(1, 64, 100), [0])


def test_a_picture_has_one_size_whatever_the_clip():
    assert mel_picture(torch.full((129, 300), -6.0)).shape == mel_picture(torch.zeros(80, 344)).shape == (64, 100)
