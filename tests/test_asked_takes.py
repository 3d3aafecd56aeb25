"""Takes that are asked for more than their class: by a tiny model that hears knobs and contours."""

import dataclasses
from collections.abc import Generator

import numpy as np
import pytest
import torch
from tiny import tiny_checkpoint

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.contour import measure_contour
from foley.conditions.knobs import KNOBS, USUAL_ROWS
from foley.evaluation.controls import control_scores, table
from foley.perform import PerformanceSettings
from foley.perform.beds import levels_of, sample_bed
from foley.perform.events import LevelCurve
from foley.pipeline import Foley
from foley.sampling import Sampler, SamplingSettings
from foley.sampling.usual import drawn_knobs
from foley.takes.recipe import Recipe

ASKED = Asked(knobs={"brightness": 0.9}, level_db=(-20.0,) * 75)


@pytest.fixture(scope="module")
def hearing(tmp_path_factory) -> Foley:
    return Foley.from_pretrained(tiny_checkpoint(tmp_path_factory.mktemp("hearing"), hears=True))


def usual_drawn(foley: Foley) -> None:
    """Let a model draw what is usual."""
    foley.prior.preset = dataclasses.replace(foley.prior.preset, draws_usual=True)


def returned(steps: Generator[float, None, np.ndarray]) -> np.ndarray:
    """What a generator returns when it has been followed to its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_what_is_asked_changes_the_codes_and_is_kept_in_the_recipe(hearing, tmp_path):
    plain, asked = hearing.generate("Rain", 3)[0], hearing.generate("Rain", 3, asked=ASKED)[0]
    assert not torch.equal(plain.codes, asked.codes)
    assert torch.equal(asked.codes, hearing.generate("Rain", 3, asked=ASKED)[0].codes)
    recipe = Recipe.read(asked.save(tmp_path))
    assert recipe.asked == ASKED and torch.equal(hearing.remake(recipe).waveform, asked.waveform)
    assert "asked" not in plain.recipe.settings


def test_a_take_does_not_depend_on_its_batch(hearing):
    alone = hearing.generate("Rain", 4, asked=ASKED)[0]
    assert torch.equal(hearing.generate("Rain", 3, count=2, asked=ASKED)[1].codes, alone.codes)


def test_edits_keep_what_was_asked(hearing):
    take = hearing.generate("Rain", 3, asked=ASKED)[0]
    free = dataclasses.replace(take, recipe=dataclasses.replace(take.recipe, asked=Asked()))
    sibling, unasked = (hearing.siblings(one, 1.0, seed=9)[0] for one in (take, free))
    assert sibling.recipe.asked == ASKED and not torch.equal(sibling.codes, unasked.codes)
    longer = hearing.continue_(take, 6.0, seed=1)[0]
    assert longer.recipe.asked == ASKED and longer.duration_s >= 6


def test_a_model_that_was_not_taught_says_so(checkpoint):
    deaf = Foley.from_pretrained(checkpoint)
    with pytest.raises(ValueError, match="hears no knobs"):
        deaf.generate("Rain", asked=Asked(knobs={"tone": 0.5}))
    with pytest.raises(ValueError, match="hears no contours"):
        deaf.generate("Rain", asked=Asked(level_db=(-20.0,)))
    with pytest.raises(ValueError, match="neither knobs nor contours"):
        control_scores(deaf, Category.Rain, 2)


def test_a_bed_is_asked_for_its_curve(hearing):
    curve = LevelCurve((-40.0, -10.0), 0.5)
    levels = levels_of(curve, 1.0, 6.0, 10.0)
    assert len(levels) == 60 and levels[0] is not None and levels[30:] == (None,) * 30
    assert levels[0] < levels[15] <= -10
    drawn = []
    for with_curve in (curve, None):
        steps = sample_bed(hearing, PerformanceSettings(Category.Rain, 1), 5.0, with_curve)
        drawn.append(returned(steps))
    assert len(drawn[0]) == len(drawn[1]) == 5 * hearing.sample_rate
    assert abs(drawn[0] - drawn[1]).max() > 1e-3


def test_a_take_is_ridden_to_the_levels_it_is_asked_for_and_no_other(hearing):
    plain = hearing.generate("Rain", 1)[0]
    assert torch.equal(plain.waveform, hearing.decode(plain.codes, 1)[1])
    columns = hearing.preset.grid[1]
    asked = Asked(level_db=tuple(measure_contour(plain.waveform, hearing.sample_rate, columns).level_db - 6))
    take = hearing.generate("Rain", 1, asked=asked)[0]
    unridden = hearing.decode(take.codes, 1)[1]
    errors = [
        np.abs(measure_contour(sound, hearing.sample_rate, columns).level_db - asked.levels(columns)).mean()
        for sound in (take.waveform, unridden)
    ]
    assert errors[0] < 0.5 * errors[1]
    assert torch.equal(hearing.remake(take.recipe).waveform, take.waveform)


def test_controls_are_measured_for_every_knob(hearing):
    recording = hearing.generate("Footstep", 1)[0].waveform
    scores = control_scores(hearing, Category.Footstep, 3, [recording])
    assert scores.knobs and set(scores.knobs) <= set(KNOBS)
    assert all(-1 <= value <= 1 for value in scores.knobs.values())
    assert scores.level_db is not None and scores.level_db >= 0
    assert table([scores]).count("\n") == 3


def test_what_nobody_asked_for_is_drawn_as_recordings_have_it_and_stays_through_edits(tmp_path):
    foley = Foley.from_pretrained(tiny_checkpoint(tmp_path / "model", hears=True))
    usual_drawn(foley)
    assert foley.generate("Rain", 3)[0].recipe.drawn == {}  # before training nothing is known to be usual
    bins = foley.preset.prior.knob_bins
    rows = torch.randint(1, bins + 1, (USUAL_ROWS, len(KNOBS)), generator=torch.Generator().manual_seed(0))
    foley.prior.condition.usual.copy_(rows.expand(len(Category), -1, -1))
    takes = foley.generate("Rain", 3, count=2)
    assert takes[0].recipe.drawn != takes[1].recipe.drawn
    for take in takes:
        found = [round(take.recipe.drawn[name] * bins + 0.5) for name in KNOBS]
        assert found in rows.tolist()
    alone = foley.generate("Rain", 4)[0]
    assert alone.recipe.drawn == takes[1].recipe.drawn and torch.equal(alone.codes, takes[1].codes)
    asked = foley.generate("Rain", 4, asked=Asked(knobs=takes[1].recipe.drawn))[0]
    assert asked.recipe.drawn == {} and torch.equal(asked.codes, alone.codes)  # as if one had asked for them
    assert foley.siblings(alone, 0.5, seed=9)[0].recipe.drawn == alone.recipe.drawn
    assert Recipe.read(alone.save(tmp_path)).drawn == alone.recipe.drawn
    assert foley.generate("Rain", 4, asked=ASKED)[0].recipe.drawn == {}  # a contour says it all


def test_what_is_drawn_goes_with_what_is_asked():
    bright_and_thin = [[1, 8, 8, 1, 8, 1]] * 20 + [[8, 1, 1, 8, 1, 8]] * (USUAL_ROWS - 20)
    usual = torch.tensor([bright_and_thin] * len(Category), dtype=torch.int8)
    for seed in range(5):
        drawn = drawn_knobs(usual, Category.Rain, Asked(knobs={"brightness": 0.9}), 8, seed)
        assert "brightness" not in drawn and drawn["density"] == 0.9375 and drawn["tail"] == 0.0625


def test_the_gain_of_controls_says_how_far_they_are_followed(tmp_path):
    prior = Foley.from_pretrained(tiny_checkpoint(tmp_path / "model", hears=True)).prior
    controls = ASKED.controls(prior.scan_shape[0], prior.preset.knob_bins)
    category = torch.tensor([int(Category.Rain)])
    with torch.no_grad():
        plain, asked = prior.condition(category), prior.condition(category, controls)
    for gain in (0.0, 1.0, 2.5):
        prior.preset = dataclasses.replace(prior.preset, controls_gain=gain)
        state = Sampler(prior, "torch").initial_state(
            [int(Category.Rain)], [1], SamplingSettings(), None, None, controls
        )
        wanted = (plain + gain * (asked - plain)).permute(0, 2, 3, 1)
        assert torch.allclose(state.condition, wanted.expand_as(state.condition), atol=1e-5)


def test_the_gain_counts_from_what_was_drawn(tmp_path):
    foley = Foley.from_pretrained(tiny_checkpoint(tmp_path / "model", hears=True))
    foley.prior.condition.usual.fill_(2)
    assert foley.generate("Rain", 4)[0].recipe.drawn == {}  # this model is not to draw any
    usual_drawn(foley)
    plain = foley.generate("Rain", 4)[0]
    asked = Asked(knobs={"brightness": 0.99})
    bright = foley.generate("Rain", 4, asked=asked)[0]
    foley.prior.preset = dataclasses.replace(foley.prior.preset, controls_gain=4.0)
    assert torch.equal(foley.generate("Rain", 4)[0].codes, plain.codes)
    assert not torch.equal(foley.generate("Rain", 4, asked=asked)[0].codes, bright.codes)
