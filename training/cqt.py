"""The constant-Q transform that the built-in encoder learns to reconstruct (MERT's musical teacher)."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.features.filters import cqt_wavelets

BINS = 84
LOWEST_HZ = 65.4  # C2: seven octaves reach 8.4 kHz


class LogCQT(nn.Module):
    """Waveform (batch, samples) to the logarithm of constant-Q magnitudes (batch, 84, samples // hop_length).

    The wavelets of all bins are applied in one frequency-domain product a frame (Brown & Puckette 1992).
    """

    kernel: Tensor

    def __init__(self, sample_rate: int, hop_length: int):
        super().__init__()
        self.hop_length = hop_length
        wavelets, lengths = cqt_wavelets(sample_rate, BINS, LOWEST_HZ)
        self.n_fft = wavelets.shape[1]
        kernel = np.fft.fft(wavelets, axis=1)[:, : self.n_fft // 2 + 1] / self.n_fft
        kernel = kernel * np.sqrt(lengths)[:, None]
        self.register_buffer("kernel", torch.from_numpy(np.conj(kernel).astype(np.complex64)), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        pad = (self.n_fft - self.hop_length) // 2
        padded = F.pad(waveform, (pad, self.n_fft - self.hop_length - pad))
        window = torch.ones(self.n_fft, device=waveform.device)
        spectrum = torch.stft(padded, self.n_fft, self.hop_length, window=window, center=False, return_complex=True)
        return (self.kernel @ spectrum).abs().clamp(min=1e-5).log()
