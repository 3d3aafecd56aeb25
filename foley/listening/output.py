"""The files of a result: tables as CSV, a figure, and a few lines for the terminal."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foley.listening.plan import HIGHEST, LOWEST, SCALES
from foley.listening.ratings import Answer
from foley.listening.results import ALL, SCORE, Results
from foley.plots import INK, PIXELS, write_png
from foley.system.files import csv_text, write_text

RESULTS, RATINGS, RATERS, DIFFERENCES, FIGURE = (
    "results.csv", "ratings.csv", "raters.csv", "differences.csv", "results.png",
)  # fmt: skip
TITLES = {SCORE: "weighted score", "fidelity": "fidelity", "fit": "category fit", "diversity": "diversity"}


def save_results(found: Results, answers: Sequence[Answer], folder: Path) -> list[Path]:
    """Write results, differences, raters and single ratings as CSV, and the figure. Returns the files."""
    rows = [
        (row.system, row.category, row.scale, *map("{:.4f}".format, row.interval), row.ratings) for row in found.rows
    ]
    apart = [
        (each.system, each.other, *map("{:.4f}".format, each.interval), int(each.is_sure)) for each in found.differences
    ]
    raters = [
        (
            each.number, each.code, each.ratings, f"{each.seconds:.0f}", _number(each.told_apart),
            _number(each.repeat_difference), each.problem,
        )
        for each in found.raters
    ]  # fmt: skip
    single = [
        (
            answer.rater.number, answer.trial.number, answer.trial.item.id, answer.trial.item.system,
            answer.trial.item.category.name, scale, score, int(answer.trial.is_repeat),
            f"{answer.rating.seconds:.1f}", answer.rating.at,
        )
        for answer in answers
        for scale, score in answer.rating.scores.items()
    ]  # fmt: skip
    bounds = ("value", "low", "high")
    return [
        write_text(folder / RESULTS, csv_text([("system", "class", "scale", *bounds, "ratings"), *rows])),
        write_text(folder / DIFFERENCES, csv_text([("system", "other", *bounds, "sure"), *apart])),
        write_text(
            folder / RATERS,
            csv_text([("rater", "code", "ratings", "seconds", "told_apart", "repeat_difference", "problem"), *raters]),
        ),
        write_text(
            folder / RATINGS,
            csv_text(
                [("rater", "trial", "item", "system", "class", "scale", "score", "repeat", "seconds", "at"), *single]
            ),
        ),
        write_png(results_figure(found), folder / FIGURE),
    ]


def results_text(found: Results) -> str:
    """The table of the means over all classes, the differences that are not sure, and careless raters."""
    lines = [f"{'system':24} " + " ".join(f"{TITLES[scale]:>22}" for scale in (SCORE, *SCALES))]
    means = {(row.system, row.scale): str(row.interval) for row in found.rows if row.category == ALL}
    for system in found.systems:
        cells = (means.get((system, scale), "-") for scale in (SCORE, *SCALES))
        lines.append(f"{system[:24]:24} " + " ".join(f"{cell:>22}" for cell in cells))
    unsure = [f"{each.system} and {each.other}" for each in found.differences if not each.is_sure]
    if unsure:
        lines.append(f"The ratings do not tell apart: {', '.join(unsure)}.")
    lines += [f"Rater {each.number} was careless: {each.problem}." for each in found.raters if each.problem]
    return "\n".join(lines)


def results_figure(found: Results, width: int = 1000) -> Figure:
    """Every system's mean and interval, for the weighted score and each scale side by side; the best on top."""
    scales = [scale for scale in (SCORE, *SCALES) if any(row.scale == scale for row in found.rows)]
    figure = Figure(figsize=(width / 72, (70 + 34 * len(found.systems)) / 72), dpi=72 * PIXELS, layout="constrained")
    figure.patch.set_alpha(0)
    panels = figure.subplots(1, len(scales), sharey=True, squeeze=False)[0]
    for panel, scale in zip(panels, scales, strict=True):
        _panel(panel, found, scale)
    panels[0].set_yticks(range(len(found.systems)), found.systems)
    panels[0].set_ylim(len(found.systems) - 0.5, -0.5)
    return figure


def _panel(axes: Axes, found: Results, scale: str) -> None:
    lines = {row.system: row.interval for row in found.rows if row.scale == scale and row.category == ALL}
    for place, system in enumerate(found.systems):
        if interval := lines.get(system):
            reach = [[interval.value - interval.low], [interval.high - interval.value]]
            colour = "#d97f0b" if scale == SCORE else INK
            axes.errorbar(interval.value, place, xerr=reach, fmt="o", color=colour, capsize=3, markersize=5)
            axes.annotate(
                f"{interval.value:.1f}", (interval.value, place), (0, 6), textcoords="offset points", ha="center",
                color=INK, fontsize=8,
            )  # fmt: skip
    axes.set_xlim(LOWEST, HIGHEST)
    axes.set_title(TITLES[scale], color=INK, fontsize=9, weight="bold" if scale == SCORE else "normal")
    axes.patch.set_alpha(0)
    axes.grid(axis="x", color=INK, alpha=0.25, linewidth=0.6)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
