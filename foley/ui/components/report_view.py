"""What the evaluate tab shows: a chart of a report's scores, and the sounds behind one of its bars."""

import shutil
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from foley.categories import Category
from foley.evaluation.clip_set import SETS
from foley.evaluation.metrics.bootstrap import Interval
from foley.evaluation.metrics.metric import Direction, Metric, Score
from foley.evaluation.metrics.registry import METRICS
from foley.evaluation.report import REPORT, ClipRow, Report
from foley.evaluation.report_files import FILES
from foley.resources import STATIC
from foley.ui.session.visitors import served

CHARTED = {
    name: METRICS[name]
    for name in (
        "fad", "kad", "probe_accuracy", "network_trained_on", "within_class_diversity", "copy_rate", "voiced",
        "flatness", "rise", "log_kurtosis", "loudness_lufs", "peak_dbfs", "log_mel_l1", "envelope_distance",
        "attack_distance",
    )
}  # fmt: skip
BETTER = {Direction.LOWER: " Less is better.", Direction.HIGHER: " More is better."}
SHIPPED = ""  # in place of the folder of the report that ships
MOST_CLIPS = 100  # of a set that are listed
DECIBELS = 60.0  # below full scale: the left end of a bar of levels

CHART_SCRIPT = """
element.addEventListener('click', (event) => {
  const bar = event.target.closest('[data-bar]');
  if (bar) trigger('select', {category: bar.dataset.category, set: bar.dataset.bar});
});
"""
CLIPS = """
<section class="clips"><h2>${value.title}</h2><p class="note">${value.words}</p><ol>
${value.rows.map((row) => `<li class="clip ready" data-player>
  <button type="button" data-play="0" title="Play or pause" aria-label="Play or pause ${row.name}"></button>
  <span title="${row.name}">${row.name}</span><b class="${row.right}">${row.heard}</b><code>${row.peak}</code>
  <code>${row.loudness}</code><i>${row.defects}</i>
  <audio preload="none" src="${row.audio.url}"></audio></li>`).join("")}
</ol></section>
"""
STYLE = (STATIC / "evaluate.css").read_text(encoding="utf-8")
NOTHING = '<p class="note">Nothing was measured here yet. Name a folder of recordings, and evaluate.</p>'


def chart(report: Report | None, name: str, listen: bool = True) -> str:
    """A metric of a report, one of `CHARTED`, as bars: a card for each class and one for their mean.

    With `listen` the bars of a class are buttons.
    """
    if report is None:
        return NOTHING
    metric = CHARTED[name]
    scores = [score for score in metric.scores() if score.key in report.mean]
    if not scores:
        return '<p class="note">This was not measured in this evaluation.</p>'
    everything = [report.mean, *report.classes.values()]
    found = [values[score.key] for values in everything for score in scores if score.key in values]
    most = max(max(interval.high for interval in found), 1e-9)
    cards = [_card("Mean of the classes", "", report.mean, scores, most)]
    for category, values in report.classes.items():
        cards.append(_card(Category[category].title, category if listen else "", values, scores, most))
    meaning = metric.meaning + BETTER.get(metric.direction, "")
    return (
        f'<p class="basis">{escape(report.basis("The line on a bar"))}</p><p class="note">{escape(meaning)}</p>'
        f'<div class="charts">{"".join(cards)}</div>{_flags(report)}'
    )


def _card(title: str, category: str, values: dict[str, Interval], scores: list[Score], most: float) -> str:
    bars = "".join(_bar(category, score, values.get(score.key), most) for score in scores)
    return f'<section class="chart"><h2>{escape(title)}</h2>{bars}</section>'


def _bar(category: str, score: Score, interval: Interval | None, most: float) -> str:
    metric, name = score.metric, score.set
    shares = (0.0, 0.0, 0.0) if interval is None else tuple(_share(metric, number, most) for number in interval)
    value = "–" if interval is None else metric.format(interval.value)
    kind = "generated" if name == "generated" else "real" if name in ("real", "floor") else "part"
    hint = f"{score.set_label}: {metric.format_interval(interval)}" + (". Click to listen." if category else "")
    return (
        f'<button type="button" class="bar {kind}" title="{escape(hint)}" data-category="{category}" '
        f"{f'data-bar={name}' if category else 'disabled'}>"
        f'<span>{escape(score.set_label)}</span><i style="--value:{shares[0]:.4f};--low:{shares[1]:.4f};'
        f'--high:{shares[2]:.4f}"></i><b>{value}</b></button>'
    )


def _share(metric: Metric, number: float, most: float) -> float:
    """How long a bar is, of the longest there may be."""
    if metric.unit in ("dBFS", "LUFS"):
        return min(1.0, max(0.0, 1 + number / DECIBELS))
    return min(1.0, max(0.0, number / (1.0 if metric.unit == "%" else most)))


def _flags(report: Report) -> str:
    if not report.flags:
        return ""
    items = "".join(f"<li>{escape(flag)}</li>" for flag in report.flags)
    return (
        f'<details class="flags"><summary>To be careful with ({len(report.flags)})</summary><ul>{items}</ul></details>'
    )


def clips_value(report: Report | None, category: str, name: str, home: Path, folder: Path) -> dict[str, Any]:
    """The sounds of a class's set, as the list of them takes it; they are copied from `home` into `folder`."""
    rows = [row for row in (report.rows if report else []) if (row.category, row.set) == (category, name)]
    here = [(row, home / row.file) for row in rows if (home / row.file).is_file()][:MOST_CLIPS]
    title = f"{Category[category].title}: {SETS[name]}" if category else "Sounds"
    words = f"{len(here)} sounds; the class that the probe assigns, peak, loudness, defects." if here else ""
    if category and not here:
        words = "The sounds behind these scores are not on this machine: evaluate to hear them."
    if not category:
        words = "Click on a bar to hear the sounds behind it."
    return {"title": escape(title), "words": words, "rows": [_row(row, file, folder) for row, file in here]}


def _row(row: ClipRow, file: Path, folder: Path) -> dict[str, Any]:
    copied = folder / f"{len(list(folder.iterdir())):03d}-{file.name}"
    shutil.copyfile(file, copied)
    return {
        "name": escape(file.stem, quote=True),
        "heard": escape(Category[row.predicted].title) if row.predicted else "",
        "right": "" if row.predicted in ("", row.category) else "wrong",
        "peak": f"{row.peak_dbfs:.1f} dBFS".replace("-", "−"),
        "loudness": f"{row.loudness_lufs:.1f} LUFS".replace("-", "−"),
        "defects": escape(row.defects),
        "audio": served(copied),
    }


def report_choices(kept: dict[Path, Report], shipped: Report | None) -> list[tuple[str, str]]:
    """Reports to choose from, as (words, folder), the newest first and the one that ships last."""
    chosen = [(f"{_made(place)} · {_summary(report)}", str(place)) for place, report in kept.items()]
    return [*chosen, *([(f"shipped · {_summary(shipped)}", SHIPPED)] if shipped else [])]


def _summary(report: Report) -> str:
    return f"{report.model.split('@')[0]} · {report.settings['per_class']} takes a class · {report.reference}"


def _made(place: Path) -> str:
    return f"{datetime.fromtimestamp((place / REPORT).stat().st_mtime):%d %b %H:%M}"


def links_value(home: Path, folder: Path) -> dict[str, Any]:
    """The files of the report in `home`, to be taken away; they are copied into `folder`."""
    here = [name for name in FILES if (home / name).is_file()]
    return {"files": [{"label": name, "file": served(Path(shutil.copy(home / name, folder)))} for name in here]}


LINKS = """
<p class="links">
${value.files.map((file) => `
  <a href="${file.file.url}" download="${file.label}" title="Download">${file.label}</a>`).join("")}
</p>
"""
