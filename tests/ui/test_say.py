"""Words on the page without a browser: chips, what a run makes of them, and that it is what `say` makes."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tiny import SECONDS, tiny_checkpoint

from foley.pipeline import Foley
from foley.prompts import PromptError, parse
from foley.prompts.say import SaySettings, say
from foley.ui.components.protocol import Say, read_message
from foley.ui.components.say_field import understood
from foley.ui.components.spoken_card import chosen_value
from foley.ui.session.generation import GenerateController
from foley.ui.session.models import Models
from foley.ui.session.stage import Stage
from foley.ui.session.visitors import Libraries

REQUEST = SimpleNamespace(session_hash="session")
OUTPUTS = ("stage", "progress", "seed", "used", "go", "stop", "library")
VALUES = {
    "category": 2, "temperature": 1.3, "top_p": 0.5, "count": 2, "seed": 3, "locked": True, "knobs": {}, "used": None,
    "stage": Stage(), "token": "a", "model": "",
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


def run(controller: GenerateController, text: str, changes: tuple = ()) -> list[dict]:
    """What changes on the page while the sounds of a sentence are made."""
    return list(controller.say(Say(action="say", text=text, changes=changes), VALUES, REQUEST))


def cards(steps: list[dict]) -> tuple[dict, ...]:
    return [step["stage"] for step in steps if "stage" in step][-1].takes


def chips(text: str, changes: tuple = (), hears_knobs: bool = True) -> dict[str, dict]:
    """The chips of a sentence by what they say."""
    return {chip["label"]: chip for chip in understood(1, parse(text), changes, hears_knobs)["chips"]}


def test_the_page_makes_what_python_makes_of_the_same_words_and_seed(controller, foley) -> None:
    (card,) = cards(run(controller, "dark dog barking"))
    (expected,) = say(foley, "dark dog barking", SaySettings(3))
    assert controller.libraries.of("a").recipe(card["file"]).to_json() == expected.sound.recipe.to_json()
    assert card["kind"] == "best of 8" and card["edits"].startswith("best of 8: brightness")


def test_the_seed_of_the_box_is_the_first_and_that_of_the_words_goes_before_it(controller) -> None:
    steps = run(controller, "rain")
    assert cards(steps)[0]["seed"] == "3"
    assert [step["used"] for step in steps if "used" in step] == [3]
    assert cards(run(controller, "rain, seed 9"))[0]["seed"] == "9"


def test_what_was_changed_by_hand_is_made(controller) -> None:
    dark = next(key for key in understood(1, parse("dark rain"), (), True)["keys"] if key.startswith("knob/"))
    (card,) = cards(run(controller, "dark rain", ((dark, None),)))
    assert card["knobs"] == "{}" and card["kind"] == ""


def test_several_takes_are_asked_for_by_words(controller) -> None:
    assert len(cards(run(controller, "two takes of rain"))) == 2


def test_a_sentence_without_a_class_is_refused(controller) -> None:
    with pytest.raises(PromptError, match="No word names a class"):
        run(controller, "something dark")


def test_events_are_performed_and_their_wav_says_how(controller, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("foley.ui.session.requests.Speaker", Metronome)
    (card,) = cards(run(controller, "two dog barks"))
    assert card["state"] == "ready performed" and card["kind"] == "2 events"
    assert card["file"] == ""  # no take of the library
    assert Path(card["audio"]["path"]).is_file()


@dataclass
class Metronome:
    """Stands for a speaker: clicks where events are asked for. A model of random weights has no single events."""

    foley: Foley

    def steps(self, prompt, settings):
        from foley.perform import PerformanceSettings
        from foley.perform.performance import Performance
        from foley.prompts.ranking import Score
        from foley.prompts.say import Spoken
        from foley.prompts.schedule import schedule

        events = schedule(prompt)
        sound = torch.zeros(round(events.duration_s * 24_000))
        sound[[round(event.time_s * 24_000) for event in events.events]] = 0.5
        performance = Performance(sound, 24_000, events, PerformanceSettings(prompt.category), "tiny@0")
        yield 0.5
        yield Spoken(performance, 1, Score(1.0, {}), prompt)


def test_every_piece_has_a_chip_that_says_how_it_is_met() -> None:
    shown = chips("three slow dark steps on gravel at 2 s, in a loop, very strange, seed 4")
    assert {"Footstep", "3 times", "slow", "brightness 0.20", "gravel", "loop", "seed 4"} <= set(shown)
    assert all(chip["note"] for chip in shown.values())
    assert shown["gravel"]["edit"]["value"] == "gravel"
    assert ["wood", "wood"] in [list(choice) for choice in shown["gravel"]["edit"]["choices"]]
    assert shown["brightness 0.20"]["edit"] == {"value": 0.2, "min": 0, "max": 1, "step": 0.05}


def test_words_that_say_the_same_have_one_chip() -> None:
    assert sum(label == "Dog bark" for label in chips("a dog, dog, barking")) == 1
    assert len(understood(1, parse("a dog barking"), (), True)["chips"]) == 1


def test_a_model_that_hears_no_knobs_says_so_on_the_chip_and_sets_none() -> None:
    answer = understood(1, parse("dark rain"), (), hears_knobs=False)
    assert [chip["mark"] for chip in answer["chips"]] == ["not heard", ""]
    assert any("this model cannot hear it" in note for note in answer["notes"])
    assert answer["controls"]["knobs"] == {}
    assert understood(1, parse("dark rain"), (), hears_knobs=True)["controls"]["knobs"] == {"brightness": 0.2}


def test_what_is_weak_unmet_or_unknown_is_marked_and_named() -> None:
    answer = understood(1, parse("purple steps on ice, then a gunshot"), (), True)
    marks = {chip["said"]: chip["mark"] for chip in answer["chips"]}
    assert marks["ice"] == "weak" and marks["then a gunshot"] == "not followed"
    assert answer["unknown"] == ["purple"]
    assert any("weak: " in note for note in answer["notes"])


def test_a_sentence_sets_the_controls_that_it_is_made_with() -> None:
    controls = understood(1, parse("two takes of very strange rain, seed 5"), (), True)["controls"]
    assert controls == {"category": 5, "temperature": 1.5, "top_p": 0.98, "count": 2, "seed": 5, "knobs": {}}
    assert understood(1, parse("purple"), (), True)["controls"] is None


def test_how_a_take_was_chosen_joins_what_it_is() -> None:
    take = SimpleNamespace(best_of=4, words="best of 4: tags +0.20")
    value = chosen_value(take, {"kind": "continued to 8 s", "edits": "continued to 8 s"})  # type: ignore[arg-type]
    assert value == {"kind": "continued to 8 s, best of 4", "edits": "continued to 8 s; best of 4: tags +0.20"}
    assert chosen_value(SimpleNamespace(best_of=1), {"kind": "", "edits": ""}) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        {"action": "say"},
        {"action": "say", "text": "x" * 5000},
        {"action": "say", "text": "rain", "changes": [["key", {"a": 1}]]},
        {"action": "understand", "text": "rain", "changes": [["key"]]},
    ],
)
def test_a_message_that_is_none_is_refused(data) -> None:
    with pytest.raises(ValueError, match="load the page again"):
        read_message(data)
