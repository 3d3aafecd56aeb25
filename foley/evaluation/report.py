"""What an evaluation found: scores with their intervals, and what they rest on."""

import csv
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from foley.categories import Category
from foley.evaluation.metrics.bootstrap import Interval
from foley.system.files import shown
from foley.system.validation import Count, Text

REPORT, CLIPS = "report.json", "clips.csv"
RENAMED = {  # keys of older reports, and how scores of several sets ended in them
    "spread": "generated_within_class_diversity",
    "copies": "generated_copy_rate",
    "halves_fad_inf": "halves_calibration",
    "others_fad_inf": "others_calibration",
}
RENAMED_ENDINGS = {
    "_agreement": "_probe_accuracy",
    "_kernel": "_kad",
    "_l1": "_log_mel_l1",
    "_envelope": "_envelope_distance",
    "_attack": "_attack_distance",
}


ClassName = Annotated[str, Field(pattern=f"^({'|'.join(Category.__members__)})$")]
Scores = dict[Text, Interval]


class ClipRow(NamedTuple):
    """One sound behind the scores. `file` is absolute or below the evaluation's folder; `defects` are words.

    `predicted` is the class that the probe assigns to it, "" where there was no probe.
    """

    category: ClassName
    set: Text
    file: Text
    predicted: ClassName | Annotated[str, Field(max_length=0)]
    peak_dbfs: float
    loudness_lufs: float
    defects: Text


class _Settings(BaseModel):
    """Those that every report names; parts of the chain and others may stand beside them."""

    model_config = ConfigDict(extra="allow")

    per_class: Count
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    temperature: float
    top_p: float
    draws: Count


class _Stored(BaseModel):
    """What a report's file must hold before it is believed."""

    model_config = ConfigDict(extra="forbid")

    model: Text
    reference: Text
    embedder: Text
    settings: _Settings
    classes: dict[ClassName, Scores]
    mean: Scores
    clips: Annotated[dict[ClassName, dict[Text, Count]], Field(min_length=1)]
    flags: list[Text]
    minutes: float


_ROW = TypeAdapter(ClipRow)


@dataclass(frozen=True, eq=False)
class Report:
    """All scores of an evaluation, class by class and on average, and what they rest on.

    Scores have the keys of `metrics.registry.SCORES`. `clips` are the sizes of all sets by class; `flags` are
    sentences on what to be careful with; `rows` say more of every sound, and stand in a file of their own.
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

    @classmethod
    def load(cls, folder_or_file: str | Path) -> "Report":
        """Read what `report_files.save_report` of this version or an older one wrote.

        Raises ValueError when there is no report.
        """
        path = Path(folder_or_file)
        path = path / REPORT if path.is_dir() else path
        try:
            rows = _read_rows(path.with_name(CLIPS))
            data = json.loads(path.read_text(encoding="utf-8"))
            stored = _Stored.model_validate(data)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, csv.Error):
            raise ValueError(f"{shown(path, whole=True)} is not the report of an evaluation.") from None
        return cls(
            model=stored.model,
            reference=stored.reference,
            embedder=stored.embedder,
            settings=stored.settings.model_dump(),
            classes={name: _current(scores) for name, scores in stored.classes.items()},
            mean=_current(stored.mean),
            clips=stored.clips,
            flags=stored.flags,
            minutes=stored.minutes,
            rows=rows,
        )

    def to_json(self) -> str:
        """Everything but the rows."""
        data = asdict(self)
        del data["rows"]
        data["classes"] = {name: _plain(scores) for name, scores in self.classes.items()}
        return json.dumps({**data, "mean": _plain(self.mean)}, indent=2, ensure_ascii=False) + "\n"

    def basis(self, intervals: str = "In brackets") -> str:
        """What the scores rest on, in two sentences; `intervals` says where their intervals are shown."""
        fewest = {name: min(sizes.get(name, 0) for sizes in self.clips.values()) for name in ("generated", "real")}
        settings = self.settings
        real = f" and at least {fewest['real']} held-out recordings" if fewest["real"] else ""
        return (
            f"{self.model}: {fewest['generated']} takes a class (temperature {settings['temperature']:g}, top-p "
            f"{settings['top_p']:g}, seeds from {settings['seed']}){real}, against {self.reference}, embedded by "
            f"{self.embedder}. {intervals}: 95 % of {settings['draws']} bootstrap draws."
        )


def current_key(key: str) -> str:
    """A score's key as it is now; reports saved by older versions have other names for some."""
    if key in RENAMED:
        return RENAMED[key]
    for old, new in RENAMED_ENDINGS.items():
        if key.endswith(old) and not key.endswith(new):
            return key.removesuffix(old) + new
    return key


def _plain(scores: dict[str, Interval]) -> dict[str, dict[str, float]]:
    return {key: interval._asdict() for key, interval in scores.items()}


def _current(scores: Scores) -> Scores:
    return {current_key(key): interval for key, interval in scores.items()}


def _read_rows(path: Path) -> list[ClipRow]:
    """The sounds of a report, where they were written."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [_row(line) for line in csv.DictReader(file)]


def _row(line: dict[str, str]) -> ClipRow:
    predicted = line["heard_as"] if "heard_as" in line else line["predicted"]  # the first is its name in older reports
    return _ROW.validate_python(
        {**{name: line[name] for name in ClipRow._fields if name != "predicted"}, "predicted": predicted}
    )
