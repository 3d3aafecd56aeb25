"""HiFi-GAN's discriminators (Kong et al. 2020): periods of the waveform, and the waveform at several rates."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from foley.presets.recipes import DiscriminatorRecipe
from training.discriminators import SLOPE


class HiFiGANDiscriminators(nn.Module):
    """A waveform (batch, samples) to a list of (scores, feature maps), one for each discriminator.

    The recipe's `channels` is 32 in HiFi-GAN; all others are multiples of it.
    """

    def __init__(self, recipe: DiscriminatorRecipe):
        super().__init__()
        self.periods = recipe.periods
        self.by_period = nn.ModuleList(_period_layers(recipe.channels) for _ in recipe.periods)
        self.by_scale = nn.ModuleList(_scale_layers(recipe.channels, number == 0) for number in range(recipe.scales))

    def forward(self, waveform: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        waveform = waveform.unsqueeze(1)
        outputs = []
        for period, layers in zip(self.periods, self.by_period, strict=True):
            padded = F.pad(waveform, (0, -waveform.shape[2] % period), mode="reflect")
            outputs.append(layers(padded.unflatten(2, (-1, period))))
        for number, layers in enumerate(self.by_scale):
            if number:
                waveform = F.avg_pool1d(waveform, 4, stride=2, padding=2)
            outputs.append(layers(waveform))
        return outputs


class ScoringLayers(nn.ModuleList):
    """Layers one after the other, (batch, channels, ...) to scores (batch, places) and all feature maps."""

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer in self[:-1]:
            image = F.leaky_relu(layer(image), SLOPE)
            features.append(image)
        scores = self[-1](image)
        return torch.flatten(scores, 1), [*features, scores]


def _period_layers(channels: int) -> ScoringLayers:
    widths = (1, channels, 4 * channels, 16 * channels, 32 * channels, 32 * channels)
    strides = (3, 3, 3, 3, 1)
    layers = [
        nn.Conv2d(a, b, (5, 1), (stride, 1), padding=(2, 0))
        for (a, b), stride in zip(pairwise(widths), strides, strict=True)
    ]
    return ScoringLayers([*layers, nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0))])


def _scale_layers(channels: int, first: bool) -> ScoringLayers:
    """The layers at one rate; those at the full rate have spectral norm, as HiFi-GAN's."""
    widths = tuple(factor * channels for factor in (4, 4, 8, 16, 32, 32, 32))
    kernels, strides, groups = (15, 41, 41, 41, 41, 41, 5), (1, 2, 2, 4, 4, 1, 1), (1, 4, 16, 16, 16, 16, 1)
    layers = [
        nn.Conv1d(a, b, kernel, stride, padding=kernel // 2, groups=group)
        for (a, b), kernel, stride, group in zip(pairwise((1, *widths)), kernels, strides, groups, strict=True)
    ]
    layers.append(nn.Conv1d(widths[-1], 1, 3, padding=1))
    return ScoringLayers(spectral_norm(layer) if first else layer for layer in layers)
