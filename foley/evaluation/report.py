"""What an evaluation found: figures with their intervals, what they rest on, and files for people and programs."""

import csv
import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from foley.evaluation.chain import PARTS
from foley.evaluation.metrics.bootstrap import Interval
from foley.evaluation.metrics.reconstruction import Likeness
from foley.evaluation.scores import FIGURES, SETS
from foley.plots import evaluation_figure, write_png
from foley.system.files import write_text

REPORT, CLIPS = "report.json", "clips.csv"
TABLES = {
    "Fréchet distance to recordings": (
        "floor_fad", "mel_fad", "mvqvae_fad", "vocoder_fad", "reconstructed_fad", "generated_fad", "generated_fad_inf",
    ),
    "Named right by a probe fitted on training recordings": (
        "real_agreement", "mel_agreement", "mvqvae_agreement", "vocoder_agreement", "reconstructed_agreement",
        "generated_agreement",
    ),
    "Variety and sameness": (
        "spread", "copies", "floor_kernel", "generated_kernel",
    ),
    "What the distance says where the answer is known": (
        "halves_fad_inf", "others_fad_inf",
    ),
    "How like the recording a sound stays that goes through the chain: less is nearer": tuple(
        f"{part}_{measure}" for measure in Likeness._fields for part in PARTS
    ),
    "Levels": (
        "real_peak_dbfs", "generated_peak_dbfs", "real_rms_dbfs", "generated_rms_dbfs", "real_loudness_lufs",
        "generated_loudness_lufs",
    ),
    "Defects, share of takes (and of real recordings)": (
        "generated_dc_offset", "real_dc_offset", "generated_click", "real_click", "generated_clipping",
        "real_clipping", "generated_dead_silence", "real_dead_silence",
    ),
}  # fmt: skip


PANELS = {
    "Fréchet distance to recordings: less is nearer": {f"{name}_fad": SETS[name] for name in SETS},
    "Share that a probe names right: more is better": {
        "real_agreement": "real",
        **{f"{name}_agreement": SETS[name] for name in SETS if name != "floor"},
    },
}


class ClipRow(NamedTuple):
    """One sound behind the figures. `file` is absolute or below the evaluation's folder; `defects` are words."""

    category: str
    set: str
    file: str
    heard_as: str
    peak_dbfs: float
    loudness_lufs: float
    defects: str


@dataclass(frozen=True, eq=False)
class Report:
    """All figures of an evaluation, class by class and on average, and what they rest on.

    `clips` are the sizes of all sets by class; `flags` are sentences on what to be careful with; `rows` say more of
    every sound, and stand in a file of their own.
    """

    model: str
    reference: str
    embedder: str
    settings: dict[str, Any]
    classes: dict[str, dict[str, Interval]]
    mean: dict[str, Interval]
    clips: dict[str, dict[str, int]]
    flags: list[str]
    minutes: float
    rows: list[ClipRow] = field(default_factory=list, repr=False)

    def to_json(self) -> str:
        data = asdict(self)
        del data["rows"]
        data["classes"] = {name: _plain(figures) for name, figures in self.classes.items()}
        return json.dumps({**data, "mean": _plain(self.mean)}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def load(cls, folder_or_file: str | Path) -> "Report":
        """Read what `save` wrote. Raises ValueError when there is no report."""
        path = Path(folder_or_file)
        path = path / REPORT if path.is_dir() else path
        try:
            rows = _read_rows(path.with_name(CLIPS))
            data = json.loads(path.read_text(encoding="utf-8"))
            data["classes"] = {name: _intervals(figures) for name, figures in data["classes"].items()}
            return cls(**{**data, "mean": _intervals(data["mean"])}, rows=rows)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"{path} is no report of an evaluation.") from None

    def to_csv(self) -> str:
        """One line a class and figure: class, figure, value, low, high."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["class", "figure", "value", "low", "high"])
        for name, figures in [*self.classes.items(), ("mean", self.mean)]:
            writer.writerows([name, figure, *map("{:.6g}".format, interval)] for figure, interval in figures.items())
        return text.getvalue()

    def clips_csv(self) -> str:
        """One line a sound."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(ClipRow._fields)
        writer.writerows(self.rows)
        return text.getvalue()

    def to_markdown(self) -> str:
        """Tables for people: a row a class, and their mean, with intervals of 95 %."""
        lines = [self.basis(), ""]
        for title, names in TABLES.items():
            names = [name for name in names if name in self.mean]
            if not names:
                continue
            lines += [f"### {title}", "", "| class | " + " | ".join(FIGURES[name].label for name in names) + " |"]
            lines += ["|---" * (len(names) + 1) + "|"]
            for row, figures in [*self.classes.items(), ("**mean**", self.mean)]:
                cells = [print_interval(name, figures.get(name)) for name in names]
                lines.append(f"| {row} | " + " | ".join(cells) + " |")
            lines.append("")
        if self.flags:
            lines += ["### To be careful with", "", *(f"- {flag}" for flag in self.flags), ""]
        return "\n".join(lines)

    def basis(self) -> str:
        """What the figures rest on, in two sentences."""
        fewest = {name: min(sizes.get(name, 0) for sizes in self.clips.values()) for name in ("generated", "real")}
        settings = self.settings
        real = f" and at least {fewest['real']} held-out recordings" if fewest["real"] else ""
        return (
            f"{self.model}: {fewest['generated']} takes a class (temperature {settings['temperature']:g}, top-p "
            f"{settings['top_p']:g}, seeds from {settings['seed']}){real}, against {self.reference}, heard by "
            f"{self.embedder}. In brackets: 95 % of {settings['draws']} bootstrap draws."
        )

    def figure(self) -> Figure:
        """Bars for every class: distances and agreement of all sets that were heard."""
        panels = {
            title: {name: label for name, label in names.items() if name in self.mean}
            for title, names in PANELS.items()
        }
        return evaluation_figure(self.classes, {title: names for title, names in panels.items() if names})

    def save(self, folder: str | Path) -> Path:
        """Write report.json, .md, .csv, .png and, where the sounds are known, clips.csv. Returns the folder."""
        folder = Path(folder)
        write_text(folder / REPORT, self.to_json())
        write_text(folder / "report.md", self.to_markdown())
        write_text(folder / "report.csv", self.to_csv())
        write_png(self.figure(), folder / "report.png")
        if self.rows:
            write_text(folder / CLIPS, self.clips_csv())
        return folder


def comparison(a: Report, b: Report) -> str:
    """Two reports side by side, in Markdown: the means of all figures both have, and whether their intervals part."""
    lines = [f"A. {a.basis()}", "", f"B. {b.basis()}", "", "| mean over classes | A | B | apart |", "|---|---|---|---|"]
    for name in FIGURES:
        if name in a.mean and name in b.mean:
            first, second = a.mean[name], b.mean[name]
            apart = "yes" if first.low > second.high or second.low > first.high else ""
            cells = f"{print_interval(name, first)} | {print_interval(name, second)}"
            lines.append(f"| {FIGURES[name].label} | {cells} | {apart} |")
    lines += ["", "| class | FAD, A | FAD, B | named right, A | named right, B |", "|---|---|---|---|---|"]
    for category in a.classes:
        cells = [
            print_interval(name, report.classes[category].get(name))
            for name in ("generated_fad", "generated_agreement")
            for report in (a, b)
        ]
        lines.append(f"| {category} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def print_interval(name: str, interval: Interval | None) -> str:
    """A figure for a table: its value, and in brackets where it lies."""
    if interval is None:
        return "–"
    value, low, high = (format(number, FIGURES[name].form).replace("-", "−") for number in interval)
    return f"{value} ({low} to {high})"


def _plain(figures: dict[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: interval._asdict() for name, interval in figures.items()}


def _intervals(figures: dict[str, dict[str, float]]) -> dict[str, Interval]:
    return {name: Interval(**interval) for name, interval in figures.items()}


def _read_rows(path: Path) -> list[ClipRow]:
    """The sounds of a report, where they were written."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = [ClipRow(**row) for row in csv.DictReader(file)]
    return [row._replace(peak_dbfs=float(row.peak_dbfs), loudness_lufs=float(row.loudness_lufs)) for row in rows]
