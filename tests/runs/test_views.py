"""Folders of trainings as a page shows them: whatever a disk or a hand did to their files, the page shows the rest."""

import json
from pathlib import Path

import pytest

from foley.runs.events import read_events
from foley.runs.process import PROCESS, Process
from foley.runs.view import EVENTS, SETTINGS, RunView
from foley.ui.components import run_view

EVENT = {"kind": "step", "time": 2.0, "step": 10, "loss": 1.0, "seconds_a_step": 0.1, "left_s": 5.0}


def view(folder: Path, event: object = EVENT, settings: object = None, process: object = None) -> RunView:
    """A run with one event of the prior, and what else is given, as they stand in its files."""
    (folder / "prior").mkdir(parents=True)
    (folder / "prior" / EVENTS).write_text(json.dumps(event) + "\n")
    for name, value in ((SETTINGS, settings), (PROCESS, process)):
        if value is not None:
            (folder / name).write_text(json.dumps(value))
    return RunView(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 1}, {"kind": None}, {"step": "10"}, {"step": -1}, {"step": 10**400}, {"time": "now"},
        {"time": float("nan")}, {"loss": 10**400}, {"loss": [1]}, {"left_s": {}}, {"files": ["a"]},
        {"kind": "step\ud800"},
    ],
)  # fmt: skip
def test_an_event_with_a_value_that_cannot_be_is_passed_over(tmp_path, change):
    path = tmp_path / EVENTS
    path.write_text("\n".join([json.dumps(EVENT), json.dumps(EVENT | change), "[1]", "null", "[" * 5000, "{"]))
    assert read_events(path) == [EVENT]


def test_other_values_of_an_event_are_kept(tmp_path):
    path = tmp_path / EVENTS
    path.write_text(json.dumps({"kind": "validation", "score": None, "fad": 2, "best": True, "why": "x"}))
    assert read_events(path) == [
        {"kind": "validation", "time": 0.0, "step": 0, "score": None, "fad": 2, "best": True, "why": "x"}
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("pid", -1), ("pid", "1"), ("pid", 2**40), ("created", []), ("minutes", {}), ("outcome", "glad"), ("stages", 5)],
)
def test_a_process_that_cannot_be_is_none(tmp_path, name, value):
    whole = {"pid": 1, "created": 1.0, "stages": ["prior"]}
    assert view(tmp_path / "whole", process=whole).process == Process(1, 1.0, ("prior",))
    run = view(tmp_path / "changed", process=whole | {name: value})
    assert run.process is None
    assert run.state == "idle"


@pytest.mark.parametrize("settings", [{"preset": ["studio"]}, {"preset": {"name": 1}, "options": {"data": None}}, []])
def test_settings_of_another_kind_are_left_out_of_the_words(tmp_path, settings):
    value = run_view.overview(view(tmp_path / "mine", settings=settings), "prior")
    assert value["facts"] == ""
    assert value["name"] == "mine"


def test_what_lies_outside_of_a_run_is_not_shown_as_its_own(tmp_path):
    (tmp_path / "private.png").write_bytes(b"x")
    run = view(tmp_path / "mine", {"kind": "show", "files": {"a": "../../private.png", "b": "/etc/hostname"}})
    assert run_view.samples(run.stages["prior"]) == {"samples": []}


def test_a_message_that_no_file_can_hold_is_kept_all_the_same(tmp_path):
    Process(1, 1.0).ended("failed", "a\udcff.wav is no sound").write(tmp_path)
    assert Process.read(tmp_path) == Process(1, 1.0, outcome="failed", message="a?.wav is no sound")
