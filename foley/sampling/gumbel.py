"""Choosing codes from logits: Gumbel-max over the codes that the settings leave in play."""

import torch
from torch import Tensor

from foley.sampling.settings import SamplingSettings


def gumbel_max(logits: Tensor, noise: Tensor, settings: SamplingSettings) -> Tensor:
    """Codes (...) from logits and Gumbel noise (..., codebook size).

    The largest of logits + temperature x noise is a draw from softmax(logits / temperature), and at temperature 0
    the most likely code.
    """
    scores = logits + settings.temperature * noise
    return in_play(scores, logits, settings).argmax(dim=-1)


def in_play(scores: Tensor, logits: Tensor, settings: SamplingSettings) -> Tensor:
    """Scores of codes (..., codebook size), minus infinity for those that the settings leave out by their logits."""
    temperature = settings.temperature
    if 0 < settings.top_k < logits.shape[-1]:
        least = logits.topk(settings.top_k, dim=-1).values[..., -1:]
        scores = scores.masked_fill(logits < least, -torch.inf)
    if settings.top_p < 1 and temperature > 0:
        falling = logits.sort(dim=-1, descending=True).values
        share = torch.softmax((falling - falling[..., :1]) / temperature, dim=-1)
        inside = share.cumsum(dim=-1) - share < settings.top_p
        least = falling.masked_fill(~inside, torch.inf).amin(dim=-1, keepdim=True)
        scores = scores.masked_fill(logits < least, -torch.inf)
    return scores
