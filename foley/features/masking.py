"""Masks on CEmbeds (paper 3.4.2, figure 2): what the MVQVAE learns to fill in."""

import torch
from torch import Tensor

MASK_FRAMES = 25
MASK_BANDS = 25
MASK_EMBEDDING_SHARE = 250 / 1023
MASK_TIME_PROBABILITY = 0.6


def mask_cembed(cembed: Tensor, mel_rows: int, generator: torch.Generator | None = None) -> Tensor:
    """A copy of (batch, rows, frames) with a stretch of frames and of rows blanked in each part, independently.

    The mel and the embedding part are masked apart (paper 3.4.2, figure 2), so that neither can be read off the
    other. Blanked is 0, the mean of a standardised CEmbed.
    """
    masked = cembed.clone()
    parts = [(0, mel_rows, MASK_BANDS * mel_rows // 129)]
    embedding_rows = cembed.shape[1] - mel_rows
    if embedding_rows:
        parts.append((mel_rows, cembed.shape[1], round(MASK_EMBEDDING_SHARE * embedding_rows)))
    frames = MASK_FRAMES * cembed.shape[2] // 300
    for clip in masked:
        for first, last, most_rows in parts:
            if torch.rand((), generator=generator) < MASK_TIME_PROBABILITY:
                _blank(clip[first:last], 1, frames, generator)
            _blank(clip[first:last], 0, most_rows, generator)
    return masked


def _blank(part: Tensor, axis: int, most: int, generator: torch.Generator | None) -> None:
    length = int(torch.randint(most + 1, (), generator=generator))
    start = int(torch.randint(part.shape[axis] - length + 1, (), generator=generator))
    part.narrow(axis, start, length).zero_()
