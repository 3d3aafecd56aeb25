"""The exact incremental sampler of the prior: the codes of the full network, at a small part of its work."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from foley.categories import Category
from foley.models.pixelsnail import PixelSNAIL
from foley.sampling.backends.choice import make_backend
from foley.sampling.noise import check_seed
from foley.sampling.settings import SamplingSettings
from foley.sampling.state import SamplingState

PROGRESS_INTERVAL_S = 0.03  # a consumer that wants to stop is asked at least this often


@dataclass(frozen=True)
class Progress:
    """`done` of `total` codes, and the codes (batch, rows, frames) int64, -1 where there is none yet."""

    done: int
    total: int
    codes: Tensor


class Sampler:
    """Draws codes from a prior. The weights are copied and packed here, once, with weight norm folded.

    `backend` names how: `compiled` (numba, on the CPU), `torch` (the model's device), `cuda` (captured graphs), or
    `auto` for the best there is. Raises ValueError for an unknown backend, RuntimeError for one that cannot run here.
    """

    def __init__(self, model: PixelSNAIL, backend: str = "auto"):
        self.model = model
        self.backend = make_backend(model, backend)

    def sample(
        self,
        categories: list[int],
        seeds: list[int],
        settings: SamplingSettings | None = None,
        given: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Iterator[Progress]:
        """Draw a take for every category and seed; the last `Progress` has all the codes.

        Yields after every scan row, and oftener where a row takes long; closing the generator stops. Codes of
        `given` (batch, rows, frames) stay where `mask`, of the same shape, is True; the others are drawn, each from
        all that come before it in the scan. A take depends on its own category, seed and given codes, not on its
        batch. Raises ValueError for arguments that do not fit.
        """
        return self._progress(self.draft(categories, seeds, settings or SamplingSettings(), given, mask))

    def _progress(self, draft: SamplingState) -> Iterator[Progress]:
        width, total = draft.codes.shape[2], draft.codes[0].numel()
        last, last_time = 0, time.monotonic()
        for done in self.backend.run(draft):
            if done < total and (done // width > last // width or time.monotonic() - last_time > PROGRESS_INTERVAL_S):
                last = done
                yield self._report(draft, done, total)
                last_time = time.monotonic()
        yield self._report(draft, total, total)

    def _report(self, draft: SamplingState, done: int, total: int) -> Progress:
        return Progress(done, total, self.model.from_scan(draft.codes).clone(memory_format=torch.contiguous_format))

    def draft(
        self,
        categories: list[int],
        seeds: list[int],
        settings: SamplingSettings,
        given: Tensor | None,
        mask: Tensor | None,
    ) -> SamplingState:
        """What `sample` works on, with its arguments checked."""
        takes, codebook_size = len(categories), self.model.codebook_size
        if not takes or takes != len(seeds):
            raise ValueError(f"{takes} categories and {len(seeds)} seeds: every take needs one of each.")
        if not all(0 <= category < len(Category) for category in categories):
            raise ValueError(f"The categories are {list(categories)}, but each must lie from 0 to {len(Category) - 1}.")
        seeds = [check_seed(seed) for seed in seeds]
        codes = torch.full((takes, *self.model.scan_shape), -1)
        kept = torch.zeros(codes.shape, dtype=torch.bool)
        if (given is None) != (mask is None):
            raise ValueError("Codes to keep need both: the given codes and the mask that says which of them stay.")
        if given is not None:
            shape = self.model.from_scan(codes).shape
            if given.shape != shape or mask.shape != shape:
                raise ValueError(
                    f"The given codes {tuple(given.shape)} and their mask {tuple(mask.shape)} must both have the "
                    f"shape {tuple(shape)} (takes, rows, frames)."
                )
            kept = self.model.to_scan(mask.cpu().bool()).contiguous()
            codes = torch.where(kept, self.model.to_scan(given.cpu().long()), codes)
            if kept.any() and not 0 <= codes[kept].min() <= codes[kept].max() < codebook_size:
                raise ValueError(f"A given code is not in the codebook: codes lie from 0 to {codebook_size - 1}.")
        return SamplingState(codes, kept, self._condition(categories), seeds, settings, codebook_size)

    def _condition(self, categories: list[int]) -> Tensor:
        """(takes, height or 1, width, condition channels); each is found alone: no take depends on its batch."""
        with torch.no_grad():
            device = next(self.model.parameters()).device
            maps = {c: self.model.condition(torch.tensor([c], device=device)) for c in set(categories)}
            condition = torch.cat([maps[c] for c in categories]).float().cpu()
        return condition.expand(-1, -1, -1, self.model.scan_shape[1]).permute(0, 2, 3, 1).contiguous()
