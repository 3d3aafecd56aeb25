"""A report is believed whole or not at all: values of another kind, as a disk or a hand may leave them, are none."""

import json

import pytest

from foley.evaluation.report import CLIPS, REPORT, ClipRow, Report
from foley.evaluation.report_files import kept_reports
from foley.resources import SHIPPED_REPORT
from foley.system.files import csv_text

ROW = ClipRow("Rain", "generated", "a.wav", "Rain", -1.0, -20.0, "")


@pytest.fixture
def stored():
    return json.loads((SHIPPED_REPORT / REPORT).read_text())


def test_the_report_that_ships_is_read(stored, tmp_path):
    (tmp_path / REPORT).write_text(json.dumps(stored))
    (tmp_path / CLIPS).write_text(csv_text([ClipRow._fields, ROW, ROW._replace(predicted="")]))
    report = Report.load(tmp_path)
    assert report.rows == [ROW, ROW._replace(predicted="")]
    assert json.loads(report.to_json()) == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", ["studio"]), ("model", "\ud800"), ("settings", {}), ("settings", None), ("classes", {"Cat": {}}),
        ("classes", {"Rain": {"fad": 1.0}}), ("mean", {"fad": {"value": "much", "low": 0, "high": 1}}),
        ("mean", {"fad": {"value": 10**400, "low": 0, "high": 1}}), ("clips", {}), ("clips", {"Rain": {"real": -1}}),
        ("flags", True), ("flags", [{}]), ("minutes", []), ("more", 1),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_makes_it_none(stored, tmp_path, name, value):
    (tmp_path / REPORT).write_text(json.dumps(stored | {name: value}))
    with pytest.raises(ValueError, match="is not the report of an evaluation") as error:
        Report.load(tmp_path)
    assert "\n" not in str(error.value)
    assert kept_reports(tmp_path) == {}


@pytest.mark.parametrize("row", [ROW._replace(category="Cat"), ROW._replace(peak_dbfs="loud"), ("a" * 200_000,)])
def test_a_list_of_sounds_of_another_kind_makes_it_none(stored, tmp_path, row):
    (tmp_path / REPORT).write_text(json.dumps(stored))
    (tmp_path / CLIPS).write_text(csv_text([ClipRow._fields, row]))
    with pytest.raises(ValueError, match="is not the report"):
        Report.load(tmp_path)
