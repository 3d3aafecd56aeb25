"""The discriminator of log-mels: what a squared error blurs, it misses (as in VQGAN, Esser et al. 2021)."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from accelerate.utils import extract_model_from_parallel
from torch import Tensor, nn

from training.discriminators import scores_and_features
from training.losses import discriminator_loss, feature_loss, generator_loss
from training.stage import OptimizerStep

KERNEL = 5


class MelDiscriminator(nn.Module):
    """Standardised log-mels (batch, rows, frames) to (scores, feature maps) of patches, as one output of a list."""

    def __init__(self, channels: int):
        super().__init__()
        widths, strides = (1, channels, 2 * channels, 4 * channels, 4 * channels), ((1, 1), (2, 2), (2, 2), (2, 1))
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, KERNEL, stride, padding=KERNEL // 2)
            for (a, b), stride in zip(pairwise(widths), strides, strict=True)
        )
        self.output = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, mel: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        return [scores_and_features(mel.unsqueeze(1), self.layers, self.output)]


class MelGame(NamedTuple):
    """What is played against the discriminator: the mels of recordings and decoded ones, (batch, rows, frames) each,
    and the weights of the generator's loss and, within it, of the discriminator's features.
    """

    real: Tensor
    decoded: Tensor
    weight: float
    features_weight: float


def adversarial_steps(
    part: str, loss: Tensor, report: dict[str, Tensor], parts: nn.ModuleDict, game: MelGame
) -> Iterator[OptimizerStep]:
    """The step of the discriminator, then that of a part whose own `loss` and `report` are given."""
    discriminator = parts["discriminator"]
    found = discriminator_loss(discriminator(game.real), discriminator(game.decoded.detach()))
    yield OptimizerStep("discriminator", found, {"discriminator": found.detach()})
    discriminator = extract_model_from_parallel(discriminator)  # no gradients to exchange from here on
    discriminator.requires_grad_(False)
    with torch.no_grad():
        real = discriminator(game.real)
    fake = discriminator(game.decoded)
    report |= {"features": feature_loss(real, fake), "adversarial": generator_loss(fake)}
    against = report["adversarial"] + game.features_weight * report["features"]
    report = {name: value.detach() for name, value in report.items()}
    yield OptimizerStep(part, loss + game.weight * against, report)
    discriminator.requires_grad_(True)
