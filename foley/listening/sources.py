"""Where the sounds of a listening test come from: folders of sound files, checkpoints, and recordings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from foley.categories import Category
from foley.checkpoints import CONFIG
from foley.dataset import VALIDATION, Clip, clip_file, clips_by_folder, load_dataset
from foley.listening.plan import ANCHOR, RECORDING
from foley.presets import AudioPreset
from foley.sampling import TOP_P
from foley.system.files import shown

Sounds = dict[Category, list[Path]]
Notify = Callable[[str], None]


def parse_system(text: str) -> tuple[str, str]:
    """Name and place of a system, from `NAME=PATH`. Raises ValueError for what is none."""
    name, _, place = text.partition("=")
    name = name.strip()
    if not name or not place or not name.isprintable() or len(name) > 60:
        raise ValueError(f"{text[:80]!r} is no system: write NAME=FOLDER, as in ours=checkpoints/studio.")
    if name in (RECORDING, ANCHOR):
        raise ValueError(f"No system can be called {name!r}: that is what the test itself adds.")
    return name, place


def sounds_of_system(place: str, wanted: int, seed: int, device: str, kept: Path) -> Sounds:
    """Up to `wanted` files a class of a folder (one folder a class), chosen by the seed; of a checkpoint, takes.

    Takes are drawn with the seeds from `seed` on and the default settings, and written below `kept`; those that are
    there already are not drawn again. Raises ValueError when there is neither, or no file of a class.
    """
    folder = Path(place)
    if (folder / CONFIG).is_file() or not folder.is_dir():
        from foley.evaluation.sounds import KeptSounds  # imported here: folders need no model
        from foley.pipeline import Foley

        takes = KeptSounds(kept, Foley.from_pretrained(place, device))
        seeds = range(seed, seed + wanted)
        return {each: [sound.path for sound in takes.takes(each, seeds, 1.0, TOP_P)] for each in Category}
    clips, _ = clips_by_folder(folder)
    if not clips:
        raise ValueError(
            f"{shown(folder, whole=True)} is no checkpoint, and has no sound in a folder called after a class."
        )
    return {each: [clip.path for clip in mine] for each, mine in _some_of(clips, wanted, seed).items()}


def sounds_of_recordings(folder: Path, wanted: int, seed: int, seconds: float, kept: Path) -> Sounds:
    """Up to `wanted` usable recordings a class of a data set, held-out ones where there are as many.

    Those of a pack become files below `kept`.
    """
    clips = load_dataset(folder, AudioPreset(sample_rate=24_000, duration_s=seconds)).clips
    held_out = [clip for clip in clips if clip.split == VALIDATION]
    few = {each for each in Category if sum(clip.category == each for clip in held_out) < wanted}
    chosen = [clip for clip in clips if clip.split == VALIDATION or clip.category in few]
    return {each: [clip_file(clip, kept) for clip in mine] for each, mine in _some_of(chosen, wanted, seed).items()}


def _some_of(clips: list[Clip], wanted: int, seed: int) -> dict[Category, list[Clip]]:
    random, found = np.random.default_rng(seed), {}
    for category in Category:
        mine = sorted((clip for clip in clips if clip.category == category), key=lambda clip: clip.path)
        found[category] = [mine[place] for place in random.permutation(len(mine))[:wanted]]
    return found
