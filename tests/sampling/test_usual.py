"""What follows from a density that is asked for: the contour of a recording that is as dense."""

from dataclasses import replace

import pytest
import torch
from tiny import tiny_checkpoint

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.contour import LEVEL_BINS, ONSET_BINS
from foley.conditions.knobs import KNOBS, USUAL_ROWS
from foley.pipeline import Foley
from foley.sampling.asked_takes import controls_of
from foley.sampling.usual import drawn_contour

BINS, COLUMNS, CLASSES = 8, 12, len(Category)
DENSITY = KNOBS.index("density")


@pytest.fixture
def usual() -> tuple[torch.Tensor, torch.Tensor]:
    """Knobs (classes, rows, 6) and contours (classes, rows, 2, columns) of recordings drawn at random."""
    random = torch.Generator().manual_seed(0)
    knobs = torch.randint(1, BINS + 1, (CLASSES, USUAL_ROWS, len(KNOBS)), generator=random, dtype=torch.int8)
    levels = torch.randint(1, LEVEL_BINS, (CLASSES, USUAL_ROWS, COLUMNS), generator=random, dtype=torch.int8)
    onsets = torch.randint(1, ONSET_BINS, (CLASSES, USUAL_ROWS, COLUMNS), generator=random, dtype=torch.int8)
    return knobs, torch.stack([levels, onsets], dim=2)


@pytest.mark.parametrize("density", [0.05, 0.5, 0.95])
def test_a_density_brings_the_contour_of_a_recording_that_is_as_dense(usual, density):
    knobs, contours = usual
    found = [
        drawn_contour(knobs, contours, Category.Rain, Asked(knobs={"density": density}), BINS, n) for n in range(9)
    ]
    for contour in found:
        assert contour is not None
        row = int((contours[int(Category.Rain)] == contour).all(dim=(1, 2)).nonzero()[0])
        assert abs((int(knobs[int(Category.Rain), row, DENSITY]) - 0.5) / BINS - density) <= 0.5 / BINS
    assert len({tuple(contour.flatten().tolist()) for contour in found if contour is not None}) > 3  # by the seed


@pytest.mark.parametrize(
    "asked", [Asked(), Asked(knobs={"pitch": 0.1}), Asked(knobs={"density": 0.5}, level_db=(-20.0, None))]
)
def test_nothing_is_drawn_for_other_knobs_nor_beside_a_contour(usual, asked):
    assert drawn_contour(*usual, Category.Rain, asked, BINS, 1) is None


def test_before_training_there_is_none():
    nothing = torch.zeros(CLASSES, USUAL_ROWS, len(KNOBS), dtype=torch.int8)
    contours = torch.zeros(CLASSES, USUAL_ROWS, 2, COLUMNS, dtype=torch.int8)
    assert drawn_contour(nothing, contours, Category.Rain, Asked(knobs={"density": 0.5}), BINS, 1) is None


def test_edits_of_a_take_keep_its_contour_and_what_goes_on_behind_it_is_free(usual, tmp_path):
    foley = Foley.from_pretrained(tiny_checkpoint(tmp_path / "model", hears=True))
    columns = foley.preset.grid[1]
    condition = foley.prior.condition
    condition.usual.copy_((usual[0] + 1) // 2)  # of half as many bins
    condition.usual_contours.copy_(usual[1].repeat(1, 1, 1, -(-columns // COLUMNS))[..., :columns])
    take = foley.generate("DogBark", 3, asked=Asked(knobs={"density": 0.2}))[0].recipe
    first = controls_of(foley.prior, [take], columns)
    longer = controls_of(foley.prior, [replace(take, seed=9)], 2 * columns)
    assert first is not None and longer is not None and first.level.any()
    assert torch.equal(longer.level[:, :columns], first.level) and not longer.level[:, columns:].any()
    unlike = foley.generate("DogBark", 4, asked=Asked(knobs={"density": 0.2}))[0].recipe
    other = controls_of(foley.prior, [unlike], columns)
    assert other is not None and not torch.equal(other.level, first.level)
