"""Controls in bins, and a prior that hears them."""

import dataclasses

import numpy as np
import torch

from foley.conditions.contour import ANY, LEVEL_BINS, ONSET_BINS
from foley.conditions.controls import Controls, knob_bins, no_controls
from foley.conditions.knobs import KNOBS
from foley.models.pixelsnail import PixelSNAIL
from foley.presets import PriorPreset

SMALL = PriorPreset(
    channels=8, kernel_size=3, blocks=1, residual_blocks=1, residual_channels=8, heads=2, condition_channels=4,
    condition_hidden=8, scan="frames", dropout=0.0, knob_bins=4, contour=True,
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
    assert model.condition(torch.tensor([0, 1])).shape == (2, 4, 1, GRID[1])
    assert prior().condition(torch.tensor([0, 1])).shape == (2, 4, GRID[1], 1)


def test_a_prior_without_places_for_controls_keeps_its_weights_names():
    plain = prior(dataclasses.replace(SMALL, knob_bins=0, contour=False))
    assert {name for name in plain.state_dict() if name.startswith("condition")} == {"condition.network.weight"}
