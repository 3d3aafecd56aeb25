"""Where a prior keeps what codes say for knobs and contours (`foley.sampling.guidance`): buffers filled in training."""

import torch
from torch import Tensor

from foley.categories import Category
from foley.conditions.contour import LEVEL_BINS, ONSET_BINS
from foley.conditions.knobs import KNOBS
from foley.presets import PriorPreset


def odds_buffers(preset: PriorPreset, rows: int, codebook_size: int) -> dict[str, Tensor | None]:
    """`log_odds` (classes, knobs, rows, codebook size) and `contour_odds` (classes, bins of levels and then of onsets,
    rows, codebook size), float16 zeros; None for what the prior does not hear.
    """
    bins = {"log_odds": len(KNOBS), "contour_odds": LEVEL_BINS + ONSET_BINS}
    heard = {"log_odds": preset.knob_bins > 0, "contour_odds": preset.contour}
    return {
        name: torch.zeros(len(Category), bins[name], rows, codebook_size, dtype=torch.float16) if heard[name] else None
        for name in bins
    }
