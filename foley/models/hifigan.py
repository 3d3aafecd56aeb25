"""HiFi-GAN's generator (Kong et al. 2020) and the paper's MHiFi-GAN (3.6): the same network fed with CEmbeds."""

from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.presets import VocoderPreset

SLOPE = 0.1


class HiFiGAN(nn.Module):
    """CEmbed or log-mel (batch, rows, frames) to a waveform (batch, frames * total upsampling) in -1 ... 1."""

    def __init__(self, preset: VocoderPreset, rows: int):
        super().__init__()
        self.stages = UpsamplingStages(preset, rows)
        self.output = nn.Conv1d(self.stages.channels, 1, 7, padding=3)

    def forward(self, features: Tensor) -> Tensor:
        return torch.tanh(self.output(F.leaky_relu(self.stages(features)))).squeeze(1)


class UpsamplingStages(nn.Module):
    """The body of the generator: (batch, rows, frames) to (batch, channels, frames * upsampling).

    Every stage upsamples by a transposed convolution, halves the channels and averages residual stacks of several
    kernel sizes: multi-receptive-field fusion. `injected` features are added after the last upsampling.
    """

    def __init__(self, preset: VocoderPreset, rows: int):
        super().__init__()
        self.input = nn.Conv1d(rows, preset.channels, 7, padding=3)
        self.channels = preset.channels
        self.upsamples, self.fusions = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(preset.upsample_rates, preset.upsample_kernels, strict=True):
            if (kernel - rate) % 2:
                raise ValueError(f"An upsampling kernel of {kernel} cannot be centred at rate {rate}.")
            layer = nn.ConvTranspose1d(
                self.channels, self.channels // 2, kernel, stride=rate, padding=(kernel - rate) // 2
            )
            self.channels //= 2
            self.upsamples.append(layer)
            self.fusions.append(
                MultiReceptiveFieldFusion(
                    ResidualStack(self.channels, size, preset.residual_dilations) for size in preset.residual_kernels
                )
            )

    def forward(self, features: Tensor, injected: Tensor | None = None) -> Tensor:
        features = self.input(features)
        for number, (upsample, fusion) in enumerate(zip(self.upsamples, self.fusions, strict=True), start=1):
            features = upsample(F.leaky_relu(features, SLOPE))
            if injected is not None and number == len(self.upsamples):
                features = features + injected
            features = fusion(features)
        return features


class MultiReceptiveFieldFusion(nn.ModuleList):
    """The mean of residual stacks of several kernel sizes, (batch, channels, frames)."""

    def forward(self, features: Tensor) -> Tensor:
        return reduce(torch.add, [stack(features) for stack in self]) / len(self)


class ResidualStack(nn.Module):
    """Dilated residual convolutions of one kernel size (HiFi-GAN's ResBlock1), (batch, channels, frames)."""

    def __init__(self, channels: int, kernel_size: int, dilations: tuple[int, ...]):
        super().__init__()
        self.dilated = nn.ModuleList(_same(channels, kernel_size, dilation) for dilation in dilations)
        self.plain = nn.ModuleList(_same(channels, kernel_size, 1) for _ in dilations)

    def forward(self, features: Tensor) -> Tensor:
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            update = plain(F.leaky_relu(dilated(F.leaky_relu(features, SLOPE)), SLOPE))
            features = features + update
        return features


def _same(channels: int, kernel_size: int, dilation: int) -> nn.Conv1d:
    padding = dilation * (kernel_size - 1) // 2
    return nn.Conv1d(channels, channels, kernel_size, dilation=dilation, padding=padding)
