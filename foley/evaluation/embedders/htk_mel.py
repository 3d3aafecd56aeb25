"""The mel filters both networks were trained on: HTK's scale, triangles straight in mel, not Hz."""

import numpy as np
import torch
from torch import Tensor

from foley.features.filters import hz_to_htk_mel


def mel_bank(*, sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float) -> Tensor:
    """Float64 weights (n_mels, n_fft // 2 + 1) of triangles evenly spaced in mel, each with its top at 1."""
    edges = np.linspace(*hz_to_htk_mel(np.array([f_min, f_max])), n_mels + 2)
    low, centre, high = (edges[start : start + n_mels, None] for start in range(3))
    bins = hz_to_htk_mel(np.linspace(0, sample_rate / 2, n_fft // 2 + 1))
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    return torch.from_numpy(triangles.clip(min=0))
