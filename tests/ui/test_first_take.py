"""The first of several takes is shown and heard before the others are drawn; a page that says nothing is waited for."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from foley.pipeline import Foley
from foley.ui.components.protocol import Heard
from foley.ui.session import generation
from foley.ui.session.generation import GenerateController
from foley.ui.session.models import Models
from foley.ui.session.stage import Stage
from foley.ui.session.visitors import Libraries

REQUEST = SimpleNamespace(session_hash="session")
OUTPUTS = ("stage", "progress", "seed", "used", "go", "stop", "library")
VALUES = {
    "category": 2, "temperature": 1.0, "top_p": 1.0, "count": 3, "seed": 3, "locked": False, "knobs": {},
    "used": None, "stage": Stage(), "token": "a", "model": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def foley(checkpoint: Path) -> Foley:
    return Foley.from_pretrained(checkpoint, "cpu", sampler_backend="torch")


@pytest.fixture
def controller(foley: Foley, tmp_path: Path) -> GenerateController:
    return GenerateController(
        Models(foley), Libraries(tmp_path), {name: name for name in VALUES}, {name: name for name in OUTPUTS}
    )


def test_the_first_of_several_takes_is_shown_whole_and_alone_before_the_others_are_laid_out(controller, monkeypatch):
    monkeypatch.setattr(generation, "FIRST_HEARD_S", 0)  # there is no page that listens
    stages = [step["stage"] for step in controller.generate(VALUES, REQUEST) if "stage" in step]
    assert [stage.places for stage in stages if not stage.takes] == [1]
    assert [stage.places for stage in stages if len(stage.takes) == 1] == [1, 3]
    assert not any(take["mel"]["path"] is None for take in stages[1].takes)
    assert [stage.places for stage in stages if len(stage.takes) > 1] == [3] * len(stages[3:])


@pytest.mark.parametrize("event", ["heard", "stopped"])
def test_the_others_are_drawn_as_soon_as_the_first_is_heard_or_all_is_stopped(controller, monkeypatch, event):
    monkeypatch.setattr(generation, "FIRST_HEARD_S", 60)
    steps = controller.generate(VALUES, REQUEST)
    held = next(step["stage"] for step in steps if "stage" in step and step["stage"].takes)
    running = controller.running[REQUEST.session_hash]
    controller.heard(Heard(action="heard", file="another.wav"), VALUES, REQUEST)
    assert held.held and not running.heard.is_set()
    if event == "stopped":
        running.ended.set()  # as when the run is cancelled: what is cancelled does not wait either
        controller.stopped(held, REQUEST)
    else:
        controller.heard(Heard(action="heard", file=held.takes[0]["file"]), VALUES, REQUEST)
    began = time.monotonic()
    assert next(step["stage"].places for step in steps if "stage" in step) == 3
    assert time.monotonic() - began < 30
    steps.close()
