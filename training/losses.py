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
    a, b = (0.5 * (x.square().mean(dim=1) + QUIETEST).log() for x in (fake, real))
    return F.l1_loss(a, b)


def envelope_distance(fake: Tensor, real: Tensor, blocks: tuple[int, ...] = (32, 96)) -> Tensor:
    """L1 between the levels of waveforms (batch, samples) in blocks of 1.3 and 4 ms at 24 kHz: sharp stays sharp."""
    distances = []
    for block in blocks:
        length = real.shape[1] // block * block
        a, b = (x[:, :length].unflatten(1, (-1, block)).square().mean(dim=2) for x in (fake, real))
        distances.append(0.5 * F.l1_loss((a + QUIETEST).log(), (b + QUIETEST).log()))
    return torch.stack(distances).mean()


def line_distance(fake: Tensor, real: Tensor, n_fft: int = 2048, band: int = 32) -> Tensor:
    """L1 between how far lines stand out of their surroundings in waveforms (batch, samples); natural logarithms.

    In bands of 375 Hz at 24 kHz, arithmetic over geometric mean of the power's 12 Hz bins (the inverse of spectral
    flatness), where the real one is less than 50 dB below its loudest band. A whispered dog is far from a barking one,
    wherever the lines are.
    """
    window = torch.hann_window(n_fft, device=fake.device)
    contrasts, levels = [], []
    for waveform in (fake, real):
        spectrum = torch.stft(waveform, n_fft, n_fft // 4, window=window, return_complex=True)[:, 1 : n_fft // 3]
        power = spectrum.real.square() + spectrum.imag.square() + QUIETEST
        bands = power[:, : power.shape[1] // band * band].unflatten(1, (-1, band))
        contrasts.append(bands.mean(dim=2).log() - bands.log().mean(dim=2))
        levels.append(bands.mean(dim=2))
    audible = levels[1] > 1e-5 * levels[1].amax(dim=(1, 2), keepdim=True)
    return ((contrasts[0] - contrasts[1]).abs() * audible).sum() / audible.sum().clamp(min=1)


def onset_distance(fake: Tensor, real: Tensor, reach: int = 8) -> Tensor:
    """L1 between the levels in 1 ms blocks of 3 to 11 kHz (at 24 kHz) around the attacks of `real`, natural logarithms.

    Weighted by how far the real one rises within 4 ms, up to 12 dB, and for 8 ms to both sides; elsewhere a block of so
    short a time is chance, and to be near to it would be to have no grain.
    """
    a, b = (_fine_power(x) for x in (fake, real))
    floor = (1e-5 * b.amax(dim=1, keepdim=True)).clamp(min=QUIETEST)
    a, b = (0.5 * (x + floor).log() for x in (a, b))
    rise = F.pad(b[:, 4:] - b[:, :-4], (4, 0)) / 1.38  # natural logarithm of 12 dB
    weight = F.max_pool1d(rise.clamp(0, 1).square(), 2 * reach + 1, stride=1, padding=reach)
    return ((a - b).abs() * weight).sum() / weight.sum().clamp(min=1)


def grain_distance(fake: Tensor, real: Tensor) -> Tensor:
    """L1 between how unevenly power lies in 1 ms blocks of 3 to 11 kHz (at 24 kHz), the logarithm of its kurtosis.

    Drops, strokes and sparks make it high and hiss makes it low, wherever they fall.
    """
    unevenness = []
    for waveform in (fake, real):
        power = _fine_power(waveform) + QUIETEST
        unevenness.append(power.square().mean(dim=1).log() - 2 * power.mean(dim=1).log())
    return F.l1_loss(*unevenness)


def _fine_power(waveform: Tensor, block: int = 24) -> Tensor:
    """The power (batch, blocks) of (batch, samples) between a quarter and eleven twelfths of its bandwidth."""
    spectrum = torch.fft.rfft(waveform)
    place = torch.linspace(0, 1, spectrum.shape[1], device=waveform.device)
    high = torch.fft.irfft(spectrum * ((place >= 1 / 4) & (place <= 11 / 12)), waveform.shape[1])
    return high[:, : high.shape[1] // block * block].unflatten(1, (-1, block)).square().mean(dim=2)
