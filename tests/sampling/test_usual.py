"""What follows from a density that is asked for: the contour of a recording that is as dense."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import tiny_checkpoint

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.contour import LEVEL_BINS, ONSET_BINS
from foley.conditions.knobs import KNOBS, USUAL_ROWS
from foley.pipeline import Foley
from foley.sampling.asked_takes import controls_of
from foley.sampling.guidance import contour_guidance
from foley.sampling.usual import drawn_contour
from foley.takes.recipe import Recipe, RecipeError

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


def drawing(usual: tuple[torch.Tensor, torch.Tensor], folder: Path) -> Foley:
    """A model whose takes of rain follow the contours of recordings, where nothing is asked of them."""
    foley = Foley.from_pretrained(tiny_checkpoint(folder, hears=True))
    columns = foley.preset.grid[1]
    foley.prior.condition.usual.copy_((usual[0] + 1) // 2)
    foley.prior.condition.usual_contours.copy_(usual[1].repeat(1, 1, 1, -(-columns // COLUMNS))[..., :columns])
    preset = replace(foley.prior.preset, draws_contour_of=("Rain",))
    foley.prior.preset = preset
    return foley


def test_takes_of_a_class_follow_the_contours_of_recordings_where_nothing_is_asked(usual, tmp_path):
    foley = drawing(usual, tmp_path)
    takes = foley.generate("Rain", 1, count=3)
    rows = [take.recipe.contour_of for take in takes]
    assert len(set(rows)) == 3 and None not in rows
    assert foley.generate("DogBark", 1)[0].recipe.contour_of is None
    assert foley.generate("Rain", 1, asked=Asked(knobs={"tone": 0.5}))[0].recipe.contour_of is None
    without = replace(takes[0].recipe, contour_of=None)
    heard, unheard = (controls_of(foley.prior, [recipe], 75) for recipe in (takes[0].recipe, without))
    assert unheard is None and heard is not None
    assert torch.equal(heard.level[0], foley.prior.condition.usual_contours[int(Category.Rain), rows[0], 0].long())
    recipe = Recipe.read(takes[0].save(tmp_path))
    assert recipe.contour_of == rows[0] and torch.equal(foley.remake(recipe).waveform, takes[0].waveform)
    assert foley.siblings(takes[0], 0.5, seed=9)[0].recipe.contour_of == rows[0]


def test_a_drawn_contour_is_heard_as_it_is_without_guidance(usual, tmp_path):
    foley = drawing(usual, tmp_path)
    foley.prior.contour_odds = torch.ones_like(foley.prior.contour_odds)
    drawn = controls_of(foley.prior, [foley.generate("Rain", 1)[0].recipe], 75)
    assert drawn is not None and contour_guidance(foley.prior, [int(Category.Rain)], drawn) is None
    assert contour_guidance(foley.prior, [int(Category.Rain)], drawn._replace(drawn_contour=None)) is not None
    unasked = drawn.unasked()
    assert torch.equal(unasked.level, drawn.level) and torch.equal(unasked.onset, drawn.onset)


def test_a_drawn_contour_has_a_guidance_of_its_own(usual, tmp_path):
    foley = drawing(usual, tmp_path)
    foley.prior.contour_odds = torch.ones_like(foley.prior.contour_odds)
    drawn = controls_of(foley.prior, [foley.generate("Rain", 1)[0].recipe], 75)
    assert drawn is not None
    asked = contour_guidance(foley.prior, [int(Category.Rain)], drawn._replace(drawn_contour=None))
    foley.prior.preset = replace(foley.prior.preset, drawn_contour_guidance=foley.prior.preset.contour_guidance / 4)
    found = contour_guidance(foley.prior, [int(Category.Rain)], drawn)
    assert asked is not None and found is not None and asked.any()
    assert torch.equal(4 * found, asked)


@pytest.mark.parametrize("row", [-1, USUAL_ROWS, 1.5, "one"])
def test_a_contour_that_no_model_has_is_refused(row, usual, tmp_path):
    text = drawing(usual, tmp_path).generate("Rain", 1)[0].recipe.to_json()
    with pytest.raises(RecipeError, match="contour_of"):
        Recipe.from_json(json.dumps(json.loads(text) | {"contour_of": row}))
