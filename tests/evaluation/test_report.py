"""Reports: read from old files too, printed with the names that papers use, put side by side."""

import json

import pytest

from foley.evaluation.metrics.bootstrap import Interval
from foley.evaluation.metrics.metric import Direction
from foley.evaluation.metrics.registry import METRICS, SCORES, SECTIONS
from foley.evaluation.report import Report, current_key
from foley.evaluation.report_files import save_report
from foley.evaluation.report_pages import comparison, report_markdown
from foley.resources import SHIPPED_REPORT

SETTINGS = {"per_class": 2, "seed": 0, "temperature": 1.0, "top_p": 1.0, "draws": 200}


def report(**scores: Interval) -> Report:
    clips = {"Rain": {"generated": 2, "real": 3}}
    return Report("m@1", "corpus", "aisfx", SETTINGS, {"Rain": dict(scores)}, scores, clips, [], 1.0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("generated_fad", "generated_fad"),
        ("real_agreement", "real_probe_accuracy"),
        ("floor_kernel", "floor_kad"),
        ("spread", "generated_within_class_diversity"),
        ("copies", "generated_copy_rate"),
        ("halves_fad_inf", "halves_calibration"),
        ("generated_fad_inf", "generated_fad_inf"),
        ("mel_l1", "mel_log_mel_l1"),
        ("vocoder_envelope", "vocoder_envelope_distance"),
        ("mvqvae_attack", "mvqvae_attack_distance"),
    ],
)
def test_a_report_of_an_older_version_is_read_with_the_keys_of_today(tmp_path, old, new):
    data = json.loads(report(**{old: Interval(1, 0, 2)}).to_json())
    (tmp_path / "report.json").write_text(json.dumps(data))
    rows = "category,set,file,heard_as,peak_dbfs,loudness_lufs,defects\nRain,real,a.wav,DogBark,-1.5,-20.0,click\n"
    (tmp_path / "clips.csv").write_text(rows)
    read = Report.load(tmp_path)
    assert list(read.mean) == list(read.classes["Rain"]) == [new]
    assert new in SCORES
    assert read.rows[0].predicted == "DogBark"
    assert read.rows[0].peak_dbfs == -1.5
    assert current_key(new) == new  # what is read again stays


def test_the_shipped_report_has_no_score_that_the_registry_does_not_know():
    shipped = Report.load(SHIPPED_REPORT)
    assert set(shipped.mean) <= set(SCORES)
    assert {"generated_fad", "generated_probe_accuracy", "generated_copy_rate", "halves_calibration"} <= set(
        shipped.mean
    )


def test_a_report_that_is_none_is_refused(tmp_path):
    (tmp_path / "report.json").write_text('{"mean": 3}')
    with pytest.raises(ValueError, match="is not the report of an evaluation"):
        Report.load(tmp_path)


def test_tables_carry_units_arrows_and_a_dash_for_what_was_not_measured(tmp_path):
    full = report(generated_fad=Interval(12.34, 11, 14), generated_loudness_lufs=Interval(-26.0, -27, -25))
    del full.classes["Rain"]["generated_fad"]
    text = report_markdown(full)
    assert "| class | FAD ↓, generated |" in text
    assert "| class | Loudness (LUFS), generated |" in text
    assert "| Rain | – |" in text
    assert "| **mean** | 12.3 (11.0 to 14.0) |" in text
    assert "−26.0 (−27.0 to −25.0)" in text
    assert save_report(full, tmp_path) == tmp_path
    assert (tmp_path / "report.csv").read_text().splitlines()[0] == "class,score,value,low,high"


def test_a_comparison_says_which_is_better_where_the_intervals_lie_apart():
    a = report(
        generated_fad=Interval(10, 9, 11),
        generated_probe_accuracy=Interval(0.5, 0.4, 0.6),
        generated_peak_dbfs=Interval(-9, -10, -8),
        floor_fad=Interval(5, 4, 6),
    )
    b = report(
        generated_fad=Interval(20, 19, 21),
        generated_probe_accuracy=Interval(0.9, 0.8, 1.0),
        generated_peak_dbfs=Interval(-2, -3, -1),
        floor_fad=Interval(6, 5, 7),
    )
    lines = {line.split(" | ")[0].strip("| "): line for line in comparison(a, b).splitlines() if "|" in line}
    assert lines["FAD ↓, generated"].endswith("| A |")
    assert lines["Probe accuracy ↑, generated"].endswith("| B |")
    assert lines["Peak (dBFS), generated"].endswith("| apart |")
    assert lines["FAD ↓, real, other clips"].endswith("|  |")


def test_every_metric_is_described_and_its_scores_have_keys_of_their_own():
    assert sum(len(scores) for scores in SECTIONS.values()) == len(SCORES)
    assert sum(len(metric.sets) for metric in METRICS.values()) == len(SCORES)
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.meaning.endswith(".")
        assert metric.sets
    assert METRICS["fad"].direction is Direction.LOWER
    assert METRICS["loudness_lufs"].unit == "LUFS"
