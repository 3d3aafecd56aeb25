"""Takes that are being sampled, in scan order: what every backend works on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foley.sampling.noise import gumbel_noise
from foley.sampling.settings import SamplingSettings


@dataclass
class SamplingState:
    """`codes` (takes, height, width) int64 are filled in by a backend; where `keep` is True they are there and stay."""

    codes: Tensor
    keep: Tensor  # (takes, height, width) bool
    condition: Tensor  # (takes, height or 1, width or 1, condition channels)
    seeds: list[int]
    settings: SamplingSettings
    codebook_size: int
    logits: Tensor | None = None  # (takes, height, width, codebook size): where a backend is to leave them, if wanted
    guidance: Tensor | None = None  # (takes, height or 1, width or 1, codebook size): added to logits

    @property
    def known(self) -> Tensor:
        """The codes as the input layer looks them up: code `codebook_size` means none."""
        return torch.where(self.keep, self.codes, self.codebook_size)

    @property
    def positions(self) -> int:
        """Positions up to the last one that has to be sampled."""
        missing = (~self.keep).any(dim=0).flatten().nonzero()
        return int(missing[-1]) + 1 if len(missing) else 0

    def noise(self, row: int) -> np.ndarray:
        """Gumbel noise that decides a row's codes beside their logits: float32 (takes, width, codebook size)."""
        width = self.codes.shape[2]
        return np.stack([gumbel_noise(seed, row * width, width, self.codebook_size) for seed in self.seeds])

    def row_guidance(self, row: int) -> np.ndarray:
        """What is added to a row's logits: float32 (takes, width, codebook size), or of no takes where it is nothing.

        It comes before top-k and top-p, so that an event can begin where the prior alone would not let it.
        """
        width = self.codes.shape[2]
        if self.guidance is None:
            return np.zeros((0, width, self.codebook_size), np.float32)
        here = self.guidance[:, row % self.guidance.shape[1]]
        return here.expand(-1, width, -1).contiguous().numpy()

    def takes(self, which: slice) -> "SamplingState":
        """Some of the takes; the codes are shared."""
        parts = self.codes[which], self.keep[which], self.condition[which], self.seeds[which]
        logits = None if self.logits is None else self.logits[which]
        guidance = None if self.guidance is None else self.guidance[which]
        return SamplingState(*parts, self.settings, self.codebook_size, logits, guidance)
