"""Losses of the vocoder: least-squares adversarial, feature matching, and spectral distance."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

QUIETEST = 1e-9  # power, -90 dBFS: what lies below is silence, to ears and to embedders
DiscriminatorOutputs = list[tuple[Tensor, list[Tensor]]]


def discriminator_loss(real: DiscriminatorOutputs, fake: DiscriminatorOutputs) -> Tensor:
    """Real towards 1, fake towards 0 (least squares), mean over the discriminators."""
    losses = [(r - 1).square().mean() + f.square().mean() for (r, _), (f, _) in zip(real, fake, strict=True)]
    return torch.stack(losses).mean()


def generator_loss(fake: DiscriminatorOutputs) -> Tensor:
    """Fake towards 1, mean over the discriminators."""
    return torch.stack([(scores - 1).square().mean() for scores, _ in fake]).mean()


def feature_loss(real: DiscriminatorOutputs, fake: DiscriminatorOutputs) -> Tensor:
    """Mean distance of the discriminators' feature maps, each relative to its own size."""
    losses = [
        (r.detach() - f).abs().mean() / r.detach().abs().mean().clamp(min=1e-4)
        for (_, reals), (_, fakes) in zip(real, fake, strict=True)
        for r, f in zip(reals, fakes, strict=True)
    ]
    return torch.stack(losses).mean()


class SpectralDistance(nn.Module):
    """L1 between log-magnitudes of several short-time spectra, smoothed over bins.

    Smoothing compares levels and not the noise's own fine structure, which no vocoder could foretell from a CEmbed.
    """

    def __init__(self, resolutions: tuple[tuple[int, int, int], ...] = ((128, 32, 1), (512, 128, 2), (2048, 320, 8))):
        super().__init__()
        self.resolutions = resolutions
        for n_fft, _, _ in resolutions:
            self.register_buffer(f"window_{n_fft}", torch.hann_window(n_fft), persistent=False)

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        total = fake.new_zeros(())
        for n_fft, hop_length, smooth in self.resolutions:
            window = getattr(self, f"window_{n_fft}")
            a, b = (self._levels(x, n_fft, hop_length, smooth, window) for x in (fake, real))
            total = total + F.l1_loss(a, b)
        return total / len(self.resolutions)

    @staticmethod
    def _levels(waveform: Tensor, n_fft: int, hop_length: int, smooth: int, window: Tensor) -> Tensor:
        spectrum = torch.stft(waveform, n_fft, hop_length, window=window, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        return 0.5 * (F.avg_pool2d(power, (2 * smooth, 1)) + QUIETEST).log()


def level_distance(fake: Tensor, real: Tensor) -> Tensor:
    """L1 between the levels of waveforms (batch, samples), natural logarithms of their root mean squares.

    Means of log-magnitudes say little about the few loud moments that make a sound's level.
    """
    return F.l1_loss(*(0.5 * (x.square().mean(dim=1) + QUIETEST).log() for x in (fake, real)))


def envelope_distance(fake: Tensor, real: Tensor, blocks: tuple[int, ...] = (32, 96)) -> Tensor:
    """L1 between the levels of waveforms (batch, samples) in blocks of 1.3 and 4 ms at 24 kHz: sharp stays sharp."""
    distances = []
    for block in blocks:
        length = real.shape[1] // block * block
        a, b = (x[:, :length].unflatten(1, (-1, block)).square().mean(dim=2) for x in (fake, real))
        distances.append(0.5 * F.l1_loss((a + QUIETEST).log(), (b + QUIETEST).log()))
    return torch.stack(distances).mean()
