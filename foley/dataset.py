"""Datasets: a folder per class, or a manifest; what is usable, what was left out and why, and a split by recording."""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from foley.audio.files import EXTENSIONS, AudioError, fit_length, read_audio
from foley.categories import Category
from foley.presets import AudioPreset

VALIDATION_CLIPS = 35  # a class, as in the paper (6)
TRAIN, VALIDATION = "train", "validation"
DETAILS = ("source_group", "split", "source", "licence", "attribution")  # that a manifest may give beside the file


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
        lines += self.warnings()
        if self.left_out:
            lines.append(f"{len(self.left_out)} left out:")
            lines += [f"  {reason}" for _, reason in self.left_out[:20]]
        return "\n".join(lines)

    def warnings(self) -> list[str]:
        """Sentences about classes that can be learned badly or not at all."""
        train, validation = self.counts(TRAIN), self.counts(VALIDATION)
        none = [category.title for category in Category if not train[category]]
        few = [category.title for category in Category if train[category] and not validation[category]]
        sentences = [f"Without a recording to train on: {', '.join(none)}."] if none else []
        return sentences + ([f"With too few to hold one back: {', '.join(few)}."] if few else [])


def load_dataset(folder: str | Path, audio: AudioPreset, check: Callable | None = None) -> Dataset:
    """The dataset of a folder: with a `manifest.csv`, or one folder a class in any spelling of its name.

    Every file is read once; broken, empty, silent and NaN files are left out by name. `check(done, total)` is told
    of progress. Which clips are held out depends on the recordings alone: who trains and who evaluates, at whatever
    rate and seed, part them alike. Raises ValueError when nothing usable is there, or a manifest parts a group.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}: name one with a folder of recordings for each class.")
    manifest = folder / "manifest.csv"
    clips, left_out = _from_manifest(manifest) if manifest.is_file() else _from_folders(folder)
    usable = []
    for number, clip in enumerate(clips):
        try:
            clip_waveform(clip, audio)
            usable.append(clip if clip.group else replace(clip, group=_digest(clip.path.read_bytes())))
        except AudioError as error:
            left_out.append((str(clip.path), str(error)))
        if check:
            check(number + 1, len(clips))
    if not usable:
        raise ValueError(f"{folder} has no usable recording in a folder named after a class, such as DogBark.")
    return Dataset(split_by_group(usable), left_out)


def clip_waveform(clip: Clip, audio: AudioPreset) -> torch.Tensor:
    """The clip's samples (samples,), cut or padded to exactly the preset's length."""
    return fit_length(read_audio(clip.path, audio.sample_rate, audio.duration_s), audio.samples)


Found = tuple[list[Clip], list[tuple[str, str]]]  # and what was left out, with the reason


def _from_folders(folder: Path) -> Found:
    clips, left_out = [], []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            category = Category.parse(place.name)
        except ValueError:
            if not place.name.startswith("."):
                left_out.append((str(place), f"The folder {place.name} is not called after a class."))
            continue
        files = sorted(path for path in place.rglob("*") if path.suffix.lower() in EXTENSIONS)
        clips += [Clip(path, category, group="") for path in files]
    return clips, left_out


def _from_manifest(manifest: Path) -> Found:
    clips, left_out = [], []
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f"{manifest} is no table in UTF-8: export it again as CSV.") from None
    missing = [name for name in ("file", "category") if rows and name not in rows[0]]
    if missing:
        raise ValueError(f"{manifest} has no column {missing[0]!r}: it needs at least file and category.")
    for number, row in enumerate(rows, 2):
        try:
            category = Category.parse(row["category"])
        except ValueError as error:
            left_out.append((f"{row['file']}", f"Line {number} of {manifest.name}: {error}"))
            continue
        group, split, *rest = (row.get(name) or "" for name in DETAILS)
        if split not in ("", TRAIN, VALIDATION):
            reason = f"the split {split!r} is neither {TRAIN} nor {VALIDATION}."
            left_out.append((f"{row['file']}", f"Line {number} of {manifest.name}: {reason}"))
            continue
        clips.append(Clip(manifest.parent / (row["file"] or ""), category, group, split, *rest))
    return clips, left_out


def split_by_group(clips: list[Clip]) -> list[Clip]:
    """Clips with `split` filled in where it was not: 35 a class to validate with, whole groups, never over half.

    The choice depends on the groups' names alone, so that it hardly changes when recordings are added. Raises
    ValueError when a group is on both sides already.
    """
    held_out = {clip.group for clip in clips if clip.split == VALIDATION}
    trained = {clip.group for clip in clips if clip.split == TRAIN}
    if held_out & trained:
        group = min(held_out & trained)
        names = [clip.path.name for clip in clips if clip.group == group]
        raise ValueError(f"The recordings {names[0]} and {names[-1]} are one group, {group}: give them the same split.")
    by_category = defaultdict(lambda: defaultdict(int))
    for clip in clips:
        by_category[clip.category][clip.group] += 1
    free = {clip.group for clip in clips} - held_out - trained
    for category, groups in by_category.items():
        total = sum(groups.values())
        taken = sum(number for group, number in groups.items() if group in held_out)
        for group in sorted(free & set(groups), key=lambda group: _digest(f"{category.name}/{group}".encode())):
            fits = taken + groups[group] <= max(VALIDATION_CLIPS, total // 10) and 2 * (taken + groups[group]) <= total
            if taken < VALIDATION_CLIPS and fits:
                held_out.add(group)
                taken += groups[group]
    return [replace(clip, split=VALIDATION if clip.group in held_out else TRAIN) for clip in clips]


def _digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
