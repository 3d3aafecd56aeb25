"""A diffusion prior (VQ-Diffusion, Gu et al. 2022): take spoiled codes of a clip one step back towards it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.conditions.controls import Controls
from foley.features.cembed import CEmbed
from foley.models.mask_and_replace import MaskAndReplace
from foley.models.prior import Prior
from foley.models.vqvae import VQVAE
from training.batches import device_of, to_device
from training.corpus import Corpus
from training.stage import OptimizerStep
from training.stages.prior import VALIDATION_BATCH, PriorStage

GOLDEN = (5**0.5 - 1) / 2  # its multiples lie evenly between 0 and 1, however many there are


class DiffusionStage(PriorStage):
    """The variational bound of whole grids, on the same codes, clips and controls as next-code prediction.

    All codes weigh the same, silent ones, too: a weight must not depend on what is to be foretold, and here any frame
    may be. Its `loss` bounds that of next-code prediction from above, in the same unit: nats a code.
    """

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE):
        super().__init__(corpus, cembed, vqvae)
        self.process = MaskAndReplace(self.preset.prior.diffusion, self.preset.vqvae.codebook_size)

    @staticmethod
    def prepared(network: Prior) -> nn.Module:
        """As it is: with adaptive layer norm, whose weights begin at 0, weight norm has no direction."""
        return network

    def score_weights(self) -> dict[str, float]:
        return {"controlled_loss" if self.recipe.controls_alone else "loss": 1.0}

    def batch(self, number: int) -> tuple[Any, ...]:
        codes, categories, _, *controls = super().batch(number)
        randoms = [random.spawn(1)[0] for random in self.draw(number).randoms]
        given = [drawn_given(random, self.preset.grid, self.recipe.given_share) for random in randoms]
        return codes, categories, torch.from_numpy(np.stack(given)), *controls

    def training_steps(self, batch: tuple[Any, ...]) -> Iterator[OptimizerStep]:
        codes, categories, given, *controls = batch
        takes = len(codes)
        even = (torch.rand(1) + torch.arange(takes) / takes) % 1  # as many early steps as late ones in every batch
        asked = Controls(*controls[0]) if controls else None
        found = self._losses(self.parts["prior"], codes, self._steps(even), categories, given, asked)
        loss = found["loss"] + self.recipe.auxiliary_weight * found["entropy"]
        yield OptimizerStep("prior", loss, {name: value.detach() for name, value in found.items()})

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Scores of whole clips with nothing asked for; with controls, also the bound when all of them are heard."""
        totals: dict[str, float] = {}
        for part in self.corpus.validation.split(VALIDATION_BATCH):
            views, clips = np.zeros(len(part), int), part.numpy()
            codes, categories, _ = to_device(self._codes(views, clips), device_of(model))
            steps = self._steps(part * GOLDEN % 1)
            found = self._losses(model, codes, steps, categories, generator=_seeded(part, codes.device))
            if self.controls is not None:
                controls = Controls(*to_device(self.controls.of(views, clips).bins, device_of(model)))
                heard = self._losses(model, codes, steps, categories, None, controls, _seeded(part, codes.device))
                found["controlled_loss"] = heard["loss"]
            for name, value in found.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part) / len(self.corpus.validation)
        return {"score": self.score(totals), **totals}

    def _steps(self, time: Tensor) -> Tensor:
        """Steps, from 1 to the last one, of times from 0 up to 1."""
        return 1 + (time * self.preset.prior.diffusion.steps).long()

    def _losses(
        self,
        model: nn.Module,
        codes: Tensor,
        steps: Tensor,
        categories: Tensor,
        given: Tensor | None = None,
        controls: Controls | None = None,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """The bound in nats a code, cross-entropy and accuracy of the clip guessed at once: of codes not given."""
        process, steps = self.process, steps.to(codes.device)
        spoiled = process.corrupt(codes, steps, generator)
        noisy = spoiled if given is None else torch.where(given, codes, spoiled)
        logits = model(noisy, steps, categories, controls, given).float()
        entropies = F.cross_entropy(logits.movedim(-1, 1), codes, reduction="none")
        bound = process.steps * process.divergence(logits.softmax(dim=-1), codes, noisy, steps)
        free = torch.ones_like(bound) if given is None else (~given).float()
        hits = (logits.argmax(dim=-1) == codes).float()
        found = {"loss": bound, "entropy": entropies, "accuracy": hits}
        return {name: ((value * free).sum(dim=(1, 2)) / free.sum(dim=(1, 2))).mean() for name, value in found.items()}


def drawn_given(random: np.random.Generator, grid: tuple[int, int], share: float) -> np.ndarray:
    """Which codes of a clip are given, bool (rows, frames): none, or, of a `share` of the clips, what an edit leaves.

    That is the beginning, all but a box, or codes anywhere, each as often. At least one code is free.
    """
    (rows, frames), given = grid, np.zeros(grid, bool)
    if random.random() >= share:
        return given
    kind = random.integers(3)
    if kind == 0:
        given[:, : random.integers(frames)] = True
    elif kind == 1:
        (top, bottom), (left, right) = (np.sort(random.choice(size + 1, 2, replace=False)) for size in (rows, frames))
        given[:] = True
        given[top:bottom, left:right] = False
    else:
        given[:] = random.random(grid) < random.random()
        given[random.integers(rows), random.integers(frames)] = False
    return given


def _seeded(clips: Tensor, device: torch.device) -> torch.Generator:
    """The randomness of a validation, which is the same every time."""
    return torch.Generator(device).manual_seed(int(clips[0]))
