"""The recipe of a performance in a file: read as it was written, and refused in words of ours where it was changed."""

import json

import pytest
import torch

from foley.perform.events import Event, EventError, EventList, LevelCurve
from foley.perform.performance import Performance
from foley.perform.recipes import from_recipe
from foley.perform.settings import PerformanceSettings

EVENTS = EventList(
    (Event(0.5), Event(1.0, 0.5, 2, (("loudness", 0.25),))), 3.0, LevelCurve((-20.0, -30.0), 1.0)
)  # fmt: skip
SETTINGS = PerformanceSettings("Footstep", 7, knobs=(("tail", 0.75),))
RECIPE = json.loads(json.dumps(Performance(torch.zeros(9), 24_000, EVENTS, SETTINGS, "tiny@0").recipe))


def test_what_was_written_is_read():
    assert from_recipe(RECIPE) == (EVENTS, SETTINGS)
    assert [event.knobs for event in from_recipe(RECIPE)[0].events] == [(), (("loudness", 0.25),)]


def test_a_recipe_without_knobs_as_older_versions_wrote_it_is_read():
    events, settings = from_recipe({name: value for name, value in RECIPE.items() if name != "knobs"})
    assert (events, settings.knobs) == (EVENTS, ())


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("events", 5, "events"), ("events", [[0.1]], "events"), ("events", [["soon", 1, None]], "events"),
        ("events", [[0.1, 1, 7]], "events"), ("events", [[0.1, 1, None, 5]], "events"), ("events", {}, "events"),
        ("events", [[0.1, 1, None]] * 5001, "events"), ("events", [[0.1, 1, None, {"warmth": 1}]], "warmth"),
        ("events", [[9.0, 1, None]], "outside"), ("duration_s", float("nan"), "duration_s"),
        ("duration_s", 10**400, "duration_s"), ("curve", {"rate": 0, "levels_db": [1]}, "curve.rate"),
        ("curve", {"rate": 1, "levels_db": []}, "levels_db"), ("curve", {"rate": 1, "levels_db": ["\ud800"]}, "levels"),
        ("curve", 1, "curve"), ("category", "Cat", "Cat"), ("category", [], "category"), ("seed", "x", "seed"),
        ("seed", -1, "seed"), ("way", "loud", "loud"), ("temperature", "hot", "temperature"), ("top_p", 5, "top_p"),
        ("model", "\ud800", "model"), ("performance", 2, "newer"), ("performance", None, "newer"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_named(name, value, word):
    with pytest.raises(EventError, match=word) as error:
        from_recipe(RECIPE | {name: value})
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
