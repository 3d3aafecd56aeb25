"""Datasets: a folder per class, or a manifest; what is usable, what was left out and why, and a split by recording."""

import csv
import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from foley.audio import EXTENSIONS, AudioError, fit_length, read_audio
from foley.categories import Category
from foley.presets import AudioPreset

VALIDATION_CLIPS = 35  # a class, as in the paper (6)
TRAIN, VALIDATION = "train", "validation"


@dataclass(frozen=True)
class Clip:
    """One recording: where it is, what it is, and which others it must not be parted from."""

    path: Path
    category: Category
    group: str
    split: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""


@dataclass
class Dataset:
    """The usable clips, and the names and reasons of those left out."""

    clips: list[Clip]
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def of(self, split: str) -> list[Clip]:
        return [clip for clip in self.clips if clip.split == split]

    def counts(self, split: str) -> dict[Category, int]:
        counts = Counter(clip.category for clip in self.of(split))
        return {category: counts[category] for category in Category}

    def summary(self) -> str:
        """A few lines for people: clips per class and split, and what was left out."""
        train, validation = self.counts(TRAIN), self.counts(VALIDATION)
        lines = [f"{c.name:20} {train[c]:5} to train on, {validation[c]:4} to validate with" for c in Category]
        if self.left_out:
            lines.append(f"{len(self.left_out)} left out:")
            lines += [f"  {reason}" for _, reason in self.left_out[:20]]
        return "\n".join(lines)


def load_dataset(folder: str | Path, audio: AudioPreset, seed: int = 0, check: Callable | None = None) -> Dataset:
    """The dataset of a folder: with a `manifest.csv`, or one folder a class in any spelling of its name.

    Every file is read once; broken, empty, silent and NaN files are left out by name. `check(done, total)` is told
    of progress. Raises ValueError when nothing usable is there.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}: name one with a folder of recordings for each class.")
    manifest = folder / "manifest.csv"
    clips = _from_manifest(manifest) if manifest.is_file() else _from_folders(folder)
    usable, left_out = [], []
    for number, clip in enumerate(clips):
        try:
            digest = hashlib.sha1(clip_waveform(clip, audio).numpy().tobytes()).hexdigest()
            usable.append(clip if clip.group else replace(clip, group=digest))
        except AudioError as error:
            left_out.append((str(clip.path), str(error)))
        if check:
            check(number + 1, len(clips))
    if not usable:
        raise ValueError(f"{folder} has no usable recording in a folder named after a class, such as DogBark.")
    return Dataset(split_by_group(usable, seed), left_out)


def clip_waveform(clip: Clip, audio: AudioPreset) -> torch.Tensor:
    """The clip's samples (samples,), cut or padded to exactly the preset's length."""
    return fit_length(read_audio(clip.path, audio.sample_rate, audio.duration_s), audio.samples)


def _from_folders(folder: Path) -> list[Clip]:
    clips = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            category = Category.parse(place.name)
        except ValueError:
            continue
        files = sorted(path for path in place.rglob("*") if path.suffix.lower() in EXTENSIONS)
        clips += [Clip(path, category, group="") for path in files]
    return clips


def _from_manifest(manifest: Path) -> list[Clip]:
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        return [
            Clip(
                manifest.parent / row["file"],
                Category.parse(row["category"]),
                row.get("source_group") or "",
                row.get("split") or "",
                row.get("source") or "",
                row.get("licence") or "",
                row.get("attribution") or "",
            )
            for row in rows
        ]
    except KeyError as missing:
        raise ValueError(f"{manifest} has no column {missing}: it needs at least file and category.") from None


def split_by_group(clips: list[Clip], seed: int = 0) -> list[Clip]:
    """Clips with `split` filled in where it was not: 35 a class to validate with, whole groups, never over half.

    The choice depends on the groups' names and the seed alone.
    """
    if all(clip.split for clip in clips):
        return clips
    held_out: set[str] = {clip.group for clip in clips if clip.split == VALIDATION}
    fixed = {clip.group for clip in clips if clip.split}
    by_category = defaultdict(lambda: defaultdict(int))
    for clip in clips:
        by_category[clip.category][clip.group] += 1
    for category, groups in by_category.items():
        total = sum(groups.values())
        taken = sum(number for group, number in groups.items() if group in held_out)
        order = sorted(groups)
        random.Random(f"{seed}/{category.name}").shuffle(order)
        for group in order:
            fits = taken + groups[group] <= max(VALIDATION_CLIPS, total // 10) and 2 * (taken + groups[group]) <= total
            if group not in fixed and taken < VALIDATION_CLIPS and fits:
                held_out.add(group)
                taken += groups[group]
    return [replace(clip, split=VALIDATION if clip.group in held_out else TRAIN) for clip in clips]
