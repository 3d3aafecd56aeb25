"""Controls in bins, and a prior that hears them."""

import dataclasses

import numpy as np
import pytest
import torch

from foley.conditions.asked import Asked, asked_of
from foley.conditions.contour import ANY, LEVEL_BINS, ONSET_BINS, Contour, level_bins, onset_bins
from foley.conditions.controls import Controls, knob_bins, no_controls
from foley.conditions.knobs import KNOBS
from foley.models.pixelsnail import PixelSNAIL
from foley.presets import PriorPreset

SMALL = PriorPreset(
    channels=8, kernel_size=3, blocks=1, residual_blocks=1, residual_channels=8, heads=2, condition_channels=4,
    condition_hidden=8, scan="frames", dropout=0.0, knob_bins=4, contour=True,
    control_channels=3,
)  # fmt: skip
GRID = (3, 10)


def prior(preset: PriorPreset = SMALL) -> PixelSNAIL:
    torch.manual_seed(0)
    return PixelSNAIL(preset, GRID, 16).eval()


def test_bins_are_of_equal_width_and_none_is_any():
    assert knob_bins(np.array([0.0, 0.24, 0.25, 0.99, 1.0, np.nan]), 4).tolist() == [1, 1, 2, 4, 4, ANY]


@torch.no_grad()
def test_nothing_asked_for_is_the_same_as_no_controls():
    model, codes, categories = prior(), torch.randint(16, (2, *GRID)), torch.tensor([0, 3])
    assert torch.equal(model(codes, categories), model(codes, categories, no_controls(2, GRID[1])))


@torch.no_grad()
def test_a_prior_draws_as_before_until_something_is_asked_for():
    model, codes, categories = prior(), torch.randint(16, (2, *GRID)), torch.tensor([0, 3])
    deaf = PixelSNAIL(dataclasses.replace(SMALL, control_channels=0), GRID, 16).eval()
    missing, unexpected = deaf.load_state_dict(model.state_dict(), strict=False)
    assert not missing and all(".controls." in name for name in unexpected)
    assert torch.equal(model(codes, categories), deaf(codes, categories))
    asked = no_controls(2, GRID[1])._replace(level=torch.full((2, GRID[1]), 3))
    assert not torch.equal(model(codes, categories, asked), deaf(codes, categories, asked))


@torch.no_grad()
def test_a_knob_is_heard_everywhere_and_a_level_around_its_column():
    model, codes, categories = prior(), torch.randint(16, (1, *GRID)), torch.tensor([0])
    plain = no_controls(1, GRID[1])
    knobs = plain.knobs.clone()
    knobs[0, KNOBS.index("tone")] = 3
    change = (model.condition(categories, plain._replace(knobs=knobs)) - model.condition(categories, plain)).abs()
    assert (change.sum(dim=1) > 0).all()
    level = plain.level.clone()
    level[0, 9] = LEVEL_BINS - 1
    onset = plain.onset.clone()
    onset[0, 9] = ONSET_BINS - 1
    change = model.condition(categories, Controls(plain.knobs, level, onset)) - model.condition(categories, plain)
    heard = change.abs().sum(dim=(1, 3))[0] > 0
    assert heard[5:].all() and not heard[:5].any()
    assert not torch.equal(model(codes, categories), model(codes, categories, Controls(plain.knobs, level, onset)))


@torch.no_grad()
def test_by_rows_the_contour_runs_along_the_columns():
    model = prior(dataclasses.replace(SMALL, scan="rows"))
    nothing = no_controls(2, GRID[1])
    assert model.condition(torch.tensor([0, 1]), nothing).shape == (2, 7, 1, GRID[1])
    assert prior().condition(torch.tensor([0, 1]), nothing).shape == (2, 7, GRID[1], 1)
    assert prior().condition(torch.tensor([0, 1])).shape == (2, 7, 1, 1)


def test_a_prior_without_places_for_controls_keeps_its_weights_names():
    plain = prior(dataclasses.replace(SMALL, knob_bins=0, contour=False, control_channels=0))
    assert {name for name in plain.state_dict() if name.startswith("condition")} == {"condition.network.weight"}


def test_what_is_asked_becomes_bins_and_nothing_is_any():
    asked = Asked(knobs={"tone": 1.0}, level_db=(-3.0, None), onset=(0.3, -1.0))
    controls = asked.controls(4, 8)
    assert controls.knobs[0, KNOBS.index("tone")] == 8 and int((controls.knobs > 0).sum()) == 1
    assert controls.level.tolist() == [[LEVEL_BINS - 1, ANY, ANY, ANY]]
    assert controls.onset.tolist() == [[3, 1, ANY, ANY]]
    assert not Asked() and asked and Asked(knobs={"pitch": 0.0})
    assert all((part == ANY).all() for part in Asked().controls(4, 8).bins)


@pytest.mark.parametrize(
    "knobs", [{"warmth": 0.5}, {"tone": 1.5}, {"tone": float("nan")}, {"tone": "high"}, 3, ["tone"]]
)
def test_knobs_that_cannot_be_are_refused_in_a_sentence(knobs):
    with pytest.raises(ValueError, match="The knobs cannot be used"):
        asked_of(knobs)


def test_a_measured_contour_is_asked_for_as_it_was():
    contour = Contour(np.array([-60.0, -12.0]), np.array([np.nan, 0.5]))
    asked = Asked.of_contour(contour, {"tail": 0.2})
    controls = asked.controls(2, 8)
    assert controls.level[0].tolist() == level_bins(contour.level_db).tolist()
    assert controls.onset[0].tolist() == onset_bins(contour.onset).tolist()
