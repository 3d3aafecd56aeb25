"""Drawing parts of grids, and of grids longer than the prior's own, through a window that slides over time.

The prior knows grids of one length. Where time is the outermost axis of its scan, what it draws depends on earlier
frames alone; so a longer grid is drawn a window at a time, each beginning with frames that are already there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

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
    redraw: Tensor,
) -> Iterator[Progress]:
    """Draw the codes (batch, rows, frames) that `redraw`, of the same shape, marks; the others stay.

    Frames may be more than the prior's. A grid of the prior's own length is drawn exactly as `Sampler.sample` does.
    Yields progress over all windows with the whole grid, -1 where there is no code yet.
    """
    reach = sampler.model.from_scan(torch.empty(sampler.model.scan_shape)).shape[1]
    codes = torch.where(redraw, -1, codes)
    windows = [w for w in sliding_windows(codes.shape[2], reach) if redraw[:, :, w.first : w.end].any()]
    total = sum(codes[0, :, w.start : w.end].numel() for w in windows)
    done = 0
    for number, window in enumerate(windows):
        span = slice(window.start, window.end)
        mask = ~redraw[:, :, span]
        mask[:, :, : window.first - window.start] = True
        parts = [part_seed(seed, number) for seed in seeds]
        for event in sampler.sample(categories, parts, settings, codes[:, :, span], mask):
            now = codes.clone()
            now[:, :, span] = event.codes
            yield Progress(done + event.done, total, now)
        codes, done = now, done + event.done
    if not windows:
        yield Progress(1, 1, codes)
