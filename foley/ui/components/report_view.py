"""What the evaluate tab shows: a chart of a report's figures, and the sounds behind one of its bars."""

import shutil
from html import escape
from pathlib import Path
from typing import Any

from foley.categories import Category
from foley.evaluation.chain import PARTS
from foley.evaluation.metrics.bootstrap import Interval
from foley.evaluation.report import REPORT, ClipRow, Report, print_interval
from foley.evaluation.scores import FIGURES, SETS
from foley.resources import STATIC
from foley.ui.session.visitors import served

NAMES = {"real": "real", **SETS}
MEASURES = {
    "Fréchet distance": {name: f"{name}_fad" for name in SETS},
    "Named right": {name: f"{name}_agreement" for name in NAMES if name != "floor"},
    "Loudness": {name: f"{name}_loudness_lufs" for name in ("real", "generated")},
    "Peak": {name: f"{name}_peak_dbfs" for name in ("real", "generated")},
    "Spread": {"generated": "spread"},
    "Copies": {"generated": "copies"},
    "Log-mel L1": {part: f"{part}_l1" for part in PARTS},
    "Envelope, dB": {part: f"{part}_envelope" for part in PARTS},
    "Attack, ms": {part: f"{part}_attack" for part in PARTS},
}
MEANINGS = {
    "Fréchet distance": "How far a set lies from held-out recordings of its class. Less is nearer; the first bar is "
    "what other recordings reach.",
    "Named right": "The share that a classifier, fitted on training recordings, hears as its class. More is better.",
    "Loudness": "In LUFS, as BS.1770 has it. Takes should lie where recordings lie.",
    "Peak": "The highest sample, in dB below full scale. Takes should lie where recordings lie.",
    "Spread": "How far apart takes of a class lie, of what recordings do. 1 is as varied as recordings.",
    "Copies": "The share of takes nearer to a training recording than 95 % of held-out recordings are; 5 % is chance.",
    "Log-mel L1": "How far the log-mel of a recording that went through a part of the chain lies from the recording's.",
    "Envelope, dB": "How far the level of a recording that went through a part of the chain strays from the "
    "recording's, in blocks of 5 ms.",
    "Attack, ms": "How much longer or shorter the attack of a recording's loudest event becomes on its way; "
    "steady sounds have none.",
}
FILES = (REPORT, "report.md", "report.csv", "report.png", "clips.csv")
MOST_CLIPS = 100  # of a set that are listed
DECIBELS = 60.0  # below full scale: the left end of a bar of levels

CHART_SCRIPT = """
element.addEventListener('click', (event) => {
  const bar = event.target.closest('[data-bar]');
  if (bar) trigger('select', {category: bar.dataset.category, set: bar.dataset.bar});
});
"""
CLIPS = """
<section class="clips"><h4>${value.title}</h4><p class="note">${value.words}</p><ol>
${value.rows.map((row) => `<li class="clip ready" data-player>
  <button type="button" data-play="0" title="Play or pause" aria-label="Play or pause ${row.name}"></button>
  <span title="${row.name}">${row.name}</span><b class="${row.right}">${row.heard}</b><code>${row.peak}</code>
  <code>${row.loudness}</code><i>${row.defects}</i>
  <audio preload="none" src="${row.audio.url}"></audio></li>`).join("")}
</ol></section>
"""
STYLE = (STATIC / "evaluate.css").read_text(encoding="utf-8")
NOTHING = '<p class="note">Nothing was measured here yet. Name a folder of recordings, and evaluate.</p>'


def chart(report: Report | None, measure: str, listen: bool = True) -> str:
    """The figures of a report as bars, a card for each class and one for their mean; with `listen`, those of a class
    are buttons."""
    if report is None:
        return NOTHING
    names = {name: figure for name, figure in MEASURES[measure].items() if figure in report.mean}
    if not names:
        return '<p class="note">This was not measured in this evaluation.</p>'
    everything = [report.mean, *report.classes.values()]
    found = [figures[figure] for figures in everything for figure in names.values() if figure in figures]
    most = max(max(interval.high for interval in found), 1e-9)
    cards = [_card("Mean of the classes", "", report.mean, names, most)]
    for name, figures in report.classes.items():
        cards.append(_card(Category[name].title, name if listen else "", figures, names, most))
    return (
        f'<p class="basis">{escape(report.basis())}</p><p class="note">{escape(MEANINGS[measure])}</p>'
        f'<div class="charts">{"".join(cards)}</div>{_flags(report)}'
    )


def _card(title: str, category: str, figures: dict[str, Interval], names: dict[str, str], most: float) -> str:
    bars = "".join(_bar(category, name, figure, figures.get(figure), most) for name, figure in names.items())
    return f'<section class="chart"><h4>{escape(title)}</h4>{bars}</section>'


def _bar(category: str, name: str, figure: str, interval: Interval | None, most: float) -> str:
    shares = (0.0, 0.0, 0.0) if interval is None else tuple(_share(figure, number, most) for number in interval)
    value = "–" if interval is None else format(interval.value, FIGURES[figure].form).replace("-", "−")
    kind = "generated" if name == "generated" else "real" if name in ("real", "floor") else "part"
    hint = f"{NAMES[name]}: {print_interval(figure, interval)}" + (". Click to listen." if category else "")
    return (
        f'<button type="button" class="bar {kind}" title="{escape(hint)}" data-category="{category}" '
        f"{f'data-bar={name}' if category else 'disabled'}>"
        f'<span>{escape(NAMES[name])}</span><i style="--value:{shares[0]:.4f};--low:{shares[1]:.4f};'
        f'--high:{shares[2]:.4f}"></i><b>{value}</b></button>'
    )


def _share(figure: str, number: float, most: float) -> float:
    """How long a bar is, of the longest there may be."""
    if figure.endswith(("_dbfs", "_lufs")):
        return min(1.0, max(0.0, 1 + number / DECIBELS))
    whole = 1.0 if FIGURES[figure].form.endswith("%") else most
    return min(1.0, max(0.0, number / whole))


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
    title = f"{Category[category].title}: {NAMES[name]}" if category else "Sounds"
    words = f"{len(here)} sounds; what the classifier hears, peak, loudness, defects." if here else ""
    if category and not here:
        words = "The sounds behind these figures are not on this machine: evaluate to hear them."
    if not category:
        words = "Click on a bar to hear the sounds behind it."
    return {"title": escape(title), "words": words, "rows": [_row(row, file, folder) for row, file in here]}


def _row(row: ClipRow, file: Path, folder: Path) -> dict[str, Any]:
    copied = folder / f"{len(list(folder.iterdir())):03d}-{file.name}"
    shutil.copyfile(file, copied)
    return {
        "name": escape(file.stem, quote=True),
        "heard": escape(Category[row.heard_as].title) if row.heard_as else "",
        "right": "" if row.heard_as in ("", row.category) else "wrong",
        "peak": f"{row.peak_dbfs:.1f} dBFS".replace("-", "−"),
        "loudness": f"{row.loudness_lufs:.1f} LUFS".replace("-", "−"),
        "defects": escape(row.defects),
        "audio": served(copied),
    }


def links_value(home: Path, folder: Path) -> dict[str, Any]:
    """The files of the report in `home`, to be taken away; they are copied into `folder`."""
    here = [name for name in FILES if (home / name).is_file()]
    return {"files": [{"label": name, "file": served(Path(shutil.copy(home / name, folder)))} for name in here]}


LINKS = """
<p class="links">
${value.files.map((file) => `<a href="${file.file.url}" download="${file.label}">${file.label}</a>`).join("")}
</p>
"""
