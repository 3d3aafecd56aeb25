"""Controls: what takes are asked for beside their class, as the prior hears it: knobs and a contour, in coarse bins."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from foley.conditions.contour import ANY
from foley.conditions.knobs import KNOBS


class Controls(NamedTuple):
    """Bins of every take, int64; `ANY` (0) is what is not asked for.

    knobs: (takes, 6), in the order of `KNOBS`. level, onset: (takes, columns), as `foley.conditions.contour` counts.
    drawn: bool (takes, 6), True for knobs that nobody asked for, which were drawn as recordings have them.
    drawn_contour: bool (takes, 1), True where nobody asked for the contour, likewise.
    """

    knobs: Tensor
    level: Tensor
    onset: Tensor
    drawn: Tensor | None = None
    drawn_contour: Tensor | None = None

    @property
    def bins(self) -> tuple[Tensor, Tensor, Tensor]:
        """What a network hears of them: knobs, levels and onsets."""
        return self.knobs, self.level, self.onset

    def take(self, number: int) -> "Controls":
        """Those of one take, still as a batch."""
        return self.changed(lambda part: part[number : number + 1])

    def changed(self, how: Callable[[Tensor], Tensor]) -> "Controls":
        """The same with every part changed."""
        drawn, drawn_contour = (None if part is None else how(part) for part in (self.drawn, self.drawn_contour))
        return Controls(how(self.knobs), how(self.level), how(self.onset), drawn, drawn_contour)

    def unasked(self) -> "Controls":
        """What would be heard if nothing had been asked for: what was drawn alone."""
        unasked = no_controls(len(self.level), self.level.shape[1], self.level.device)
        if self.drawn is not None:
            unasked = unasked._replace(knobs=torch.where(self.drawn, self.knobs, ANY))
        if self.drawn_contour is not None:
            level, onset = (torch.where(self.drawn_contour, part, ANY) for part in (self.level, self.onset))
            unasked = unasked._replace(level=level, onset=onset)
        return unasked

    def columns(self, span: slice) -> "Controls":
        """The same for a part of the columns."""
        return self._replace(level=self.level[:, span], onset=self.onset[:, span])


def joined(controls: list[Controls]) -> Controls:
    """The controls of several batches as one, without a word on what was drawn."""
    knobs, levels, onsets = zip(*(each.bins for each in controls), strict=True)
    return Controls(torch.cat(knobs), torch.cat(levels), torch.cat(onsets))


def no_controls(takes: int, columns: int, device: torch.device | str = "cpu") -> Controls:
    """The controls of takes of which nothing is asked."""
    knobs = torch.full((takes, len(KNOBS)), ANY, device=device)
    contour = torch.full((takes, columns), ANY, device=device)
    return Controls(knobs, contour, contour.clone())


def knob_bins(knobs: np.ndarray, bins: int) -> np.ndarray:
    """Knobs, 0 to 1 or NaN for what is not asked for, as bins of equal width from 1 on; `ANY` for NaN."""
    found = 1 + np.clip(np.floor(np.nan_to_num(knobs) * bins), 0, bins - 1).astype(int)
    return np.where(np.isnan(knobs), ANY, found)
