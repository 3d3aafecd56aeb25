"""Sampling a diffusion prior: all codes at once, step by step from nothing but masks to a clip.

In every step the network guesses the whole clip, and the codes of the step before are drawn as the posterior has it:
most masks stay masks, some become codes, and some codes that do not fit become others.
"""

from collections.abc import Generator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from foley.models.vq_diffusion import VQDiffusion
from foley.sampling.gumbel import in_play
from foley.sampling.noise import step_noise
from foley.sampling.settings import SamplingSettings
from foley.sampling.state import SamplingState
from foley.system.threads import deterministic_threads


class DiffusionBackend:
    """Takes go one by one through every step: none depends on its batch, and matrices are large enough as it is."""

    def __init__(self, model: VQDiffusion):
        self.model = model

    def run(self, state: SamplingState) -> Generator[int]:
        """Fill in the codes; yields positions done, as if each step did as many. Masks are -1 in between."""
        sizes, total = self.model.preset.diffusion, state.codes[0].numel()
        times = np.linspace(sizes.steps, 0, sizes.sampling_steps + 1).round().astype(int).tolist()
        drawn = torch.stack([self._beginning(seed, state.codes.shape[1:]) for seed in state.seeds])
        codes = torch.where(state.keep, state.codes, drawn)
        for number, (step, before) in enumerate(pairwise(times)):
            for take in range(len(codes)):
                drawn = self._step(state, take, codes[take], step, before)
                codes[take] = torch.where(state.keep[take], codes[take], drawn)
                share = (number + (take + 1) / len(codes)) / sizes.sampling_steps
                state.codes[take] = torch.where(codes[take] == state.codebook_size, -1, codes[take])
                yield min(total, int(share * total))

    def _beginning(self, seed: int, shape: torch.Size) -> Tensor:
        """Codes (height, width) of the last step: masks, and any codes for the share that is replaced."""
        size, drawn = self.model.codebook_size, torch.from_numpy(step_noise(seed, 0, shape.numel())).view(shape)
        others = drawn / self.model.process.replaced
        return torch.where(others < 1, (others * size).long().clamp(max=size - 1), size)

    @deterministic_threads
    @torch.inference_mode()
    def _step(self, state: SamplingState, take: int, codes: Tensor, step: int, before: int) -> Tensor:
        """Codes (height, width) of a take at the step `before`, from those at `step`."""
        model, device = self.model, next(self.model.parameters()).device
        steps = torch.tensor([step], device=device)
        noisy, kept = codes.unsqueeze(0).to(device), state.keep[take : take + 1].to(device)
        condition = state.condition[take : take + 1].to(device)
        logits = model.guess(noisy, steps, condition, kept).float().cpu()
        guidance = None if state.guidance is None else state.guidance[take : take + 1]
        guess = code_chances(logits, state.settings, guidance)
        chances = model.process.posterior(guess, noisy.cpu(), steps.cpu(), torch.tensor([before]))[0]
        drawn = torch.from_numpy(step_noise(state.seeds[take], step, codes.numel())).view(codes.shape)
        sums = chances.double().cumsum(dim=-1)  # in float32 the last sum could be drawn itself, and be no code
        return torch.searchsorted(sums, (drawn * sums[..., -1]).unsqueeze(-1), right=True).squeeze(-1)


def code_chances(logits: Tensor, settings: SamplingSettings, guidance: Tensor | None = None) -> Tensor:
    """Chances of codes (..., codebook size) by logits, guidance and settings, in this order.

    At temperature 0 the most likely code is certain.
    """
    scores = logits if guidance is None else logits + guidance
    if settings.temperature == 0:
        return torch.zeros_like(scores).scatter(-1, scores.argmax(dim=-1, keepdim=True), 1.0)
    return torch.softmax(in_play(scores, scores, settings) / settings.temperature, dim=-1)
