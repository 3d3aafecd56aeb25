"""The class head is fitted to the end: it names what its vectors tell apart, and hears no class that it never saw."""

import torch
from torch import nn
from torch.nn import functional as F

from training.class_head import PENALTY, fit_linear_head


def clips(count: int, categories: int, spread: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Vectors (count, 8) round a centre for each class, far from zero and in small units; and the classes."""
    generator = torch.Generator().manual_seed(3)
    labels = torch.arange(count) % categories
    centres = torch.randn(categories, 8, generator=generator)
    return 5 + 0.01 * (centres[labels] + spread * torch.randn(count, 8, generator=generator)), labels


def test_classes_that_vectors_tell_apart_are_named():
    vectors, labels = clips(140, 7, 0.3)
    head = nn.Linear(8, 7)
    fit_linear_head(head, vectors[:70], labels[:70])
    assert (head(vectors[70:]).argmax(dim=1) == labels[70:]).float().mean() > 0.9


def test_a_class_without_clips_is_never_heard():
    vectors, labels = clips(60, 2, 0.3)
    head = nn.Linear(8, 7)
    fit_linear_head(head, vectors, labels)
    assert set(head(vectors).argmax(dim=1).tolist()) == {0, 1}
    assert head(vectors).softmax(dim=1)[:, 2:].max() < 0.05


def test_no_other_head_has_a_smaller_loss():
    vectors, labels = clips(140, 7, 2.0)
    head = nn.Linear(8, 7)
    fit_linear_head(head, vectors, labels)
    scale = vectors.std(dim=0)

    def loss(weight, bias):
        entropy = F.cross_entropy(F.linear(vectors, weight, bias), labels, reduction="sum")
        return float((entropy + PENALTY * (weight * scale).square().sum()).detach())

    best = loss(head.weight, head.bias)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        push = torch.randn(head.weight.shape, generator=generator)
        assert loss(head.weight + 0.02 * push / scale, head.bias + 0.02) > best
