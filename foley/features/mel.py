"""HiFi-GAN's log-mel spectrogram, with exactly `samples // hop_length` frames."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.features.filters import mel_filters
from foley.presets import AudioPreset, MelPreset

LOG_FLOOR = 1e-5


class LogMel(nn.Module):
    """Waveform (batch, samples) to log-mel (batch, rows, frames), natural logarithm of mel magnitudes.

    Reflect padding of (n_fft - hop_length) / 2 on both sides and no centring, so that frames = samples //
    hop_length (HiFi-GAN, Kong et al. 2020).
    """

    basis: Tensor
    window: Tensor

    def __init__(self, audio: AudioPreset, mel: MelPreset):
        super().__init__()
        self.n_fft, self.hop_length = mel.n_fft, mel.hop_length
        basis = mel_filters(audio.sample_rate, mel.n_fft, mel.rows, mel.f_min, mel.f_max)
        self.register_buffer("basis", torch.from_numpy(basis), persistent=False)
        self.register_buffer("window", torch.hann_window(mel.n_fft), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        pad = (self.n_fft - self.hop_length) // 2
        padded = F.pad(waveform.unsqueeze(1), (pad, pad), mode="reflect").squeeze(1)
        spectrum = torch.stft(
            padded, self.n_fft, self.hop_length, window=self.window, center=False, return_complex=True
        )
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()
        return (self.basis @ magnitude).clamp(min=LOG_FLOOR).log()
