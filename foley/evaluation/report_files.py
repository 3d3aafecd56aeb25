"""The files of a report: JSON and CSV for programs, Markdown and a figure for people."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from foley.evaluation.report import CLIPS, REPORT, ClipRow, Report
from foley.evaluation.report_pages import report_figure, report_markdown
from foley.plots import write_png
from foley.system.files import write_text

FILES = (REPORT, "report.md", "report.csv", "report.png", CLIPS)


def save_report(report: Report, folder: str | Path) -> Path:
    """Write report.json, .md, .csv, .png and, where the sounds are known, clips.csv. Returns the folder."""
    folder = Path(folder)
    write_text(folder / REPORT, report.to_json())
    write_text(folder / "report.md", report_markdown(report))
    write_text(folder / "report.csv", scores_csv(report))
    write_png(report_figure(report), folder / "report.png")
    if report.rows:
        write_text(folder / CLIPS, _csv([ClipRow._fields, *report.rows]))
    return folder


def scores_csv(report: Report) -> str:
    """One line a class and score: class, score, value, low, high."""
    lines: list[Iterable] = [("class", "score", "value", "low", "high")]
    for name, scores in [*report.classes.items(), ("mean", report.mean)]:
        lines += [(name, key, *map("{:.6g}".format, interval)) for key, interval in scores.items()]
    return _csv(lines)


def _csv(lines: Iterable[Iterable]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
