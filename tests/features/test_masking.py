"""Masks on CEmbeds: two parts, each by itself, at most as large as the recipe says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from foley.features.masking import mask_cembed
from foley.presets import PAPER, STUDIO

MEL_ROWS = 129


def mask_sizes(recipe, rows: int, clips: int = 64) -> tuple[torch.Tensor, ...]:
    """Masked frames of the mel and the embedding part, then masked rows of both, of many clips."""
    random = np.random.default_rng(0)
    masked = torch.stack([mask_cembed(torch.ones(rows, 300), MEL_ROWS, random, recipe) for _ in range(clips)])
    parts = (masked[:, :MEL_ROWS] == 0), (masked[:, MEL_ROWS:] == 0)
    return *(part.all(dim=1).sum(dim=1) for part in parts), *(part.all(dim=2).sum(dim=1) for part in parts)


def test_both_parts_are_masked_apart_and_the_original_stays():
    cembed = torch.ones(192, 300)
    mask_cembed(cembed, MEL_ROWS, np.random.default_rng(0))
    assert (cembed == 1).all()
    mel_frames, embedding_frames, bands, rows = mask_sizes(STUDIO.training.masking, 192)
    assert 0 < mel_frames.max() <= 25
    assert 0 < embedding_frames.max() <= 25
    assert bands.max() <= 25
    assert 0 < rows.max() <= 16
    assert not torch.equal(mel_frames, embedding_frames)
    assert 0.4 < (mel_frames > 0).float().mean() < 0.75


def test_the_papers_time_masks_are_always_drawn_and_at_most_a_share_of_the_frames():
    mel_frames, _, _, rows = mask_sizes(PAPER.training.masking, 1152)
    assert (mel_frames > 0).float().mean() > 0.9
    assert mel_frames.max() <= 25
    assert 0 < rows.max() <= 250
    narrow = replace(PAPER.training.masking, time_share=0.02)
    assert mask_sizes(narrow, 1152)[0].max() == pytest.approx(6)
