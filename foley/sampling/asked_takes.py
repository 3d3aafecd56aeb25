"""What a prior hears of what each take is asked for: as it was asked, and what follows from that."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import torch

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.controls import Controls, joined
from foley.conditions.knobs import KNOBS
from foley.models.prior import Prior
from foley.sampling.usual import drawn_contour


class AskedTake(Protocol):
    """A take's recipe, as far as it says what is asked for. Edits of a take have its `noise_seed`."""

    @property
    def category(self) -> Category: ...
    @property
    def asked(self) -> Asked: ...
    @property
    def drawn(self) -> Mapping[str, float]: ...
    @property
    def contour_of(self) -> int | None: ...
    @property
    def noise_seed(self) -> int: ...


def controls_of(prior: Prior, takes: Sequence[AskedTake], columns: int) -> Controls | None:
    """The controls of takes of so many columns; None where nothing is asked for and nothing was drawn."""
    if not any(take.asked or take.drawn or take.contour_of is not None for take in takes):
        return None
    bins = prior.preset.knob_bins
    heard = [replace(take.asked, knobs={**take.drawn, **take.asked.knobs}) for take in takes]
    drawn = torch.tensor([[name in take.drawn for name in KNOBS] for take in takes])
    controls = joined([each.controls(columns, bins) for each in heard])
    if bins and prior.preset.contour:
        usual = prior.condition.usual.cpu(), prior.condition.usual_contours.cpu()
        for number, take in enumerate(takes):
            contour = (
                drawn_contour(*usual, take.category, take.asked, bins, take.noise_seed)
                if take.contour_of is None
                else usual[1][int(take.category), take.contour_of].long()
            )
            if contour is not None:
                span = slice(0, min(columns, contour.shape[1]))
                controls.level[number, span], controls.onset[number, span] = contour[:, span]
    drawn_contours = torch.tensor([[take.contour_of is not None] for take in takes])
    return controls._replace(drawn=drawn, drawn_contour=drawn_contours)
