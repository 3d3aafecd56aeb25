"""The official data set of DCASE 2023 Task 7 as it is downloaded: `dev/`, `eval/` and `DevMeta.csv`.

The table says of which recording each clip was cut. Clips of one recording have to stay together, or a model is
validated with what it was trained on.
"""

import csv
import re
from pathlib import Path

from foley.categories import Category

DEVELOPMENT, EVALUATION, TABLE = "dev", "eval", "DevMeta.csv"
COLUMNS = ("category", "current_file_path", "original_dataset", "original_file_name")
FREESOUND = ("fsd50k", "urbansound8k", "freesound")  # all name their files by the same ids of Freesound


def development_folder(folder: Path) -> Path | None:
    """The folder of the development set's classes, for the set's root or for that folder itself; else None."""
    if (folder / TABLE).is_file() and (folder / DEVELOPMENT).is_dir():
        return folder / DEVELOPMENT
    if folder.name == DEVELOPMENT and (folder.parent / TABLE).is_file():
        return folder
    return None


def read_sources(table: Path) -> dict[tuple[Category, str], str]:
    """The recording that each clip was cut from, by the clip's class and its file's name without the ending.

    Rows of files that are not there do no harm. Raises ValueError for a table of another kind.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f"{table} is no table in UTF-8: download it again.") from None
    missing = [name for name in COLUMNS if rows and name not in rows[0]]
    if missing:
        raise ValueError(f"{table} has no column {missing[0]!r}: it is not the table of DCASE 2023 Task 7.")
    sources = {}
    for row in rows:
        try:
            category = Category.parse(row["category"])
        except ValueError:
            continue
        stem = re.split(r"[\\/]", row["current_file_path"])[-1].rsplit(".", 1)[0]
        sources[category, stem] = source_name(row["original_dataset"], row["original_file_name"])
    return sources


def source_name(dataset: str, file_name: str) -> str:
    """One name for all clips of a recording: UrbanSound8K numbers the slices of one behind its Freesound id."""
    collection, stem = dataset.strip().lower(), Path(file_name.strip()).stem
    number = re.match(r"\d+", stem)
    if number and collection.startswith(FREESOUND):
        return f"freesound/{number[0]}"
    return f"{collection}/{stem}"
