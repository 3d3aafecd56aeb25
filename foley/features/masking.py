"""Masks on CEmbeds (paper 3.4.2, figure 2): what the MVQVAE learns to fill in."""

import numpy as np
from torch import Tensor

from foley.presets import TrainingRecipe
from foley.presets.recipes import MaskingRecipe

STUDIO_MASKING = TrainingRecipe().masking
CLIP_FRAMES, MEL_ROWS = 300, 129  # the paper's clip, on which a recipe's numbers of frames and bands are


def mask_cembed(
    cembed: Tensor, mel_rows: int, random: np.random.Generator, recipe: MaskingRecipe = STUDIO_MASKING
) -> Tensor:
    """A copy of a CEmbed (rows, frames) with a stretch of frames and of rows blanked in each part, independently.

    The mel and the embedding part are masked apart (paper 3.4.2, figure 2), so that neither can be read off the
    other. Blanked is 0, the mean of a standardised CEmbed.
    """
    masked = cembed.clone()
    rows, frames = cembed.shape
    parts = [(masked[:mel_rows], recipe.bands * mel_rows // MEL_ROWS)]
    if rows > mel_rows:
        parts.append((masked[mel_rows:], round(recipe.embedding_share * (rows - mel_rows))))
    most_frames = min(recipe.frames * frames // CLIP_FRAMES, int(recipe.time_share * frames))
    for part, most_rows in parts:
        if random.random() < recipe.time_probability:
            _blank(part, 1, most_frames, random)
        _blank(part, 0, most_rows, random)
    return masked


def _blank(part: Tensor, axis: int, most: int, random: np.random.Generator) -> None:
    length = int(random.integers(most + 1))
    start = int(random.integers(part.shape[axis] - length + 1))
    part.narrow(axis, start, length).zero_()
