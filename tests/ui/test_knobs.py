"""Knobs without a browser: what a run asks for, what the card says, and where there are none."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny import SECONDS, tiny_checkpoint

from foley.conditions.asked import Asked
from foley.conditions.knobs import ENDS
from foley.pipeline import Foley
from foley.ui.components.knob_panel import knob_panel, knob_words
from foley.ui.components.protocol import Redraw
from foley.ui.session.generation import GenerateController
from foley.ui.session.models import Models
from foley.ui.session.stage import Stage
from foley.ui.session.visitors import Libraries

REQUEST = SimpleNamespace(session_hash="session")
OUTPUTS = ("stage", "progress", "seed", "used", "go", "stop", "library")
VALUES = {
    "category": 2, "temperature": 1.0, "top_p": 1.0, "count": 2, "seed": 3, "locked": False, "knobs": {"tone": 0.8},
    "used": None, "stage": Stage(), "token": "a", "model": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def foley(tmp_path_factory: pytest.TempPathFactory) -> Foley:
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    return Foley.from_pretrained(tiny_checkpoint(folder, seconds=SECONDS, hears=True), "cpu", sampler_backend="torch")


@pytest.fixture
def controller(foley: Foley, tmp_path: Path) -> GenerateController:
    return GenerateController(
        Models(foley), Libraries(tmp_path), {name: name for name in VALUES}, {name: name for name in OUTPUTS}
    )


def takes_of(steps) -> tuple[dict, ...]:
    """The cards on the stage when a run has ended."""
    return [step["stage"] for step in steps if "stage" in step][-1].takes


def test_a_run_asks_for_the_knobs_that_were_turned_and_its_cards_say_so(controller):
    cards = takes_of(controller.generate(VALUES, REQUEST))
    assert [card["asked"] for card in cards] == ["tonal 0.8"] * 2
    assert cards[0]["knobs"] == "{&quot;tone&quot;: 0.8}"
    assert controller.libraries.of("a").recipe(cards[0]["file"]).asked == Asked(knobs={"tone": 0.8})


def test_a_take_is_drawn_again_with_its_own_settings_and_the_knobs_as_they_are_now(controller, foley):
    first = takes_of(controller.generate({**VALUES, "count": 1, "temperature": 0.9, "top_p": 0.8}, REQUEST))[0]
    now = {**VALUES, "category": 5, "seed": 77, "used": 3, "knobs": {"tone": 0.2}}
    cards = takes_of(controller.redraw(Redraw(action="redraw", file=first["file"]), now, REQUEST))
    made = controller.libraries.of("a").recipe(cards[0]["file"])
    expected = foley.generate(2, seed=3, temperature=0.9, top_p=0.8, asked=Asked(knobs={"tone": 0.2}))[0].recipe
    assert len(cards) == 1
    assert made.to_json() == expected.to_json()


def test_a_knob_that_cannot_be_is_one_sentence(controller):
    with pytest.raises(ValueError, match=r"The knobs cannot be used: .*warmth"):
        next(controller.generate({**VALUES, "knobs": {"warmth": 0.5}}, REQUEST))


def test_a_model_that_hears_no_knobs_is_asked_for_none(checkpoint, tmp_path):
    deaf = Foley.from_pretrained(checkpoint, "cpu", sampler_backend="torch")
    names = {name: name for name in VALUES}
    controller = GenerateController(Models(deaf), Libraries(tmp_path), names, {name: name for name in OUTPUTS})
    assert takes_of(controller.generate({**VALUES, "count": 1}, REQUEST))[0]["asked"] == ""
    assert not knob_panel(deaf)[0].visible


def test_the_panel_has_a_slider_with_two_words_for_every_knob(foley):
    panel, turned = knob_panel(foley)
    assert panel.visible and turned.value == {}
    for name, (low, high) in ENDS.items():
        assert f'data-knob="{name}"' in panel.value
        assert f"<i>{low}</i>" in panel.value and f"<i>{high}</i>" in panel.value


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({}, ""),
        ({"tone": 0.8}, "tonal 0.8"),
        ({"tail": 1.0, "pitch": 0.0}, "low 0, long 1"),
        ({"brightness": 0.5, "loudness": 0.45}, "usual brightness, quiet 0.45"),
    ],
)
def test_what_was_asked_for_in_words(knobs, words):
    assert knob_words(Asked(knobs=knobs)) == words
