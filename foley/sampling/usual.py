"""What is usual: the knobs of recordings of a class, of which each take gets those of one that were not asked for.

Without them every take would be the class' average in all that a knob can say, and takes too much alike.
"""

import torch
from torch import Tensor

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.contour import ANY
from foley.conditions.knobs import KNOBS
from foley.sampling.noise import drawn_index

NEAREST = 8  # recordings, among which one is drawn where knobs were asked for


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
