"""The evaluate tab without a browser: what its chart and its lists say, and a run of it from start to stop."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
import torch

from foley.audio.files import write_audio
from foley.categories import Category
from foley.evaluation.evaluate import EvaluationProgress
from foley.evaluation.metrics.bootstrap import Interval
from foley.evaluation.report import ClipRow, Report
from foley.evaluation.report_files import keep_report, kept_reports, save_report
from foley.ui.components import report_view
from foley.ui.tabs import evaluate

SCORES = {
    "floor_fad": Interval(10, 8, 12),
    "generated_fad": Interval(20, 15, 40),
    "generated_probe_accuracy": Interval(0.5, 0.4, 0.6),
    "generated_loudness_lufs": Interval(-30, -32, -28),
}


@pytest.fixture
def report(tmp_path: Path) -> Report:
    write_audio(tmp_path / "sounds" / "Rain_seed0.wav", torch.full((2400,), 0.1), 24_000)
    rows = [
        ClipRow("Rain", "generated", "sounds/Rain_seed0.wav", "GunShot", -20.0, -70.0, "click"),
        ClipRow("Rain", "generated", "sounds/gone.wav", "Rain", -20.0, -30.0, ""),
    ]
    settings = {"per_class": 2, "seed": 0, "temperature": 1.0, "top_p": 1.0, "draws": 200}
    classes = {category.name: dict(SCORES) for category in Category}
    del classes["Rain"]["generated_fad"]
    clips = {name: {"generated": 2, "real": 3} for name in classes}
    return Report("m@1", "corpus", "aisfx", settings, classes, dict(SCORES), clips, ["<b>careful</b>"], 1.0, rows)


def test_every_class_has_its_bars_and_their_lengths_are_to_one_scale(report):
    chart = report_view.chart(report, "fad")
    assert chart.count('class="chart"') == 8 and chart.count("--value:0.2500;--low:0.2000;--high:0.3000") == 8
    assert chart.count("--value:0.5000;--low:0.3750;--high:1.0000") == 7
    assert ">–</b>" in chart  # Rain has no distance
    assert "&lt;b&gt;careful" in chart and "<b>careful" not in chart
    assert len(re.findall(r"data-bar=generated", chart)) == 7  # of every class, not of their mean


def test_shares_reach_to_one_and_levels_begin_at_minus_60_db(report):
    assert "--value:0.5000;--low:0.4000" in report_view.chart(report, "probe_accuracy")
    assert "--value:0.5000;" in report_view.chart(report, "loudness_lufs")
    assert "not measured" in report_view.chart(report, "copy_rate")
    assert report_view.chart(None, "copy_rate") == report_view.NOTHING


def test_the_sounds_behind_a_bar_can_be_heard(report, tmp_path):
    folder = tmp_path / "visitor"
    folder.mkdir()
    value = report_view.clips_value(report, "Rain", "generated", tmp_path, folder)
    (row,) = value["rows"]
    assert (row["name"], row["heard"], row["right"], row["defects"]) == ("Rain_seed0", "Gun shot", "wrong", "click")
    assert Path(row["audio"]["path"]).read_bytes() == (tmp_path / "sounds" / "Rain_seed0.wav").read_bytes()
    gone = report_view.clips_value(report, "DogBark", "generated", tmp_path, folder)
    assert not gone["rows"] and "not on this machine" in gone["words"]


def test_the_files_of_a_report_can_be_taken_away(report, tmp_path):
    folder = tmp_path / "visitor"
    folder.mkdir()
    save_report(report, tmp_path)
    assert [file["label"] for file in report_view.links_value(tmp_path, folder)["files"]] == [
        "report.json", "report.md", "report.csv", "report.png", "clips.csv",
    ]  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """The function behind the button, of a tab whose files are kept in `tmp_path`."""
    first = SimpleNamespace(device=torch.device("cpu"))
    models = SimpleNamespace(first=first, get=lambda name: f"the model {name}")
    with gr.Blocks() as blocks:
        evaluate.evaluate_tab(models, gr.State(""), home=tmp_path)
    (function,) = (one.fn for one in blocks.fns.values() if one.fn and one.fn.__name__ == "run")
    return function


def values(steps) -> list:
    return [value for step in steps for value in step.values()]


def test_a_run_says_how_far_it_is_and_leaves_its_report(run, report, tmp_path, monkeypatch):
    asked = []

    def evaluating(foley, reference, home, settings):
        asked.append((foley, reference, home, settings))
        yield EvaluationProgress("Rain: takes", 1, 4)
        yield report

    monkeypatch.setattr(evaluate, "evaluating", evaluating)
    shown = values(run("mine", " /recordings ", 8, 0.9, 0.95, 7, False))
    ((foley, reference, home, settings),) = asked
    assert foley == "the model mine"
    assert (str(reference), home) == ("/recordings", tmp_path)
    assert (settings.per_class, settings.temperature, settings.top_p, settings.seed) == (8, 0.9, 0.95, 7)
    assert settings.parts == ()
    bars = [value for value in shown if isinstance(value, dict)]
    assert bars[0]["share"] == 0.25 and "1 of 4" in bars[0]["text"] and bars[-1]["state"] == "done"
    (kept,) = kept_reports(tmp_path).values()
    assert report in shown and kept.mean == report.mean


@pytest.fixture
def functions(tmp_path, monkeypatch, report):
    """The functions of the tab by name; the report that ships is of 100 takes a class."""
    shipped = save_report(
        replace(report, model="shipped@2", settings={**report.settings, "per_class": 100}), tmp_path / "s"
    )
    monkeypatch.setattr(evaluate, "SHIPPED_REPORT", shipped)
    with gr.Blocks() as blocks:
        evaluate.evaluate_tab(SimpleNamespace(), gr.State(""), home=tmp_path / "home")
    return {one.fn.__name__: one.fn for one in blocks.fns.values() if one.fn}


def test_a_small_trial_never_replaces_the_shipped_report_and_is_listed_beside_it(functions, report, tmp_path):
    trial = keep_report(report, tmp_path / "home")
    values = list(functions["last"]().values())
    assert values[0].model == "shipped@2"
    words = [words for words, _ in values[1].choices]
    assert "m · 2 takes a class · corpus" in words[0] and words[1] == "shipped · shipped · 100 takes a class · corpus"
    whole = keep_report(replace(report, settings={**report.settings, "per_class": 32}), tmp_path / "home")
    assert whole != trial  # within a second, too
    assert next(iter(functions["last"]().values())).settings["per_class"] == 32
    assert functions["pick"](str(trial)).settings["per_class"] == 2
    assert functions["pick"]("").model == "shipped@2"
    assert functions["pick"](str(tmp_path / "s")) is None  # only what the list names is read


def test_two_reports_are_compared_and_the_files_are_those_of_the_one_that_is_shown(functions, report, tmp_path):
    place, request = str(keep_report(report, tmp_path / "home")), SimpleNamespace(session_hash="evaluator")
    chart, links, table = functions["show"](report, "fad", place, "", request)
    assert "| A | B | better |" in table and "shipped@2" in table
    assert len(links["files"]) == 5
    assert "In brackets" not in chart and "The line on a bar: 95 %" in chart
    assert functions["show"](report, "fad", place, "-", request)[2] == ""


def test_a_stop_closes_the_evaluation(run, monkeypatch):
    closed = []

    def evaluating(*_):
        try:
            yield EvaluationProgress("Rain: takes", 1, 4)
            yield EvaluationProgress("Rain: takes", 2, 4)
        finally:
            closed.append(True)

    monkeypatch.setattr(evaluate, "evaluating", evaluating)
    steps = run("", "/recordings", 8, 1, 1, 0, True)
    next(steps)
    steps.close()
    assert closed == [True]


@pytest.mark.parametrize(
    ("reference", "temperature", "sentence"),
    [(" ", 1.0, "Name a folder"), ("/nowhere", -1.0, "The temperature is -1")],
)
def test_what_cannot_be_measured_is_one_sentence(run, monkeypatch, reference, temperature, sentence):
    said = []
    monkeypatch.setattr(evaluate.gr, "Warning", said.append)
    values(run("", reference, 8, temperature, 1, 0, True))
    assert len(said) == 1 and sentence in said[0]
