"""A performance as files: WAV with its time and markers, events as MIDI and CSV, the video with the sound laid in."""

import json
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from foley.audio.embedded import read_recipe
from foley.audio.files import read_samples, write_audio
from foley.audio.metadata import Tags, rights_sentence
from foley.perform.event_files import write_csv, write_midi
from foley.perform.events import LONGEST_S, EventError, EventList
from foley.perform.performance import Performance
from foley.perform.recipes import from_recipe
from foley.perform.settings import PerformanceSettings
from foley.perform.video import lay_sound

KINDS = ("wav", "midi", "csv", "video")


def save(
    performance: Performance,
    folder: str | Path,
    stem: str = "",
    kinds: Collection[str] = ("wav",),
    start_s: float = 0.0,
    video: str | Path | None = None,
) -> dict[str, Path]:
    """Write a performance into a folder under names that are not there yet. Returns the paths by kind.

    Args:
        performance: what was performed.
        folder: made where it is not there.
        stem: of the names; class and seed where none is given.
        kinds: of `KINDS`.
        start_s: seconds from midnight to the first sample on the timeline, for the WAV's time reference.
        video: the video that "video" lays the sound into.

    Raises EventError for an unknown kind, VideoError for a video that cannot be used.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise EventError(f"There is no kind of file {unknown[0]!r}: choose of {', '.join(KINDS)}.")
    if "video" in kinds and video is None:
        raise EventError("No video was given to lay the sound into: open one, or leave out the video.")
    ending = Path(video).suffix.lower() if video is not None else ".mp4"
    endings = {"wav": ".wav", "midi": ".mid", "csv": ".csv", "video": ending if ending in (".mov", ".mkv") else ".mp4"}
    base = _free(Path(folder), stem or _stem(performance), [endings[kind] for kind in kinds])
    paths = {kind: base.with_name(base.name + endings[kind]) for kind in kinds}
    if "wav" in paths:
        write_audio(paths["wav"], performance.waveform, performance.sample_rate, tags=_tags(performance, start_s))
    if "midi" in paths:
        write_midi(paths["midi"], performance.events)
    if "csv" in paths:
        write_csv(paths["csv"], performance.events)
    if "video" in paths and video is not None:
        lay_sound(video, performance.waveform, performance.sample_rate, paths["video"])
    return paths


def read_performance(path: str | Path) -> tuple[EventList, PerformanceSettings, str]:
    """The events, the settings and the model's name of a WAV that `save` wrote. Raises EventError when it is none."""
    recipe = _recipe(Path(path))
    return *from_recipe(recipe), str(recipe.get("model", ""))


def reopen(path: str | Path) -> Performance:
    """A performance as `save` wrote it: what made it, and the samples of the file.

    Raises EventError when the file is none, AudioError when its samples cannot be read.
    """
    recipe = _recipe(Path(path))
    events, settings = from_recipe(recipe)
    waveform, rate = read_samples(path, LONGEST_S)
    return Performance(waveform, rate, events, settings, str(recipe.get("model", "")), str(recipe.get("licence", "")))


def _recipe(path: Path) -> dict[str, Any]:
    try:
        recipe = json.loads(read_recipe(path) or "")
    except (ValueError, RecursionError):
        recipe = None
    if not isinstance(recipe, dict) or "performance" not in recipe:
        raise EventError(f"{path.name} carries no performance: only WAVs of a performance of foley studio do.")
    return recipe


def _tags(performance: Performance, start_s: float) -> Tags:
    category, rate = performance.settings.category, performance.sample_rate
    events = performance.events.events
    return Tags(
        title=f"{category.title}, performed",
        description=f"{category.title}, {len(events)} events; model {performance.model}",
        rights=rights_sentence(performance.licence),
        category=category.ucs,
        recipe=json.dumps(performance.recipe),
        time_reference=round(start_s * rate),
        made=datetime.now(),
        cues=tuple(round(event.time_s * rate) for event in events),
    )


def _stem(performance: Performance) -> str:
    settings = performance.settings
    return f"{settings.category.name}_performed_seed{settings.seed}"


def _free(folder: Path, stem: str, endings: list[str]) -> Path:
    """A name without its ending under which none of the files is there yet, whatever the case of its letters."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = {path.name.casefold() for path in folder.iterdir()}
    number = 1
    while True:
        name = stem if number == 1 else f"{stem} ({number})"
        if not any((name + ending).casefold() in taken for ending in endings):
            return folder / name
        number += 1
