"""What is usual: knobs and contours of recordings of a class, of which a take gets those that nobody asked for itself.

Without drawn knobs every take would be the class' average in all that a knob can say, and takes too much alike. And
how dense a sound is or how long its tail no single code can say: a contour does, of a recording that is so.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.contour import ANY
from foley.conditions.knobs import KNOBS, KNOBS_OF_CONTOUR
from foley.models.prior import Prior
from foley.sampling.noise import drawn_index

NEAREST = 8  # recordings, among which one is drawn where knobs were asked for


class Drawn(NamedTuple):
    """What a take gets that nobody asked for: knobs, and the row of the contour that it follows, None for none."""

    knobs: dict[str, float]
    contour_of: int | None = None


def drawn_of(prior: Prior, category: Category, asked: Asked, seed: int) -> Drawn:
    """What a take of this seed gets beside what it is asked for, as the model's preset says: of many, nothing."""
    preset = prior.preset
    if not preset.knob_bins:  # nor has it any recordings' to draw from
        return Drawn({})
    usual = prior.condition.usual.cpu()
    if preset.contour and category.name in preset.draws_contour_of and not asked and usual[int(category)].all():
        return Drawn({}, drawn_index(seed, usual.shape[1]))
    return Drawn(drawn_knobs(usual, category, asked, preset.knob_bins, seed) if preset.draws_usual else {})


def drawn_knobs(usual: Tensor, category: Category, asked: Asked, bins: int, seed: int) -> dict[str, float]:
    """The knobs that were not asked for, of a recording that is near to those that were.

    `usual` (classes, rows, 6) holds bins from 1 on. A contour says itself how loud, dense and long a sound is, so that
    with one nothing is drawn; nor before training, where `usual` is all `ANY`.
    """
    rows = usual[int(category)].long()
    if asked.has_contour or (rows == ANY).any():
        return {}
    wanted = torch.tensor([asked.knobs.get(name, -1.0) for name in KNOBS], dtype=torch.float64)
    far = ((rows - 0.5) / bins - wanted).abs()[:, wanted >= 0].sum(dim=1)
    nearest = torch.argsort(far, stable=True)[: NEAREST if asked.knobs else len(rows)]
    row = rows[nearest[drawn_index(seed, len(nearest))]]
    values = {name: round((int(found) - 0.5) / bins, 4) for name, found in zip(KNOBS, row, strict=True)}
    return {name: value for name, value in values.items() if name not in asked.knobs}


def drawn_contour(
    usual: Tensor, contours: Tensor, category: Category, asked: Asked, bins: int, seed: int
) -> Tensor | None:
    """The contour, levels and onsets in bins (2, columns), of a recording that is near to the knobs of the contour
    that were asked for; None where none of them was, or a contour itself.

    `usual` is as for `drawn_knobs`, `contours` (classes, rows, 2, columns) of the same recordings.
    """
    places = [place for place, name in enumerate(KNOBS) if name in KNOBS_OF_CONTOUR and name in asked.knobs]
    rows = usual[int(category)].long()
    if not places or asked.has_contour or (rows == ANY).any():
        return None
    wanted = torch.tensor([asked.knobs[KNOBS[place]] for place in places], dtype=torch.float64)
    far = ((rows[:, places] - 0.5) / bins - wanted).abs().sum(dim=1)
    nearest = torch.argsort(far, stable=True)[:NEAREST]
    return contours[int(category), nearest[drawn_index(seed, len(nearest))]].long()
