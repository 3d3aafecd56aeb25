"""From systems and recordings to a folder that can be served: chosen, cut, made equally loud, and without names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from foley.audio.files import write_audio
from foley.categories import Category
from foley.listening.clips import equally_loud, rate_of, read_clip, spoil
from foley.listening.plan import ANCHOR, CLIPS, RECORDING, TEST, Item, ListeningTest
from foley.listening.sources import Notify, Sounds, sounds_of_recordings, sounds_of_system
from foley.system.files import shown

MOST_RATE = 48_000  # Hz: what every browser plays
TAKES, UNPACKED = "takes", "recordings"  # drawn from checkpoints, and read from a pack; below the test's folder


@dataclass(frozen=True)
class PreparationSettings:
    """How much is rated: `clips` and `sets` of each system in each class, `set_size` clips a set."""

    clips: int = 4
    sets: int = 2
    set_size: int = 4
    repeats: int = 2
    classes_per_rater: int = 0
    seconds: float = 4.0
    seed: int = 0
    device: str = "auto"

    @property
    def sounds(self) -> int:
        """Different sounds that are needed of each system in each class. Clips are in sets, too."""
        return max(self.clips, self.sets * self.set_size)


class _Draft(NamedTuple):
    """An item before its clips have names."""

    system: str
    waveforms: tuple[Tensor, ...]
    sources: tuple[str, ...]
    is_set: bool


def prepare(
    systems: Mapping[str, str], recordings: Path, out: Path, settings: PreparationSettings, notify: Notify = print
) -> ListeningTest:
    """Write the test of systems, by name and place, to the folder `out`, with recordings and anchors hidden among them.

    Classes of which a system has too few sounds are left out, by name. Raises ValueError when that leaves none, or
    when there is a test in the folder.
    """
    if (out / TEST).exists():
        raise ValueError(f"{shown(out, whole=True)} holds a test already: name another folder, or delete it.")
    real = sounds_of_recordings(recordings, settings.sounds, settings.seed, settings.seconds, out / UNPACKED)
    sounds = {
        name: sounds_of_system(place, settings.sounds, settings.seed, settings.device, out / TAKES)
        for name, place in systems.items()
    }
    sounds[RECORDING] = real
    categories = _categories(sounds, settings.sounds, notify)
    first = [paths[0] for each in sounds.values() for paths in each.values() if paths]
    sample_rate = min(MOST_RATE, max(map(rate_of, first)))
    random = np.random.default_rng(settings.seed)
    per_class = len(sounds) + 1, settings.clips + settings.sets * settings.set_size, settings.clips + settings.sets
    clip_numbers = iter(random.permutation(len(categories) * per_class[0] * per_class[1]))
    item_numbers = iter(random.permutation(len(categories) * per_class[0] * per_class[2]))
    items = []
    for category in categories:
        drafts, limited = _drafts(category, sounds, settings, sample_rate)
        names = [tuple(f"{next(clip_numbers):05d}" for _ in draft.waveforms) for draft in drafts]
        _write(out / CLIPS, drafts, names, sample_rate)
        for draft, clips in zip(drafts, names, strict=True):
            name = f"{next(item_numbers):05d}"
            made = {"id": name, "system": draft.system, "category": category, "clips": clips}
            items.append(Item(**made, sources=draft.sources, is_set=draft.is_set))
        peaks = f", of {limited} of their clips the peaks were turned down" if limited else ""
        notify(f"{category.title}: {len(drafts)} clips and sets{peaks}.")
    test = ListeningTest(
        seed=settings.seed,
        repeats=settings.repeats,
        classes_per_rater=settings.classes_per_rater,
        items=tuple(sorted(items, key=lambda item: item.id)),
    )
    test.save(out)
    return test


def _categories(sounds: Mapping[str, Sounds], wanted: int, notify: Notify) -> list[Category]:
    """The classes of which every system has as many sounds as are wanted."""
    found = []
    for category in Category:
        few = [f"{name} ({len(each[category])})" for name, each in sounds.items() if len(each[category]) < wanted]
        if few:
            notify(f"{category.title} is left out: {wanted} sounds are needed, but {', '.join(few)} has fewer.")
        else:
            found.append(category)
    if not found:
        raise ValueError(f"No class has {wanted} sounds of every system and {wanted} recordings: rate fewer clips.")
    return found


def _drafts(
    category: Category, sounds: Mapping[str, Sounds], settings: PreparationSettings, sample_rate: int
) -> tuple[list[_Draft], int]:
    """The items of a class, all equally loud, and how many clips had to be limited.

    The anchor is bad in every respect: spoiled recordings of another class, and as a set one of them again and again.
    """
    others = [each for each in Category if len(sounds[RECORDING][each]) >= settings.sounds]
    other = others[(others.index(category) + 1) % len(others)]
    paths = {name: each[category] for name, each in sounds.items()} | {ANCHOR: sounds[RECORDING][other]}
    waveforms = {
        name: [read_clip(path, sample_rate, settings.seconds) for path in each[: settings.sounds]]
        for name, each in paths.items()
    }
    waveforms[ANCHOR] = [spoil(waveform, sample_rate) for waveform in waveforms[ANCHOR]]
    levelled, limited = equally_loud([waveform for each in waveforms.values() for waveform in each], sample_rate)
    drafts = []
    for number, (name, each) in enumerate(paths.items()):
        mine = levelled[number * settings.sounds : (number + 1) * settings.sounds]
        picks: list[tuple[tuple[int, ...], bool]] = [((place,), False) for place in range(settings.clips)]
        for start in range(0, settings.sets * settings.set_size, settings.set_size):
            places = range(start, start + settings.set_size)
            picks.append((tuple(start if name == ANCHOR else place for place in places), True))
        for places, is_set in picks:
            sources = tuple(str(each[place]) for place in places)
            drafts.append(_Draft(name, tuple(mine[place] for place in places), sources, is_set))
    return drafts, limited


def _write(folder: Path, drafts: list[_Draft], names: list[tuple[str, ...]], sample_rate: int) -> None:
    """Write the clips in the order of their names: so not even the times of the files say what belongs together."""
    pairs = [
        pair
        for draft, clips in zip(drafts, names, strict=True)
        for pair in zip(clips, draft.waveforms, strict=True)
    ]  # fmt: skip
    for name, waveform in sorted(pairs, key=lambda pair: pair[0]):
        write_audio(folder / f"{name}.wav", waveform, sample_rate, "PCM_16")
