"""`python -m training tags`: statistics of recordings for the tags and knobs of prompts; no audio is kept.

What a recording is tagged with is read from what its manifest says of it: the columns `source`, `source_group`,
`source_path` and `notes`. Only training clips are used, so that held-out recordings can judge.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from foley.categories import Category
from foley.conditions.attributes import measure
from foley.conditions.scales import KnobScales
from foley.dataset import TRAIN, Clip, clip_waveform
from foley.evaluation.embedders.registry import Embedder
from foley.presets import STUDIO
from foley.prompts.tags import Tag, TagStatistics
from foley.resources import KNOB_SCALES

NEEDED = ("file", "category", "split", "source_group")
PER_SOURCE, SOURCES = 2, 60
TEXT = ("source", "source_group", "source_path", "notes")
_DOG, _STEP, _GUN, _KEY = Category.DogBark, Category.Footstep, Category.GunShot, Category.Keyboard
_CAR, _RAIN, _COUGH = Category.MovingMotorVehicle, Category.Rain, Category.SneezeCough

# what a manifest's words have to hold for a tag; spelled as games, sound packs and data sets spell them
PATTERNS: dict[Category, dict[str, str]] = {
    _DOG: {"puppy": "puppy", "howl": "howl|wolf", "growl": "growl", "yip": r"\byips?\b|dog-yip"},
    _STEP: {
        "gravel": "gravel", "wood": "wood", "metal": "metal|catwalk|air_?duct|plating|clank", "grass": "grass",
        "dirt": r"(?<!swamp_)dirt", "snow": "snow", "sand": "sand_|sand[0-9]|-sand", "ice": r"\bice_|_ice|-ice",
        "stone": "(?<!muddy_)stone|concrete|concstep|rock_floor|tile", "water": "water|splash|puddle",
        "mud": r"\bmud|_mud|swamp", "carpet": "carpet", "leaves": "leaves", "barefoot": "barefoot", "boots": "boot",
    },
    _GUN: {
        "pistol": r"^(?!.*winmagnum).*(?:pistol|handgun|glock|colt|deagle|ruger ?mark)", "revolver": "revolver",
        "rifle": r"rifle|ak-?47|akm|ak74|m4_shot|\bar-?15|l85|steyr|garand|savage|arisaka|model 1894|ruger77",
        "shotgun": "shotgun|shotgn|shtgn|spas|prepared sfx/nova|prepared sfx/cd/",
        "machine gun": "machine|minigun|chaingun|hmg|lmg|smg|mgbar|mgheavy|mgtower|ppsh|m249|mp5|uzi|m2fire|gustav",
        "sniper": "sniper|barret", "musket": "musket|blunderbuss", "suppressed": "suppressed",
        "burst": r"natural burst|ar_burst|-[0-9]+x\.ogg",
    },
    _KEY: {
        "mechanical": "mechvibes|kbsim|bucklespring|mx-speed|tkl-brown|telios", "laptop": "macbook|matebook|tb14",
    },
    _CAR: {
        "idle": "idle|idling", "truck": "truck", "motorcycle": "motorcycle|motorbike", "bus": r"\bbus\b",
        "diesel": "diesel", "passing": r"\bpass(?:-by|,|ing)|carpass",
        "accelerating": "accel|revup|pulls away|drive-away",
        "braking": r"\bdecel", "racing": "racing|torcs|speed-dreams|vdrift|rally",
        "indoors": "interior|inside|internal",
        "starting": r"start-?up|startstop|start and stop|bus/truck start",
    },
    _RAIN: {
        "light": "light|drizzle|ligth", "heavy": "heavy|storm", "thunder": "thunder", "indoors": "indoor",
        "tent": r"tent\b", "window": "windshield",
    },
    _COUGH: {
        "cough": "cough|bmc-p", "sneeze": "sneeze", "man": r"(?<!fe)male", "woman": "female",
    },
}  # fmt: skip


def tags_of(category: Category, text: str) -> frozenset[str]:
    """The tags that a manifest's words about a clip give it."""
    found = {tag for tag, pattern in PATTERNS[category].items() if re.search(pattern, text.lower())}
    if {"cough", "sneeze"} <= found:  # a collection of both, or a folder of sneezes in one of coughs
        found.discard("cough")
    return frozenset(found)


def tagged_clips(data: str | Path, split: str) -> list[tuple[Clip, frozenset[str]]]:
    """The clips that a manifest puts on one side of its split, with their tags; none is read yet.

    Raises ValueError without a manifest that says of each clip its class, its split and its source.
    """
    manifest = Path(data) / "manifest.csv"
    if not manifest.is_file():
        raise ValueError(f"{data} has no manifest.csv: tags are read from what it says of each recording.")
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    missing = [name for name in NEEDED if rows and name not in rows[0]]
    if missing:
        raise ValueError(f"{manifest} has no column {missing[0]!r}: tags need {', '.join(NEEDED)}.")
    found = []
    for row in rows:
        if row["split"] == split:
            category = Category.parse(row["category"])
            clip = Clip(Path(data) / row["file"], category, row["source_group"], split)
            found.append((clip, tags_of(category, " | ".join(row.get(name) or "" for name in TEXT))))
    return found


def embeddings_of(clips: list[Clip], embedder: Embedder, batch: int = 8) -> np.ndarray:
    """One embedding of each clip, the mean of its windows: (clips, dimension)."""
    found = []
    for first in tqdm(range(0, len(clips), batch), desc="embedding", unit="batch"):
        waveforms = torch.stack([clip_waveform(clip, STUDIO.audio) for clip in clips[first : first + batch]])
        found.append(embedder.embed(waveforms, STUDIO.audio.sample_rate).mean(axis=1))
    return np.concatenate(found)


def of_each_source(
    clips: list[tuple[Clip, frozenset[str]]], per_source: int, sources: int
) -> list[tuple[Clip, frozenset[str]]]:
    """The first clips of each source with its tags, and of so many sources of one class with one set of tags.

    Means are over sources: more clips of one of them, or hundreds of one collection, would hardly move them.
    """
    kept, counts, seen = [], defaultdict(int), defaultdict(set)
    for clip, tags in clips:
        kind, source = (clip.category, tags), (clip.group, tags)
        if counts[source] < per_source and (clip.group in seen[kind] or len(seen[kind]) < sources):
            counts[source] += 1
            seen[kind].add(clip.group)
            kept.append((clip, tags))
    return kept


def make_tags(
    data: str | Path, out: str | Path, embedder: Embedder, per_source: int = PER_SOURCE, sources: int = SOURCES
) -> TagStatistics:
    """Write the statistics of a data folder's training clips into a folder: tags and scales of knobs.

    `per_source` and `sources` are those of `of_each_source`. Raises ValueError when the folder has no manifest or
    nothing usable.
    """
    clips = of_each_source(tagged_clips(data, TRAIN), per_source, sources)
    measured: dict[Category, list[dict[str, float]]] = defaultdict(list)
    for clip, _ in tqdm(clips, desc="measuring", unit="clip"):
        measured[clip.category].append(measure(clip_waveform(clip, STUDIO.audio), STUDIO.audio.sample_rate))
    KnobScales.of(measured).save(Path(out) / KNOB_SCALES.name)
    embeddings = embeddings_of([clip for clip, _ in clips], embedder)
    statistics = TagStatistics.of(
        embedder.name,
        embeddings,
        [clip.category for clip, _ in clips],
        [clip.group for clip, _ in clips],
        [tags for _, tags in clips],
    )
    statistics.save(out)
    return statistics


def table_of_tags(statistics: TagStatistics) -> Iterator[str]:
    """Lines for people: each tag with its support."""
    tags: list[Tag] = sorted(statistics.tags.values(), key=lambda tag: (tag.category, -tag.sources))
    for tag in tags:
        yield f"{tag.category.name:20} {tag.name:14} {tag.support}"
