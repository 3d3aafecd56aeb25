"""How VQ-Diffusion (Gu et al. 2022) spoils codes step by step, and the way back as Bayes has it.

In a step a code may be masked, for good, or replaced by any code. The shares after so many steps rise evenly: after the
last one no code is what it was. All these matrices are of one form, and so are products of several of them, so that
none is ever written out: everything here takes as many operations as there are codes.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from foley.presets import DiffusionPreset


class Chances(NamedTuple):
    """What becomes of a code between two steps: it stays (`kept`), it becomes any one code (`spread`, of each code,
    itself among them), or it is masked. Tensors that broadcast with codes.
    """

    kept: Tensor
    spread: Tensor
    masked: Tensor


class MaskAndReplace:
    """The process over codes below `codebook_size`; code `codebook_size` is the mask. Step 0 is the clip itself.

    Of the codes that are lost, the share `replaced` of the preset becomes any code, and the others are masked.
    """

    def __init__(self, preset: DiffusionPreset, codebook_size: int):
        self.steps, self.replaced, self.codebook_size = preset.steps, preset.replaced, codebook_size

    def after(self, steps: Tensor) -> Chances:
        """Chances from the clip to any steps (batch,), for codes (batch, rows, frames)."""
        time = (steps.double() / self.steps).view(-1, 1, 1)
        return Chances(1 - time, time * self.replaced / self.codebook_size, time * (1 - self.replaced))

    def between(self, before: Tensor, steps: Tensor) -> Chances:
        """Chances from the steps `before` to later ones."""
        first, last = self.after(before), self.after(steps)
        kept = last.kept / first.kept
        masked = 1 - (1 - last.masked) / (1 - first.masked)
        return Chances(kept, (1 - kept - masked) / self.codebook_size, masked)

    def corrupt(self, codes: Tensor, steps: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Codes (batch, rows, frames) as they are after some steps (batch,)."""
        chances = self.after(steps)
        drawn = torch.rand(codes.shape, generator=generator, device=codes.device, dtype=torch.float64)
        others = torch.randint(self.codebook_size, codes.shape, generator=generator, device=codes.device)
        noisy = torch.where(drawn < 1 - chances.kept, others, codes)
        return torch.where(drawn < chances.masked, self.codebook_size, noisy)

    def posterior(self, guess: Tensor, noisy: Tensor, steps: Tensor, before: Tensor) -> Tensor:
        """What codes were at an earlier step: chances (batch, rows, frames, codebook size + 1), the mask's last.

        For a guess that is certain it is q(x_s | x_t, x_0); else the mean of these over what it holds possible.

        Args:
            guess: chances of the clip's codes, (batch, rows, frames, codebook size).
            noisy: codes at `steps`, (batch, rows, frames).
            steps: of the noisy codes, (batch,), from 1 on.
            before: earlier steps (batch,), from 0 on.
        """
        start, now, way = (
            Chances(*(chance.to(guess.dtype) for chance in chances))
            for chances in (self.after(before), self.after(steps), self.between(before, steps))
        )
        is_masked = noisy == self.codebook_size
        seen = noisy.clamp(max=self.codebook_size - 1).unsqueeze(-1)

        def arriving(chances: Chances) -> tuple[Tensor, Tensor]:
            """Chance of arriving at what is seen from another code, and that from the very code that is seen."""
            elsewhere = torch.where(is_masked, chances.masked, chances.spread)
            same = torch.where(is_masked, chances.masked, chances.spread + chances.kept)
            return elsewhere.unsqueeze(-1), same.unsqueeze(-1)

        elsewhere, same = arriving(now)
        weight = guess / elsewhere
        weight = weight.scatter(-1, seen, guess.gather(-1, seen) / same)
        total = weight.sum(dim=-1, keepdim=True)
        reached = start.kept.unsqueeze(-1) * weight + start.spread.unsqueeze(-1) * total
        elsewhere, same = arriving(way)
        codes = (elsewhere * reached).scatter(-1, seen, same * reached.gather(-1, seen))
        mask = torch.where(is_masked, start.masked, 0.0).unsqueeze(-1) * total
        return torch.cat([codes, mask], dim=-1)

    def divergence(self, guess: Tensor, codes: Tensor, noisy: Tensor, steps: Tensor) -> Tensor:
        """KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)) in nats, (batch, rows, frames): what a step back costs.

        Its sum over all steps bounds the negative log-likelihood of the codes from above: after the last step nothing
        of the clip is left. Arguments are as in `posterior`, and the clip's `codes`.
        """
        certain = F.one_hot(codes, self.codebook_size).to(guess.dtype)
        true = self.posterior(certain, noisy, steps, steps - 1)
        found = self.posterior(guess, noisy, steps, steps - 1)
        tiny = torch.finfo(found.dtype).tiny
        return (torch.xlogy(true, true) - true * found.clamp(min=tiny).log()).sum(dim=-1)
