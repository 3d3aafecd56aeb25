"""Sampling parts of grids, and of grids longer than the prior's own, through a window that slides over time.

The prior knows grids of one length. Where time is the outermost axis of its scan, what it samples depends on earlier
frames alone; so a longer grid is sampled a window at a time, each beginning with frames that are already there.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import torch
from torch import Tensor

from foley.conditions.controls import Controls
from foley.sampling.noise import part_seed
from foley.sampling.sampler import Progress, Sampler
from foley.sampling.settings import SamplingSettings


@dataclass(frozen=True)
class Window:
    """Frames `start` to `end` of a grid as the prior sees them; those before `first` are context and stay."""

    start: int
    first: int
    end: int


def sliding_windows(frames: int, reach: int) -> list[Window]:
    """Windows of `reach` frames that cover `frames` in order; all but the first are half context.

    Raises ValueError when there are fewer frames than a window has.
    """
    if frames < reach:
        raise ValueError(f"The grid has {frames} frames, but must have at least the model's {reach}.")
    windows = [Window(0, 0, reach)]
    while windows[-1].end < frames:
        first = windows[-1].end
        end = min(first + reach - reach // 2, frames)
        windows.append(Window(end - reach, first, end))
    return windows


def sample_windows(
    sampler: Sampler,
    categories: list[int],
    seeds: list[int],
    settings: SamplingSettings,
    codes: Tensor,
    keep: Tensor,
    controls: Controls | None = None,
) -> Generator[Progress]:
    """Sample the codes (batch, rows, frames) except where `keep`, of the same shape, is True: those stay.

    Frames may be more than the prior's. A grid of the prior's own length is sampled exactly as `Sampler.sample` does.
    Yields progress over all windows with the whole grid, -1 where there is no code yet.

    Args:
        sampler: of the prior.
        categories, seeds: one of each for every take.
        settings: how a code is chosen.
        codes: those that stay; what stands in the other places does not matter.
        keep: True where a code stays.
        controls: what each take is asked for, with a contour of all frames.
    """
    reach = sampler.model.from_scan(torch.empty(sampler.model.scan_shape)).shape[1]
    codes = torch.where(keep, codes, -1)
    windows = [w for w in sliding_windows(codes.shape[2], reach) if not keep[:, :, w.first : w.end].all()]
    total = sum(codes[0, :, w.start : w.end].numel() for w in windows)
    done = 0
    for number, window in enumerate(windows):
        span = slice(window.start, window.end)
        keep_here = keep[:, :, span].clone()
        keep_here[:, :, : window.first - window.start] = True  # context
        parts = [part_seed(seed, number) for seed in seeds]
        now = codes
        here = None if controls is None else controls.columns(span)
        with closing(sampler.sample(categories, parts, settings, codes[:, :, span], keep_here, here)) as events:
            for event in events:
                now = codes.clone()
                now[:, :, span] = event.codes
                yield Progress(done + event.done, total, now)
        codes, done = now, done + codes[0, :, span].numel()
    if not windows:
        yield Progress(1, 1, codes)
