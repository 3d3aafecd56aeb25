"""The files of a report: JSON and CSV for programs, Markdown and a figure for people."""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from foley.evaluation.report import CLIPS, REPORT, ClipRow, Report
from foley.evaluation.report_pages import report_figure, report_markdown
from foley.plots import write_png
from foley.system.files import csv_text, write_text

KEPT = "reports"  # the folder of the reports below that of the sounds
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


def keep_report(report: Report, home: str | Path) -> Path:
    """Write a report into a folder of its own below `home`, beside those that are there. Returns the folder."""
    model = re.sub(r"[^\w.-]+", "-", report.model.split("@")[0])[:40]
    stem, number = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{model}", 1
    while (folder := Path(home) / KEPT / (stem if number == 1 else f"{stem}_{number}")).exists():
        number += 1
    return save_report(report, folder)


def kept_reports(home: str | Path) -> dict[Path, Report]:
    """The reports in `home`, by their folders, the newest first; what cannot be read is passed over."""
    home = Path(home)
    places = [file.parent for file in (*home.glob(f"{KEPT}/*/{REPORT}"), home / REPORT) if file.is_file()]
    found = {}
    for place in sorted(places, key=lambda place: -(place / REPORT).stat().st_mtime):
        try:
            found[place] = Report.load(place)
        except ValueError:
            continue
    return found


def scorescsv_text(report: Report) -> str:
    """One line a class and score: class, score, value, low, high."""
    lines: list[Iterable] = [("class", "score", "value", "low", "high")]
    for name, scores in [*report.classes.items(), ("mean", report.mean)]:
        lines += [(name, key, *map("{:.6g}".format, interval)) for key, interval in scores.items()]
    return csv_text(lines)
