"""Datasets: a folder a class, a manifest, a pack, or the official set of DCASE; what is usable, and a split.

Folders and manifests may come from anybody: what cannot be used is left out by name, and no row leads elsewhere.
"""

import csv
import hashlib
import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

import numpy as np
import torch

from foley.audio.files import EXTENSIONS, AudioError, fit_length, read_audio
from foley.audio.resampling import resample
from foley.categories import Category
from foley.dcase.recordings import TABLE, development_folder, read_sources
from foley.licences import is_permissive
from foley.packs import find_pack, read_pack
from foley.presets import AudioPreset
from foley.system.files import shown
from foley.system.threads import in_threads

VALIDATION_CLIPS = 35  # a class, as in the paper (6)
TRAIN, VALIDATION = "train", "validation"
MOST_MANIFEST_BYTES = 2**26
MOST_CELL = 1000  # characters
PACKED_SCALE = 32768.0  # what 1.0 is in a pack, as in a 16-bit file that is read
OTHER_SOUNDS = (".m4a", ".aac", ".mp4", ".wma", ".amr", ".ape", ".wv", ".mka", ".webm", ".ac3", ".3gp", ".rm", ".dsf")
FIRST_REASONS = 3  # that are told when nothing is left
DETAILS = ("source_group", "split", "source", "licence", "attribution")  # that a manifest may give beside the file


class PackedSound(NamedTuple):
    """The sound of a packed clip: int16 samples (samples,), their rate in Hz, and the SHA-256 of the file packed."""

    pcm: np.ndarray
    sample_rate: int
    digest: str


@dataclass(frozen=True)
class Clip:
    """One recording: where it is or was, what it is, and which others it must not be parted from."""

    path: Path
    category: Category
    group: str
    split: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    packed: PackedSound | None = field(default=None, repr=False, compare=False)


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

    def permissive(self) -> "Dataset":
        """The clips whose licence is permissive, as they were split before, and the others as left out.

        Raises ValueError when none are left.
        """
        clips = [clip for clip in self.clips if is_permissive(clip.licence)]
        if not clips:
            raise ValueError("No recording has a permissive licence: the licence column of manifest.csv says which.")
        others = (clip for clip in self.clips if not is_permissive(clip.licence))
        reasons = [
            (shown(c.path, whole=True), f"{shown(c.path)} is under {c.licence or 'no licence'}.") for c in others
        ]
        return Dataset(clips, self.left_out + reasons)

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
    """The dataset of a folder: a pack, with a `manifest.csv`, one folder a class in any spelling, or DCASE's own.

    Every file is read once; broken, empty, silent and NaN files are left out by name. `check(done, total)` is told
    of progress. Which clips are held out depends on the recordings alone: who trains and who evaluates, at whatever
    rate and seed, part them alike. Raises ValueError when nothing usable is there, or a manifest parts a group.
    """
    folder = Path(folder)
    parts = find_pack(folder)
    if parts:
        return _from_pack(parts)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}: name one with a folder of recordings for each class.")
    manifest = folder / "manifest.csv"
    development = development_folder(folder)
    if manifest.is_file():
        clips, left_out = _from_manifest(manifest)
    elif development:
        clips, left_out = _from_development_set(development)
    else:
        clips, left_out = clips_by_folder(folder)
    usable = []
    for number, (clip, reason) in enumerate(in_threads(lambda clip: _checked(clip, audio), clips)):
        if reason:
            left_out.append((shown(clip.path, whole=True), reason))
        else:
            usable.append(clip)
        if check:
            check(number + 1, len(clips))
    if not usable:
        reasons = "".join(f" {reason}" for _, reason in left_out[:FIRST_REASONS])
        where = f"in {manifest.name}" if manifest.is_file() else "in a folder named after a class, such as DogBark"
        raise ValueError(f"{shown(folder, whole=True)} has no usable recording {where}.{reasons}")
    return Dataset(split_by_group(usable), left_out)


def clip_waveform(clip: Clip, audio: AudioPreset) -> torch.Tensor:
    """The clip's samples (samples,), cut or padded to exactly the preset's length."""
    if clip.packed is not None:
        waveform = torch.from_numpy(clip.packed.pcm).float() / PACKED_SCALE
        return fit_length(resample(waveform, clip.packed.sample_rate, audio.sample_rate), audio.samples)
    return fit_length(read_audio(clip.path, audio.sample_rate, audio.duration_s), audio.samples)


def clip_file(clip: Clip, folder: Path) -> Path:
    """The clip's file; where it is packed, one that is written to a folder, named after what it holds."""
    if clip.packed is None:
        return clip.path
    from foley.audio.files import write_audio  # imported here: reading a pack needs no library for files

    waveform = torch.from_numpy(clip.packed.pcm).float() / PACKED_SCALE
    return write_audio(folder / f"{clip.packed.digest}.wav", waveform, clip.packed.sample_rate, "PCM_16")


def _checked(clip: Clip, audio: AudioPreset) -> tuple[Clip, str]:
    """The clip with its group, after its file was read; and why it cannot be used, if it cannot."""
    try:
        clip_waveform(clip, audio)
        return (clip if clip.group else replace(clip, group=_file_digest(clip.path))), ""
    except (AudioError, OSError) as error:
        return clip, str(error)


def clip_digest(clip: Clip) -> str:
    """The SHA-256 of the clip's file, also where it is packed."""
    if clip.packed is not None:
        return clip.packed.digest
    with clip.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_pack(parts: list[Path]) -> Dataset:
    """The clips of a pack, split as they were when they were packed."""
    pack, clips = read_pack(parts), []
    for row, pcm in zip(pack.rows, pack.pcm, strict=True):
        sound = PackedSound(pcm, pack.sample_rate, row.get("digest", ""))
        clips.append(replace(_clip({**row}, parts[0].parent), packed=sound))
    return Dataset(split_by_group(clips))


Found = tuple[list[Clip], list[tuple[str, str]]]  # and what was left out, with the reason


def clips_by_folder(folder: Path) -> Found:
    """The sound files below a folder with one folder a class, in any spelling; nothing of them is read."""
    clips, left_out = [], []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            category = Category.parse(place.name)
        except ValueError:
            if not place.name.startswith("."):
                left_out.append((shown(place, whole=True), f"The folder {shown(place)} is not called after a class."))
            continue
        for path in sorted(place.rglob("*")):
            if path.suffix.lower() in EXTENSIONS:
                clips.append(Clip(path, category, group=""))
            elif path.suffix.lower() in OTHER_SOUNDS:
                reason = f"{shown(path)} is of a format that cannot be read: convert it to WAV or FLAC."
                left_out.append((shown(path, whole=True), reason))
    return clips, left_out


def _from_development_set(folder: Path) -> Found:
    """The official development set, with the recordings that its clips were cut from; `eval/` beside it is not used."""
    sources = read_sources(folder.parent / TABLE)
    clips, left_out = clips_by_folder(folder)
    return [replace(clip, group=sources.get((clip.category, clip.path.stem), "")) for clip in clips], left_out


def _from_manifest(manifest: Path) -> Found:
    clips, left_out = [], []
    for number, row in enumerate(_rows(manifest), 2):
        try:
            clips.append(_clip(row, manifest.parent))
        except ValueError as error:
            left_out.append((shown(row.get("file") or ""), f"Line {number} of {manifest.name}: {error}"))
    return clips, left_out


def _rows(manifest: Path) -> list[dict[str, str | None]]:
    """The rows of a manifest. Raises ValueError when it is too large, no table, or lacks a column."""
    if manifest.stat().st_size > MOST_MANIFEST_BYTES:
        raise ValueError(f"{manifest} is larger than {MOST_MANIFEST_BYTES // 2**20} MB: part it into several datasets.")
    csv.field_size_limit(MOST_MANIFEST_BYTES)  # one long cell costs its own row, not the table
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns, rows = reader.fieldnames or [], list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f"{manifest} is no table in UTF-8: export it again as CSV.") from None
    missing = [name for name in ("file", "category") if name not in columns]
    if missing:
        raise ValueError(f"{manifest} has no column {missing[0]!r}: it needs at least file and category.")
    return rows


def _clip(row: dict[str, str | None], folder: Path) -> Clip:
    """The clip of a manifest's row. Raises ValueError saying what is wrong with the row."""
    values = {name: row.get(name) or "" for name in ("file", "category", *DETAILS)}
    for name, value in values.items():
        if len(value) > MOST_CELL:
            raise ValueError(f"the {name} has {len(value)} characters, and {MOST_CELL} are the most.")
    category = Category.parse(values["category"])
    split = values["split"].strip().lower()
    if split not in ("", TRAIN, VALIDATION):
        raise ValueError(f"the split {values['split']!r} is neither {TRAIN} nor {VALIDATION}.")
    path = _inside(folder, values["file"])
    source, licence, attribution = (values[name] for name in DETAILS[2:])
    return Clip(path, category, values["source_group"], split, source, licence, attribution)


def _inside(folder: Path, name: str) -> Path:
    """A manifest's file, whichever system's slashes and way of writing accents it uses.

    Raises ValueError when it is empty or lies outside the manifest's folder.
    """
    if not name.strip():
        raise ValueError("it names no file.")
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or PureWindowsPath(name).drive:
        raise ValueError(f"{shown(name)} lies outside the manifest's folder.")
    path = folder / parts
    spellings = (folder / unicodedata.normalize(form, str(parts)) for form in ("NFC", "NFD"))
    return next((each for each in (path, *spellings) if os.path.exists(each)), path)


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
        order = sorted(free & set(groups), key=lambda group: _digest(f"{category.name}/{group}".encode()))
        # first exactly as many as are wanted, then, where groups are too large for that, a few more
        for most in (VALIDATION_CLIPS, max(VALIDATION_CLIPS, total // 10)):
            for group in order:
                size = groups[group]
                shared = any(group in others for other, others in by_category.items() if other is not category)
                fits = taken + size <= most and 2 * (taken + size) <= total and not shared
                if group not in held_out and taken < VALIDATION_CLIPS and fits:
                    held_out.add(group)
                    taken += size
    return [replace(clip, split=VALIDATION if clip.group in held_out else TRAIN) for clip in clips]


def _digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()
