"""VQ-Diffusion (Gu et al. 2022), the second kind of prior: it guesses all codes of a clip at once from spoiled ones.

The network is a transformer that looks along frames and along rows in turn (Ho et al. 2019), since attention between
all pairs of 1,800 codes would cost more than all the rest. Step and condition shift and scale its features (adaptive
layer norm, Peebles and Xie 2023).
"""

import math
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from foley.conditions.controls import Controls
from foley.models.mask_and_replace import MaskAndReplace
from foley.models.odds import odds_buffers
from foley.models.pixelsnail import Condition
from foley.presets import PriorPreset

WIDEN = 2  # hidden channels of a feed-forward network over its own
PERIODS = 64  # of the waves that stand for a step
PARTS = 3  # of a layer: along frames, along rows, feed-forward


class VQDiffusion(nn.Module):
    """Spoiled codes (batch, rows, frames) to logits of the clip's codes (batch, rows, frames, codebook size).

    `grid` is (rows, frames) of a whole clip; code `codebook_size` is the mask. It has no raster order, so what is in
    scan order elsewhere is as it is here. `log_odds`, `contour_odds` and `activation_checkpointing` are as those of
    `PixelSNAIL`.
    """

    log_odds: Tensor | None
    contour_odds: Tensor | None

    def __init__(self, preset: PriorPreset, grid: tuple[int, int], codebook_size: int):
        super().__init__()
        self.activation_checkpointing = False
        sizes = preset.diffusion
        self.preset, self.codebook_size, self.scan_shape = preset, codebook_size, grid
        self.process = MaskAndReplace(sizes, codebook_size)
        self.condition = Condition(replace(preset, scan="rows"), grid)
        for name, odds in odds_buffers(preset, grid[0], codebook_size).items():
            self.register_buffer(name, odds)
        channels = sizes.channels
        self.codes = nn.Embedding(codebook_size + 1, channels)
        self.given = nn.Parameter(torch.zeros(channels))
        self.rows = nn.Parameter(torch.randn(grid[0], 1, channels))
        self.frames = nn.Parameter(torch.randn(grid[1], channels))
        self.time = nn.Sequential(nn.Linear(2 * PERIODS, channels), nn.SiLU(), nn.Linear(channels, channels))
        heard = self.condition(torch.zeros(1, dtype=torch.long)).shape[1]
        self.hears = nn.Linear(heard, channels)
        self.layers = nn.ModuleList(AxialLayer(channels, sizes.heads, preset.dropout) for _ in range(sizes.layers))
        self.modulation = nn.Linear(channels, 2 * channels)
        self.logits = nn.Linear(channels, codebook_size)
        for layer in (self.modulation, self.logits):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        noisy: Tensor,
        steps: Tensor,
        categories: Tensor,
        controls: Controls | None = None,
        given: Tensor | None = None,
    ) -> Tensor:
        """Logits of codes that were spoiled in `steps` (batch,). Where `given` (batch, rows, frames) is True, a code is
        known to be the clip's own.
        """
        return self.guess(noisy, steps, self.condition(categories, controls).permute(0, 2, 3, 1), given)

    def guess(self, noisy: Tensor, steps: Tensor, condition: Tensor, given: Tensor | None) -> Tensor:
        """As `forward`, with a condition (batch, rows or 1, frames or 1, channels)."""
        features = self.codes(noisy) + self.rows + self.frames
        if given is not None:
            features = features + given.unsqueeze(-1) * self.given
        time = self.time(_waves(steps / self.process.steps).to(features.dtype))
        context = F.silu(self.hears(condition) + time[:, None, None])
        for layer in self.layers:
            if self.activation_checkpointing and self.training:
                features = checkpoint(layer, features, context, use_reentrant=False)
            else:
                features = layer(features, context)
        shift, scale = self.modulation(context).chunk(2, dim=-1)
        return self.logits(_modulated(features, shift, scale))

    def to_scan(self, grid: Tensor) -> Tensor:
        """The grid as it is: there is no scan."""
        return grid

    from_scan = to_scan


class AxialLayer(nn.Module):
    """Attention along frames, attention along rows, and a feed-forward network that sees the eight neighbours, too.

    Features (batch, rows, frames, channels); `context` (batch, rows or 1, frames or 1, channels) says how each part's
    input is shifted and scaled, and how much of its output is added: nothing before training.
    """

    def __init__(self, channels: int, heads: int, dropout: float):
        super().__init__()
        self.along_frames, self.along_rows = Attention(channels, heads), Attention(channels, heads)
        self.widen = nn.Linear(channels, WIDEN * channels)
        self.neighbours = nn.Conv2d(WIDEN * channels, WIDEN * channels, 3, padding=1, groups=WIDEN * channels)
        self.narrow = nn.Linear(WIDEN * channels, channels)
        self.dropout = nn.Dropout(dropout)
        self.modulation = nn.Linear(channels, 3 * PARTS * channels)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, features: Tensor, context: Tensor) -> Tensor:
        modulation = self.modulation(context).chunk(3 * PARTS, dim=-1)
        for number, part in enumerate((self.along_frames, self._along_rows, self._feed_forward)):
            shift, scale, gate = modulation[3 * number : 3 * number + 3]
            features = features + gate * self.dropout(part(_modulated(features, shift, scale)))
        return features

    def _along_rows(self, features: Tensor) -> Tensor:
        return self.along_rows(features.transpose(1, 2)).transpose(1, 2)

    def _feed_forward(self, features: Tensor) -> Tensor:
        wide = self.widen(features).permute(0, 3, 1, 2)
        return self.narrow(F.gelu(wide + self.neighbours(wide)).permute(0, 2, 3, 1))


class Attention(nn.Module):
    """Self-attention along the last axis but one of features (batch, lines, places, channels), of each line alone."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.inputs = nn.Linear(channels, 3 * channels)
        self.output = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        lines = self.inputs(features).unflatten(-1, (3, self.heads, -1))  # (batch, lines, places, 3, heads, width)
        query, key, value = lines.flatten(0, 1).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(query, key, value)
        return self.output(found.transpose(1, 2).flatten(2).view(features.shape))


def _modulated(features: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(features, features.shape[-1:]) * (1 + scale) + shift


def _waves(time: Tensor) -> Tensor:
    """Times from 0 to 1 (batch,) as waves of growing frequency: (batch, 2 * PERIODS)."""
    frequencies = torch.exp(torch.linspace(0, math.log(1000), PERIODS, device=time.device))
    angles = time.float().unsqueeze(-1) * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
