"""The discriminator of log-mels: what a squared error blurs, it misses (as in VQGAN, Esser et al. 2021)."""

from itertools import pairwise

from torch import Tensor, nn

from training.discriminators import scores_and_features

KERNEL = 5


class MelDiscriminator(nn.Module):
    """Standardised log-mels (batch, rows, frames) to (scores, feature maps) of patches, as one output of a list."""

    def __init__(self, channels: int = 48):
        super().__init__()
        widths, strides = (1, channels, 2 * channels, 4 * channels, 4 * channels), ((1, 1), (2, 2), (2, 2), (2, 1))
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, KERNEL, stride, padding=KERNEL // 2)
            for (a, b), stride in zip(pairwise(widths), strides, strict=True)
        )
        self.output = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, mel: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        return [scores_and_features(mel.unsqueeze(1), self.layers, self.output)]
