"""Requests of the page: the first take is drawn alone, and nearly silent ones are drawn anew where any seed will do."""

from dataclasses import replace

import pytest
from handmade import handmade_take

from foley.categories import Category
from foley.ui.session.requests import GenerateRequest, drawn


class Model:
    """Draws takes in no time, silent where a seed is in `silent`; remembers what was asked for."""

    def __init__(self, silent):
        self.silent, self.asked = silent, []

    def __call__(self, request):
        self.asked.append((request.seed, request.count))
        for seed in range(request.seed, request.seed + request.count):
            take = handmade_take(seed=seed)
            yield replace(take, waveform=take.waveform * (seed not in self.silent))


def seeds(model, count, any_seed=True):
    request = GenerateRequest(Category.Rain, 10, count, 1.0, 1.0, any_seed=any_seed)
    return [take.seed for take in drawn(request, model)]


@pytest.mark.parametrize(
    ("silent", "heard", "asked"),
    [
        ((), [10, 11, 12], [(10, 1), (11, 2)]),
        ((11,), [10, 12, 13], [(10, 1), (11, 2), (13, 1)]),
        ((10, 13), [11, 12, 14], [(10, 1), (11, 2), (13, 1), (14, 1)]),
        (range(10, 30), [16, 17, 18], [(10, 1), (11, 2), (13, 1), (14, 2), (16, 1), (17, 2)]),  # three times, no more
    ],
)
def test_a_nearly_silent_take_makes_room_for_one_of_the_next_seed(silent, heard, asked):
    model = Model(silent)
    assert seeds(model, 3) == heard
    assert model.asked == asked


def test_seeds_that_were_asked_for_are_drawn_whatever_they_sound_like():
    assert seeds(Model(range(99)), 3, any_seed=False) == [10, 11, 12]
