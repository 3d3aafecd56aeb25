"""Looking into a model: counts that add up, a map that tells codes apart, sweeps and morphs between two ends."""

import numpy as np
import pytest
import torch

from foley import Category, Foley
from foley.explore import MORPH, TEMPERATURES, class_morph, code_in_place, codebook_map, count_codes, temperature_sweep


@pytest.fixture(scope="module")
def foley(checkpoint):
    return Foley.from_pretrained(checkpoint, "cpu")


def test_counted_codes_are_those_of_the_takes(foley):
    *_, (done, use) = count_codes(foley, takes=2)
    assert done == 7
    takes = foley.generate("Keyboard", seed=0, count=2)
    codes = torch.stack([take.codes for take in takes])
    assert torch.equal(use.by_class[Category.Keyboard], torch.bincount(codes.flatten(), minlength=32))
    row = torch.bincount(codes[:, 5].flatten(), minlength=32)
    assert torch.equal(use.counts[Category.Keyboard, 5], row)
    assert 1 < use.perplexity(Category.Rain) <= 32
    assert len(set(use.typical(Category.Rain))) == 6
    code = int(codes[0, 3, 3])
    assert use.counts[:, use.usual_row(code), code].sum() == use.counts[:, :, code].sum(dim=0).max()


def test_the_map_has_every_code_in_its_own_place(foley):
    places = codebook_map(foley)
    assert places.shape == (32, 2) and np.abs(places).max() <= 1
    assert len(np.unique(places.round(6), axis=0)) == 32


def test_a_single_code_is_heard_in_the_middle_and_nowhere_else(foley, monkeypatch):
    grids = []
    decode = foley.decode
    monkeypatch.setattr(foley, "decode", lambda codes, seed=0: grids.append(codes) or decode(codes, seed))
    waveform = code_in_place(foley, 7, row=10)
    assert waveform.shape == (96_000,) and (grids[0][10, 31:43] == 7).all()
    assert torch.equal(code_in_place(foley, 7, row=10), waveform)
    for code, row in ((32, 0), (-1, 0), (0, 24)):
        with pytest.raises(ValueError, match="There is no code"):
            code_in_place(foley, code, row)


def test_a_sweep_is_one_seed_at_rising_temperatures(foley):
    takes = list(temperature_sweep(foley, Category.Rain, seed=4))
    assert [take.recipe.temperature for take in takes] == list(TEMPERATURES)
    assert torch.equal(takes[4].codes, foley.generate("Rain", seed=4, temperature=1.0)[0].codes)


def test_a_morph_goes_from_one_class_to_the_other(foley):
    takes = list(class_morph(foley, Category.DogBark, Category.Rain, seed=4))
    assert [take.category for take in takes] == [Category.DogBark if share < 0.5 else Category.Rain for share in MORPH]
    kept = [float((take.codes == takes[0].codes).float().mean()) for take in takes]
    assert kept[0] == 1 and kept == sorted(kept, reverse=True)
    assert torch.equal(takes[-1].codes, foley.generate("Rain", seed=4)[0].codes)
