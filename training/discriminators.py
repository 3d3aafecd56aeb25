"""The vocoder's discriminators: periods of the waveform (HiFi-GAN) and several resolutions of its spectrum."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.presets.recipes import DiscriminatorRecipe

SLOPE = 0.1


class Discriminators(nn.Module):
    """All discriminators. A waveform (batch, samples) to a list of (scores, feature maps), one for each of them."""

    def __init__(self, recipe: DiscriminatorRecipe):
        super().__init__()
        self.discriminators = nn.ModuleList(
            [PeriodDiscriminator(period, recipe.channels) for period in recipe.periods]
            + [SpectrumDiscriminator(n_fft, hop, recipe.channels) for n_fft, hop in recipe.resolutions]
        )
        self.register_load_state_dict_pre_hook(_rename_old_keys)

    def forward(self, waveform: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        return [discriminator(waveform) for discriminator in self.discriminators]


class PeriodDiscriminator(nn.Module):
    """Looks at every `period`-th sample (Kong et al. 2020, multi-period discriminator)."""

    def __init__(self, period: int, channels: int):
        super().__init__()
        self.period = period
        widths = (1, channels, 2 * channels, 4 * channels, 4 * channels)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (5, 1), (3, 1), padding=(2, 0)) for a, b in pairwise(widths))
        self.output = nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        missing = -waveform.shape[1] % self.period
        padded = F.pad(waveform.unsqueeze(1), (0, missing), mode="reflect")
        return scores_and_features(padded.unflatten(2, (-1, self.period)), self.layers, self.output)


class SpectrumDiscriminator(nn.Module):
    """Looks at the complex short-time spectrum, compressed in level."""

    window: Tensor

    def __init__(self, n_fft: int, hop_length: int, channels: int):
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(3, channels, (7, 5), stride=(2, 1), padding=(3, 2)),
                nn.Conv2d(channels, 2 * channels, (5, 3), stride=(2, 1), padding=(2, 1)),
                nn.Conv2d(2 * channels, 2 * channels, (5, 3), stride=(2, 2), padding=(2, 1)),
                nn.Conv2d(2 * channels, 2 * channels, 3, padding=1),
            ]
        )
        self.output = nn.Conv2d(2 * channels, 1, 3, padding=1)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        spectrum = torch.stft(waveform, self.n_fft, self.hop_length, window=self.window, return_complex=True)
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-8).sqrt()
        # square-root compression keeps quiet parts visible, and the phase with them
        compressed = spectrum / magnitude.sqrt()
        image = torch.stack([compressed.real, compressed.imag, magnitude.log() / 5 + 1], dim=1)
        return scores_and_features(image, self.layers, self.output)


def _rename_old_keys(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Let checkpoints of earlier versions load, in which the one list of this module had another name."""
    for name in [name for name in state if name.startswith(prefix)]:
        of_discriminator = name.removeprefix(prefix).partition(".")[2]
        state[f"{prefix}discriminators.{of_discriminator}"] = state.pop(name)


def scores_and_features(image: Tensor, layers: nn.ModuleList, output: nn.Module) -> tuple[Tensor, list[Tensor]]:
    """What a stack of convolutions says of an image (batch, channels, height, width), and its maps after each."""
    maps = []
    for layer in layers:
        image = F.leaky_relu(layer(image), SLOPE)
        maps.append(image)
    return output(image), maps
