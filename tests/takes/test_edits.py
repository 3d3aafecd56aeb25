"""Siblings, regions and continuations: what is kept is kept exactly, and everything repeats by seed."""

import pytest
import torch

from foley import Foley
from foley.sampling.noise import part_seed
from foley.sampling.windows import sliding_windows
from foley.takes.recipe import Recipe


@pytest.fixture(scope="module")
def foley(checkpoint):
    return Foley.from_pretrained(checkpoint, "cpu")


@pytest.fixture(scope="module")
def take(foley):
    return foley.generate("DogBark", seed=7, temperature=0.9)[0]


@pytest.fixture(scope="module")
def long_take(foley, take):
    return foley.continue_(take, 8.0, seed=11)[0]


def test_a_sibling_at_distance_0_is_the_take_itself(foley, take):
    sibling = foley.siblings(take, 0.0, seed=5)[0]
    assert torch.equal(sibling.codes, take.codes)
    assert torch.equal(sibling.waveform, take.waveform)


@pytest.mark.parametrize("distance", [0.1, 0.5, 0.9])
def test_a_sibling_keeps_all_codes_but_the_share_of_its_distance(foley, take, distance):
    for sibling in foley.siblings(take, distance, seed=5, count=2):
        changed = float((sibling.codes != take.codes).float().mean())
        assert distance / 2 < changed <= distance + 1e-3
        assert sibling.recipe.edits == (f"sibling at distance {distance:.2f}",)


def test_siblings_repeat_by_seed_and_do_not_depend_on_their_batch(foley, take):
    batch = foley.siblings(take, 0.3, seed=5, count=3)
    alone = foley.siblings(take, 0.3, seed=6)[0]
    assert torch.equal(alone.waveform, batch[1].waveform)
    assert not torch.equal(batch[0].codes, batch[2].codes)


def test_only_the_box_is_drawn_again_and_sound_far_from_it_stays(foley, take):
    edited = foley.redraw(take, (4, 12), (50, 60), seed=99)[0]
    changed = edited.codes != take.codes
    assert changed[4:12, 50:60].any()
    changed[4:12, 50:60] = False
    assert not changed.any()
    samples = 35 * 1280  # the decoder and the vocoder look some frames back
    assert torch.equal(edited.waveform[:samples], take.waveform[:samples])
    assert not torch.equal(edited.waveform, take.waveform)


def test_a_continuation_begins_with_the_take_and_goes_on(foley, take, long_take, preset):
    assert long_take.codes.shape == (24, 150)
    assert long_take.duration_s == 8.0
    assert long_take.cembed.shape == (preset.rows, 600)
    assert torch.equal(long_take.codes[:, :75], take.codes)
    samples = 60 * 1280
    beginning = long_take.waveform[:samples] - take.waveform[:samples]
    assert beginning.abs().max() < 1e-5  # convolutions of another length may round otherwise
    assert long_take.waveform[-24_000:].abs().max() > 0
    assert torch.equal(foley.continue_(take, 8.0, seed=11)[0].waveform, long_take.waveform)


def test_the_windows_of_a_continuation_do_not_repeat_each_other(long_take):
    first, second = long_take.codes[:, 75:113], long_take.codes[:, 112:150]
    assert float((first == second).float().mean()) < 0.5
    assert len({part_seed(11, part) for part in range(50)}) == 50
    assert part_seed(11, 0) == 11


def test_a_long_take_can_be_edited_like_a_short_one(foley, long_take):
    edited = foley.redraw(long_take, (0, 24), (130, 140), seed=3)[0]
    changed = edited.codes != long_take.codes
    assert changed[:, 130:140].any()
    assert not changed[:, :130].any()
    assert not changed[:, 140:].any()
    assert foley.siblings(long_take, 0.2, seed=3)[0].codes.shape == (24, 150)


@pytest.mark.parametrize("seconds", [5.0, 30.0])
def test_a_take_is_as_long_as_was_asked_for_and_its_edits_and_recipe_are_too(foley, take, seconds, tmp_path):
    longer = foley.continue_(take, seconds, seed=2)[0]
    assert len(longer.waveform) == seconds * longer.sample_rate
    assert longer.recipe.edits[-1] == f"continued to {seconds:g} s"
    assert torch.equal(foley.remake(Recipe.read(longer.save(tmp_path))).waveform, longer.waveform)
    assert foley.siblings(longer, 0.1, seed=3)[0].duration_s == seconds


def test_a_take_that_was_cut_goes_on_without_the_cut(foley, take):
    once = foley.continue_(take, 5.0, seed=2)[0]
    assert foley.continue_(once, 8.0, seed=2)[0].duration_s == 8.0


def test_thirty_seconds_are_the_most(foley, take):
    with pytest.raises(ValueError, match="30 s is the longest"):
        foley.continue_(take, 31, seed=1)
    with pytest.raises(ValueError, match="4 s long already"):
        foley.continue_(take, 3, seed=1)


@pytest.mark.parametrize("distance", [-0.1, 1.1, float("nan")])
def test_a_distance_that_cannot_be_is_named(foley, take, distance):
    with pytest.raises(ValueError, match="distance"):
        foley.siblings(take, distance, seed=1)


def test_a_box_without_codes_is_named(foley, take):
    with pytest.raises(ValueError, match="hold no code"):
        foley.redraw(take, (5, 5), (0, 10), seed=1)


def test_windows_cover_every_frame_once_in_order():
    for frames in (75, 76, 150, 563):
        windows = sliding_windows(frames, 75)
        new = [frame for window in windows for frame in range(window.first, window.end)]
        assert new == list(range(frames))
        assert all(window.end - window.start == 75 for window in windows)
        assert all(window.first - window.start >= 37 for window in windows[1:])


def test_a_recording_can_be_edited_like_a_take(foley, dataset_folder):
    file = next((dataset_folder / "Rain").iterdir())
    take = foley.take_of(file, "rain")
    assert torch.equal(take.codes, foley.encode(file))
    sibling = foley.siblings(take, 0.25, seed=8)[0]
    assert 0 < float((sibling.codes != take.codes).float().mean()) <= 0.251
    assert sibling.recipe.edits == (f"from {file.name}", "sibling at distance 0.25")
