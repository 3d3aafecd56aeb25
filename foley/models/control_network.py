"""What a prior hears of controls: knobs and a contour, beside the class, as nothing where nothing is asked for."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.categories import Category
from foley.conditions.contour import LEVEL_BINS, ONSET_BINS
from foley.conditions.controls import Controls, no_controls
from foley.conditions.knobs import KNOBS
from foley.presets import PriorPreset

KERNEL = 9  # columns of a contour that one column hears of: what comes soon changes how it gets there


class ControlNetwork(nn.Module):
    """Categories (batch,) and controls to what every column hears of them: (batch, control channels, columns).

    It is the difference from what would be heard if nothing were asked for, so exactly 0 then: a prior can learn
    controls with all its other weights fixed, as adapters do (Houlsby et al. 2019), and draws as before without them.

    Knobs and contours that the preset has no place for are not heard.
    """

    def __init__(self, preset: PriorPreset):
        super().__init__()
        hidden = preset.condition_hidden
        self.bins = 1 + preset.knob_bins
        self.category = nn.Embedding(len(Category), hidden)
        self.knobs = self.level = self.onset = None
        if preset.knob_bins:
            self.knobs = nn.Embedding.from_pretrained(
                torch.cat([ordinal_embedding(self.bins, hidden) for _ in KNOBS]), freeze=False
            )
        if preset.contour:
            self.level, self.onset = (
                nn.Embedding.from_pretrained(ordinal_embedding(bins, hidden), freeze=False)
                for bins in (LEVEL_BINS, ONSET_BINS)
            )
        self.spread = nn.Conv1d(hidden, hidden, KERNEL, padding=KERNEL // 2, padding_mode="replicate")
        self.output = nn.Conv1d(hidden, preset.control_channels, 1, bias=False)

    def forward(self, categories: Tensor, controls: Controls) -> Tensor:
        nothing = no_controls(*controls.level.shape, device=controls.level.device)
        return self._heard(categories, controls) - self._heard(categories, nothing)

    def _heard(self, categories: Tensor, controls: Controls) -> Tensor:
        """What a knob or a level means depends on the class and on the others: all pass one nonlinearity together."""
        heard = self.category(categories).unsqueeze(1).expand(-1, controls.level.shape[1], -1)
        if self.knobs is not None:
            first = torch.arange(len(KNOBS), device=categories.device) * self.bins
            heard = heard + self.knobs(controls.knobs + first).sum(dim=1, keepdim=True)
        if self.level is not None and self.onset is not None:
            heard = heard + self.level(controls.level) + self.onset(controls.onset)
        return self.output(F.silu(self.spread(F.silu(heard.transpose(1, 2)))))


def ordinal_embedding(bins: int, channels: int) -> Tensor:
    """Vectors (bins, channels) to begin with, that lie along a curve: neighbours are alike, and each is seen seldom.

    Bin 0, what is not asked for, is 0.
    """
    places = torch.linspace(-1, 1, bins - 1).unsqueeze(1)
    curve = places * torch.randn(channels) + (places**2 - 1 / 3) * torch.randn(channels)
    return F.pad(curve + 0.1 * torch.randn(bins - 1, channels), (0, 0, 1, 0))
