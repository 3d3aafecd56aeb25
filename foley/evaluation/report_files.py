"""The files of a report: JSON and CSV for programs, Markdown and a figure for people."""

from collections.abc import Iterable
from pathlib import Path

from foley.evaluation.report import CLIPS, REPORT, ClipRow, Report
from foley.evaluation.report_pages import report_figure, report_markdown
from foley.plots import write_png
from foley.system.files import csv_text, write_text

FILES = (REPORT, "report.md", "report.csv", "report.png", CLIPS)


def save_report(report: Report, folder: str | Path) -> Path:
    """Write report.json, .md, .csv, .png and, where the sounds are known, clips.csv. Returns the folder."""
    folder = Path(folder)
    write_text(folder / REPORT, report.to_json())
    write_text(folder / "report.md", report_markdown(report))
    write_text(folder / "report.csv", scorescsv_text(report))
    write_png(report_figure(report), folder / "report.png")
    if report.rows:
        write_text(folder / CLIPS, csv_text([ClipRow._fields, *report.rows]))
    return folder


def scorescsv_text(report: Report) -> str:
    """One line a class and score: class, score, value, low, high."""
    lines: list[Iterable] = [("class", "score", "value", "low", "high")]
    for name, scores in [*report.classes.items(), ("mean", report.mean)]:
        lines += [(name, key, *map("{:.6g}".format, interval)) for key, interval in scores.items()]
    return csv_text(lines)
