"""What may be done to a take: siblings, a region drawn again, a continuation. Each says which codes it keeps."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from foley.sampling.noise import uniform_field

LONGEST_S = 30.0
FROM = "from "  # before the name of a recording, in the first edit of its take
PATCH = (6, 6)  # codes (rows, frames) that a sibling tends to keep or to lose together


@dataclass(frozen=True)
class Edit:
    """`codes` (takes, rows, frames) to begin from, `keep` of that shape, True where a code stays, and its words."""

    codes: Tensor
    keep: Tensor
    words: str


def siblings(codes: Tensor, distance: float, seeds: list[int]) -> Edit:
    """Near relatives of codes (rows, frames): the share `distance` of them, in patches, is drawn anew.

    With one seed, what a smaller distance draws anew a larger one does, too. Distance 0 keeps all, 1 none. Raises
    ValueError when the distance is not between.
    """
    if not 0 <= distance <= 1:
        raise ValueError(f"The distance is {distance}, but must lie from 0 (the take itself) to 1 (a new one).")
    rows, frames = codes.shape
    keep = torch.stack([_patches(seed, (rows, frames)) >= distance for seed in seeds])
    return Edit(codes.expand_as(keep), keep, f"sibling at distance {distance:.2f}")


def region(codes: Tensor, rows: tuple[int, int], frames: tuple[int, int], takes: int = 1) -> Edit:
    """Codes (rows, frames) with a box of them drawn anew: rows and frames from the first up to before the last.

    Raises ValueError when the box holds no code.
    """
    (bottom, top), (begin, end) = (
        (max(0, span[0]), min(size, span[1])) for span, size in zip((rows, frames), codes.shape, strict=True)
    )
    if bottom >= top or begin >= end:
        raise ValueError(
            f"Rows {rows[0]} to {rows[1]}, frames {frames[0]} to {frames[1]} hold no code: "
            f"the grid has {codes.shape[0]} rows and {codes.shape[1]} frames."
        )
    keep = torch.ones(takes, *codes.shape, dtype=torch.bool)
    keep[:, bottom:top, begin:end] = False
    return Edit(codes.expand_as(keep), keep, f"rows {bottom}-{top - 1}, frames {begin}-{end - 1} drawn again")


def continuation(codes: Tensor, seconds: float, frames_a_second: float, takes: int = 1) -> Edit:
    """Codes (rows, frames) going on to so many seconds, rounded up to whole codes. Raises ValueError when that is no
    longer, or above 30 s.
    """
    if not seconds <= LONGEST_S:  # NaN fails, too
        raise ValueError(f"A take of {seconds:.4g} s was asked for, but {LONGEST_S:g} s is the longest.")
    frames = math.ceil(seconds * frames_a_second - 1e-6)
    if frames <= codes.shape[1]:
        raise ValueError(f"The take is {codes.shape[1] / frames_a_second:.4g} s long already: ask for more than that.")
    longer = F.pad(codes, (0, frames - codes.shape[1]), value=-1).expand(takes, -1, -1)
    return Edit(longer, longer >= 0, f"continued to {seconds:.4g} s")


def last_edit(edits: tuple[str, ...]) -> str:
    """What was done to a take last, in a word or three; empty for one that nothing was done to."""
    last = edits[-1] if edits else ""
    if last.startswith("sibling at distance"):
        return f"sibling {last.split()[-1]}"
    if last.endswith("drawn again"):
        return "region again"
    return "" if last.startswith(FROM) else last


def source_of(edits: tuple[str, ...]) -> str:
    """The name of the recording that a take began with; empty where it began with none."""
    return edits[0].removeprefix(FROM) if edits and edits[0].startswith(FROM) else ""


def _patches(seed: int, shape: tuple[int, int]) -> Tensor:
    """Each code's place, from 0 up to below 1, in the order in which codes (rows, frames) are given up; in patches."""
    rows, frames = shape
    coarse = uniform_field(seed, rows // PATCH[0] + 2, frames // PATCH[1] + 2)
    down, across = (np.arange(size) / patch for size, patch in zip(shape, PATCH, strict=True))
    # bilinear, written out: an interpolation of torch might change with its version, and the recipe with it
    row, column = down.astype(int), across.astype(int)
    below, right = (down - row)[:, None], (across - column)[None, :]
    near = coarse[row][:, column] * (1 - right) + coarse[row][:, column + 1] * right
    far = coarse[row + 1][:, column] * (1 - right) + coarse[row + 1][:, column + 1] * right
    field = near * (1 - below) + far * below + 1e-9 * np.arange(rows * frames).reshape(shape)
    order = np.empty(rows * frames)
    order[field.ravel().argsort(kind="stable")] = np.arange(rows * frames)
    return torch.from_numpy(order.reshape(shape) / (rows * frames))
