"""The exact incremental sampler of the prior: the codes of the full network, at a small part of its work."""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import torch
from torch import Tensor

from foley.categories import Category
from foley.conditions.controls import Controls
from foley.models.prior import Prior
from foley.sampling.backends.choice import make_backend
from foley.sampling.guidance import guidance
from foley.sampling.noise import check_seed
from foley.sampling.settings import SamplingSettings
from foley.sampling.state import SamplingState

PROGRESS_INTERVAL_S = 0.03  # progress is reported at least this often, so that a consumer can stop


@dataclass(frozen=True)
class Progress:
    """`done` of `total` codes, and the codes (batch, rows, frames) int64, -1 where there is none yet."""

    done: int
    total: int
    codes: Tensor


class Sampler:
    """Samples codes from a prior. The weights are copied and packed here, once, with weight norm folded.

    `backend` names how: `compiled` (numba, on the CPU), `torch` (the model's device), `cuda` (captured graphs), or
    `auto` for the best there is. Raises ValueError for an unknown backend, RuntimeError for one that cannot run here.
    """

    def __init__(self, model: Prior, backend: str = "auto"):
        self.model = model
        self.backend = make_backend(model, backend)

    def sample(
        self,
        categories: list[int],
        seeds: list[int],
        settings: SamplingSettings | None = None,
        given: Tensor | None = None,
        keep: Tensor | None = None,
        controls: Controls | None = None,
    ) -> Generator[Progress]:
        """Sample a take for every category and seed; the last `Progress` has all the codes.

        Yields after every scan row, and oftener where a row takes long; closing the generator stops. A take depends
        on its own category, seed and given codes, not on its batch. Raises ValueError for arguments that do not fit.

        Args:
            categories, seeds: one of each for every take.
            settings: how a code is chosen; the defaults when not given.
            given: codes (batch, rows, frames) of which some stay.
            keep: bool, of the same shape, True where a given code stays. The others are sampled, each from all that
                come before it in the scan.
            controls: what each take is asked for; nothing when not given.
        """
        settings = settings or SamplingSettings()
        return self._progress(self.initial_state(categories, seeds, settings, given, keep, controls))

    def _progress(self, state: SamplingState) -> Generator[Progress]:
        width, total = state.codes.shape[2], state.codes[0].numel()
        last, last_time = 0, time.monotonic()
        with closing(self.backend.run(state)) as steps:
            for done in steps:
                waited = time.monotonic() - last_time > PROGRESS_INTERVAL_S
                if done < total and (waited or done // width > last // width):
                    last = done
                    yield self._report(state, done, total)
                    last_time = time.monotonic()
        yield self._report(state, total, total)

    def _report(self, state: SamplingState, done: int, total: int) -> Progress:
        return Progress(done, total, self.model.from_scan(state.codes).clone(memory_format=torch.contiguous_format))

    def initial_state(
        self,
        categories: list[int],
        seeds: list[int],
        settings: SamplingSettings,
        given: Tensor | None,
        keep: Tensor | None,
        controls: Controls | None = None,
    ) -> SamplingState:
        """What `sample` works on, with its arguments checked."""
        takes, codebook_size = len(categories), self.model.codebook_size
        if not takes or takes != len(seeds):
            raise ValueError(f"{takes} categories and {len(seeds)} seeds: every take needs one of each.")
        if not all(0 <= category < len(Category) for category in categories):
            raise ValueError(f"The categories are {list(categories)}, but each must lie from 0 to {len(Category) - 1}.")
        seeds = [check_seed(seed) for seed in seeds]
        codes = torch.full((takes, *self.model.scan_shape), -1)
        kept = torch.zeros(codes.shape, dtype=torch.bool)  # in scan order
        if (given is None) != (keep is None):
            raise ValueError("Codes that stay need both: the given codes, and `keep`, which says which of them stay.")
        if given is not None and keep is not None:
            shape = self.model.from_scan(codes).shape
            if given.shape != shape or keep.shape != shape:
                raise ValueError(
                    f"The given codes {tuple(given.shape)} and `keep` {tuple(keep.shape)} must both have the "
                    f"shape {tuple(shape)} (takes, rows, frames)."
                )
            kept = self.model.to_scan(keep.cpu().bool()).contiguous()
            codes = torch.where(kept, self.model.to_scan(given.cpu().long()), codes)
            if kept.any() and not 0 <= codes[kept].min() <= codes[kept].max() < codebook_size:
                raise ValueError(f"A given code is not in the codebook: codes lie from 0 to {codebook_size - 1}.")
        led = None if controls is None else guidance(self.model, categories, controls)
        if led is not None:
            led = self.model.to_scan(led.movedim(-1, 1)).movedim(1, -1)
        condition = self._condition(categories, controls)
        return SamplingState(codes, kept, condition, seeds, settings, codebook_size, guidance=led)

    def _condition(self, categories: list[int], controls: Controls | None) -> Tensor:
        """(takes, height or 1, width or 1, channels); each is found alone: no take depends on its batch."""
        with torch.no_grad():
            device = next(self.model.parameters()).device
            asked = None if controls is None else controls.changed(lambda part: part.to(device))
            maps = [
                self._map(torch.tensor([category], device=device), asked and asked.take(number))
                for number, category in enumerate(categories)
            ]
        return torch.cat(maps).float().cpu().permute(0, 2, 3, 1).contiguous()

    def _map(self, category: Tensor, controls: Controls | None) -> Tensor:
        """The condition of one take, further towards what it is asked for where the preset says so; not towards what
        was drawn, or takes would differ more than recordings do.
        """
        condition, gain = self.model.condition(category, controls), self.model.preset.controls_gain
        if controls is None or gain == 1:
            return condition
        return torch.lerp(self.model.condition(category, controls.unasked()), condition, gain)
