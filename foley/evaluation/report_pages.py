"""A report for people: Markdown tables, a figure, and two reports side by side."""

from typing import TYPE_CHECKING

from foley.evaluation.metrics.bootstrap import Interval
from foley.evaluation.metrics.metric import Direction
from foley.evaluation.metrics.registry import METRICS, SCORES, SECTIONS
from foley.evaluation.report import Report
from foley.plots import evaluation_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = ("fad", "probe_accuracy")
SIDE_BY_SIDE = ("generated_fad", "generated_probe_accuracy")


def report_markdown(report: Report) -> str:
    """A table for each section of metrics: a row a class, and their mean, with intervals of 95 %."""
    lines = [report.basis(), ""]
    for title, scores in SECTIONS.items():
        present = [score for score in scores if score.key in report.mean]
        if not present:
            continue
        lines += [f"### {title}", "", "| class | " + " | ".join(score.label for score in present) + " |"]
        lines += ["|---" * (len(present) + 1) + "|"]
        for row, found in [*report.classes.items(), ("**mean**", report.mean)]:
            lines.append(f"| {row} | " + " | ".join(print_score(score.key, found) for score in present) + " |")
        lines.append("")
    if report.flags:
        lines += ["### To be careful with", "", *(f"- {flag}" for flag in report.flags), ""]
    return "\n".join(lines)


def report_figure(report: Report) -> "Figure":
    """Bars for every class: FAD and probe accuracy of all sets that were measured."""
    panels = {}
    for name in PANELS:
        names = {score.key: score.set_label for score in METRICS[name].scores() if score.key in report.mean}
        if names:
            panels[METRICS[name].title] = names
    return evaluation_figure(report.classes, panels)


def comparison(a: Report, b: Report) -> str:
    """Two reports side by side, in Markdown: the means of all scores both have, and which is better.

    One is better where their intervals lie apart.
    """
    lines = [
        f"A. {a.basis()}",
        "",
        f"B. {b.basis()}",
        "",
        "| mean over classes | A | B | better |",
        "|---|---|---|---|",
    ]
    for key, score in SCORES.items():
        if key in a.mean and key in b.mean:
            cells = f"{print_score(key, a.mean)} | {print_score(key, b.mean)}"
            lines.append(f"| {score.label} | {cells} | {_better(score.metric.direction, a.mean[key], b.mean[key])} |")
    heads = [f"{METRICS[name].label}, {letter}" for name in PANELS for letter in "AB"]
    lines += ["", f"| class | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for category in a.classes:
        cells = [print_score(key, report.classes[category]) for key in SIDE_BY_SIDE for report in (a, b)]
        lines.append(f"| {category} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def print_score(key: str, scores: dict[str, Interval]) -> str:
    """A score for a table: its value, and in brackets where it lies; a dash where it was not measured."""
    return SCORES[key].metric.format_interval(scores.get(key))


def _better(direction: Direction, a: Interval, b: Interval) -> str:
    """A or B where their intervals lie apart and the metric says which is better; `apart` where it does not say."""
    if a.low <= b.high and b.low <= a.high:
        return ""
    if direction is Direction.LOWER:
        return "A" if a.value < b.value else "B"
    if direction is Direction.HIGHER:
        return "A" if a.value > b.value else "B"
    return "apart"
