"""Guidance: what codes say for a knob, counted from clips, and how it leads sampling."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny import tiny_checkpoint

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.contour import ANY, LEVEL_BINS, ONSET_BINS
from foley.conditions.knobs import KNOBS
from foley.pipeline import Foley
from foley.sampling.guidance import contour_odds, guidance, knob_guidance, log_odds
from foley.sampling.settings import SamplingSettings
from foley.sampling.state import SamplingState

BRIGHT = KNOBS.index("brightness")


def test_codes_speak_for_the_knob_whose_clips_have_them():
    random = np.random.default_rng(0)
    codes = random.integers(0, 6, (300, 3, 20))
    knobs = random.integers(1, 9, (300, len(KNOBS)))
    high, low = knobs[:, BRIGHT] >= 6, knobs[:, BRIGHT] <= 3
    codes[high, 1, :4], codes[low, 1, :4] = 6, 7  # two codes that only bright, only dark clips have
    found = log_odds(codes, knobs, 8, 9)
    assert found.shape == (len(KNOBS), 3, 9) and found.dtype == np.float32
    assert found[BRIGHT, 1, 6] > 0.5 and found[BRIGHT, 1, 7] < -0.5
    others = np.delete(found, BRIGHT, axis=0)
    assert np.abs(others[:, 0, :6]).max() < 0.2 and np.allclose(found[:, :, 8], 0, atol=1e-6)  # nobody has the last


def test_a_long_hum_does_not_speak_for_all():
    codes = np.zeros((12, 1, 100), int)
    knobs = np.full((12, len(KNOBS)), 1)
    knobs[6:] = 8
    codes[11] = 1  # one clip of six, but all of its hundred frames
    once = codes.copy()
    once[11], once[11, 0, :4] = 0, 1
    assert np.allclose(log_odds(codes, knobs, 8, 2)[:, :, 1], log_odds(once, knobs, 8, 2)[:, :, 1], atol=0.02)


@pytest.fixture
def guided(tmp_path) -> Foley:
    foley = Foley.from_pretrained(tiny_checkpoint(tmp_path / "model", hears=True))
    odds = foley.prior.log_odds
    assert odds is not None
    odds[int(Category.Rain), BRIGHT, :, 3] = 4.0  # bright rain has code 3
    return foley


@pytest.mark.parametrize("backend", ["torch", "compiled"])
def test_a_take_that_is_asked_for_a_knob_has_more_of_its_codes(guided, backend, tmp_path):
    foley = Foley.from_pretrained(tmp_path / "model", sampler_backend=backend)
    foley.prior.log_odds.copy_(guided.prior.log_odds)
    shares = {}
    for place in (0.0, 0.5, 1.0):
        takes = foley.generate("Rain", 1, count=4, asked=Asked(knobs={"brightness": place}), top_p=1.0)
        shares[place] = float((torch.stack([take.codes for take in takes]) == 3).float().mean())
    assert shares[0.0] < shares[0.5] < shares[1.0] and shares[1.0] > 3 * shares[0.5]
    asked = Asked(knobs={"brightness": 1.0})
    alone = foley.generate("Rain", 3, asked=asked)[0]
    assert torch.equal(foley.generate("Rain", 2, count=2, asked=asked)[1].codes, alone.codes)


def test_drawn_knobs_another_class_and_no_weight_get_none(guided):
    asked = Asked(knobs={"brightness": 1.0}).controls(75, guided.preset.prior.knob_bins)
    rain, dog = int(Category.Rain), int(Category.DogBark)
    assert knob_guidance(guided.prior, [rain], asked) is not None
    dogs = knob_guidance(guided.prior, [dog], asked)
    assert dogs is not None and not dogs.any()
    drawn = asked._replace(drawn=torch.ones_like(asked.knobs, dtype=torch.bool))
    assert knob_guidance(guided.prior, [rain], drawn) is None
    guided.prior.preset = dataclasses.replace(guided.prior.preset, guidance=0.0)
    assert knob_guidance(guided.prior, [rain], asked) is None


@pytest.mark.parametrize("backend", ["torch", "compiled"])
def test_what_is_asked_for_can_happen_where_the_prior_alone_would_not_let_it(guided, backend, tmp_path):
    foley = Foley.from_pretrained(tmp_path / "model", sampler_backend=backend)
    foley.prior.log_odds.copy_(guided.prior.log_odds)
    dark, bright = (
        foley.generate("Rain", 1, asked=Asked(knobs={"brightness": place}), top_k=1)[0].codes for place in (0.0, 1.0)
    )
    assert not (dark == 3).any() and (bright == 3).float().mean() > 0.9


def test_a_row_of_guidance_is_as_wide_as_the_row():
    codes, keep = torch.full((2, 3, 4), -1), torch.zeros(2, 3, 4, dtype=torch.bool)
    led = torch.arange(2 * 3 * 5.0).view(2, 3, 1, 5)
    state = SamplingState(codes, keep, torch.zeros(2, 1, 1, 1), [5, 6], SamplingSettings(), 5, guidance=led)
    assert state.row_guidance(2).shape == (2, 4, 5) and (state.row_guidance(2)[:, 3] == led[:, 2, 0].numpy()).all()
    assert dataclasses.replace(state, guidance=None).row_guidance(0).shape == (0, 4, 5)


def test_codes_speak_for_the_level_and_the_onset_of_their_column():
    random = np.random.default_rng(0)
    codes = random.integers(0, 5, (60, 2, 30))
    contours = np.stack([random.integers(1, LEVEL_BINS, (60, 30)), random.integers(1, ONSET_BINS, (60, 30))], axis=1)
    codes[:, 1][contours[:, 0] == 7], codes[:, 0][contours[:, 1] == 3] = 5, 6
    found = contour_odds(codes, contours, 8)
    assert found.shape == (LEVEL_BINS + ONSET_BINS, 2, 8)
    assert found[7, 1, 5] > 1 and found[LEVEL_BINS + 3, 0, 6] > 1 and found[6, 1, 5] < -1
    assert not found[ANY].any() and not found[LEVEL_BINS + ANY].any() and not found[:, :, 7].any()


def test_a_contour_leads_each_column_by_itself(guided):
    odds, rain = guided.prior.contour_odds, int(Category.Rain)
    assert odds is not None
    odds[rain, 1, :, 5] = 6.0  # the quietest columns of rain have code 5
    frames = guided.preset.grid[1]
    quiet_then_any = Asked(level_db=(-100.0,) * 10 + (None,) * (frames - 10))
    led = guidance(guided.prior, [rain], quiet_then_any.controls(frames, guided.preset.prior.knob_bins))
    assert led is not None and led.shape == (1, guided.preset.grid[0], frames, guided.preset.vqvae.codebook_size)
    assert torch.equal(led[0, 0, :, 5] > 0, torch.arange(frames) < 10)
    codes = guided.generate("Rain", 2, asked=quiet_then_any, top_p=1.0)[0].codes
    assert (codes[:, :10] == 5).float().mean() > 2 * (codes[:, 10:] == 5).float().mean()
