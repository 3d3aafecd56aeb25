"""The mel filters both networks were trained on: HTK's scale, triangles straight in mel, not Hz."""

import torch
from torch import Tensor


def hz_to_mel(hertz: Tensor) -> Tensor:
    """Frequencies in Hz on HTK's mel scale."""
    return 1127.01048 * torch.log1p(hertz / 700)


def mel_bank(*, sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float) -> Tensor:
    """Float64 weights (n_mels, n_fft // 2 + 1) of triangles evenly spaced in mel, each with its top at 1."""
    edges = hz_to_mel(torch.tensor([f_min, f_max], dtype=torch.float64))
    edges = torch.linspace(float(edges[0]), float(edges[1]), n_mels + 2, dtype=torch.float64)
    low, centre, high = (edges[start : start + n_mels, None] for start in range(3))
    bins = hz_to_mel(torch.linspace(0, sample_rate / 2, n_fft // 2 + 1, dtype=torch.float64))
    return torch.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)).clamp(min=0)
