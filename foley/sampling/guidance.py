"""Classifier guidance (Dhariwal and Nichol 2021) by the simplest classifier there is: naive Bayes on the codes.

A prior of this size, trained on some thousand clips, hardly learns to hear what concerns a whole clip: how bright it
is, how loud. But which codes bright recordings have can be counted. What a code says for a knob turned up, against one
turned down, is added to its logit while takes are sampled that are asked for that knob. It is added before top-k and
top-p: a bark where nobody expected one is among the unlikeliest codes, and asked for all the same.
"""

import numpy as np
import torch
from torch import Tensor

from foley.conditions.contour import ANY, LEVEL_BINS, ONSET_BINS
from foley.conditions.controls import Controls
from foley.models.prior import Prior

MOST_COUNTS = 4  # of a code in a row of one clip, so that a long hum does not speak for all
EVIDENCE = 8.0  # counts that say nothing, added to both sides: as much as two clips can say


def log_odds(codes: np.ndarray, knobs: np.ndarray, bins: int, codebook_size: int) -> np.ndarray:
    """What codes say for each knob: float32 (6, rows, codebook size), half the log odds of its upper third against its
    lower third.

    Args:
        codes: of clips of one class, (clips, rows, frames).
        knobs: bins of those clips, (clips, 6), from 1 on.
        bins: of a knob.
        codebook_size: number of codes.
    """
    rows = np.arange(codes.shape[1])[:, None]
    counts = np.zeros((len(codes), codes.shape[1], codebook_size), np.float32)
    for clip, count in zip(codes, counts, strict=True):
        np.add.at(count, (rows, clip), 1)
    np.minimum(counts, MOST_COUNTS, out=counts)
    usual = counts.sum(axis=0)
    usual /= usual.sum(axis=1, keepdims=True)
    places = (knobs - 0.5) / bins

    def lift(chosen: np.ndarray) -> np.ndarray:
        """How much oftener than in the whole class each code is met, (rows, codebook size); 1 where one cannot tell."""
        found = counts[chosen].sum(axis=0)
        return (found + EVIDENCE) / (found.sum(axis=1, keepdims=True) * usual + EVIDENCE)

    thirds = [(lift(places[:, knob] > 2 / 3), lift(places[:, knob] < 1 / 3)) for knob in range(knobs.shape[1])]
    return np.stack([np.log(high / low) / 2 for high, low in thirds])


def contour_odds(codes: np.ndarray, contours: np.ndarray, codebook_size: int) -> np.ndarray:
    """What codes say for each bin of a column's contour: float32 (bins of levels and then of onsets, rows, codebook
    size), the log of how much oftener than usual a column of that bin has them. 0 for bins that are `ANY`.

    Args:
        codes: of clips of one class, (clips, rows, columns).
        contours: bins of levels and of onsets of those clips, (clips, 2, columns).
        codebook_size: number of codes.
    """
    rows = codes.shape[1]
    parts = []
    for which, bins in enumerate((LEVEL_BINS, ONSET_BINS)):
        counts = np.zeros((bins, rows, codebook_size), np.float32)
        places = np.broadcast_to(contours[:, which, None].astype(np.int64), codes.shape), np.arange(rows)[:, None]
        np.add.at(counts, (*places, codes), 1)
        usual = counts.sum(axis=0) / counts.sum(axis=(0, 2))[:, None]
        expected = counts.sum(axis=2, keepdims=True) * usual
        odds = np.log((counts + EVIDENCE) / (expected + EVIDENCE))
        odds[ANY] = 0
        parts.append(odds)
    return np.concatenate(parts)


def guidance(prior: Prior, categories: list[int], controls: Controls) -> Tensor | None:
    """What is added to the logits of each take for all that it is asked for: (takes, rows, columns or 1, codebook
    size); None where there is nothing to add.
    """
    parts = [knob_guidance(prior, categories, controls), contour_guidance(prior, categories, controls)]
    given = [part for part in parts if part is not None]
    return torch.stack(torch.broadcast_tensors(*given)).sum(dim=0) if given else None


def contour_guidance(prior: Prior, categories: list[int], controls: Controls) -> Tensor | None:
    """What is added for the contour of each take: (takes, rows, columns, codebook size); None for nothing.

    Drawn contours have a weight of their own: they are to bring variety, and the class is to stay what it is.
    """
    preset, odds = prior.preset, prior.contour_odds
    weight = torch.full((len(categories), 1), preset.contour_guidance, device=controls.level.device)
    if controls.drawn_contour is not None:
        weight[controls.drawn_contour] = preset.drawn_contour_guidance
    level, onset = (part.where(weight > 0, ANY) for part in (controls.level, controls.onset))
    if odds is None or not (level.any() or onset.any()):
        return None
    takes = torch.tensor(categories)[:, None].to(odds.device)
    levels, onsets = level.to(odds.device), onset.to(odds.device) + LEVEL_BINS
    found = (odds[takes, levels].float() + odds[takes, onsets].float()).transpose(1, 2).cpu()
    return weight.cpu()[..., None, None] * found


def knob_guidance(prior: Prior, categories: list[int], controls: Controls) -> Tensor | None:
    """What is added to the logits of each take for the knobs that it is asked for: (takes, rows, 1, codebook
    size).

    None where there is nothing to add. Drawn knobs get no guidance: they are to be as recordings have them.
    """
    if prior.log_odds is None or prior.preset.guidance == 0:
        return None
    asked = controls.knobs != ANY if controls.drawn is None else (controls.knobs != ANY) & ~controls.drawn
    if not asked.any():
        return None
    bins = prior.preset.knob_bins
    turned = torch.where(asked, 2 * (controls.knobs - 0.5) / bins - 1, 0.0).float()  # from -1 to 1
    odds = prior.log_odds[torch.tensor(categories)].float().cpu()  # (takes, 6, rows, V)
    return prior.preset.guidance * torch.einsum("tk,tkrv->trv", turned.cpu(), odds).unsqueeze(2)
