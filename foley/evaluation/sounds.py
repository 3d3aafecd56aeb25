"""The sounds behind the numbers: takes and recordings sent through the chain, kept as files.

Each is made once. A file's place says all that made it (model, settings, seed; or the recording's content), so an
evaluation that was stopped goes on where it was, and every number can be listened to. What is measured is what the
file holds.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from foley.audio.files import write_audio
from foley.categories import Category
from foley.evaluation.chain import through
from foley.pipeline import Foley

AT_ONCE = 8  # takes drawn together: a third faster than one by one


class Sound(NamedTuple):
    """A file and its samples (samples,)."""

    path: Path
    waveform: Tensor


class KeptSounds:
    """The sounds of one model below `folder / "sounds"`."""

    def __init__(self, folder: str | Path, foley: Foley):
        self.foley = foley
        self.folder = Path(folder) / "sounds" / foley.name.replace("/", "_")

    def takes(self, category: Category, seeds: range, temperature: float, top_p: float) -> Iterator[Sound]:
        """The takes of a class with these seeds, one after the other, made where they are not there yet.

        Raises ValueError when the model makes a take that is not finite.
        """
        place = self.folder / f"t{temperature:g}_p{top_p:g}" / category.name
        for first in range(seeds.start, seeds.stop, AT_ONCE):
            some = range(first, min(first + AT_ONCE, seeds.stop))
            paths = [place / f"{category.name}_seed{seed}_t{temperature:.2f}.wav" for seed in some]
            kept = [Sound(path, waveform) for path in paths if (waveform := _read(path)) is not None]
            if len(kept) < len(paths):
                takes = self.foley.generate(category, first, temperature, len(some), top_p=top_p)
                kept = [self._keep(path, take.waveform, take.save) for path, take in zip(paths, takes, strict=True)]
            yield from kept

    def through(self, part: str, category: Category, name: str, recording: Tensor) -> Sound:
        """A recording (samples,) through a part of the chain, see `chain.through`; `name` is for people."""
        content = hashlib.sha256(recording.numpy().tobytes()).hexdigest()[:10]
        path = self.folder / part / category.name / f"{name}-{content}.wav"
        kept = _read(path)
        if kept is not None:
            return Sound(path, kept)
        sound = through(self.foley, part, recording)
        return self._keep(path, sound, partial(write_audio, waveform=sound, sample_rate=self.foley.sample_rate))

    def _keep(self, path: Path, waveform: Tensor, write: Callable[[Path], object]) -> Sound:
        if not torch.isfinite(waveform).all():
            raise ValueError(f"{self.foley.name} made a sound that is not finite: {path.name} holds NaN or infinity.")
        if _read(path) is None:
            path.unlink(missing_ok=True)  # a file that was cut off, or is somebody else's: saving would pass it by
        write(path)
        kept = _read(path)
        if kept is None:
            raise OSError(f"{path} was written, but cannot be read: is the disk full?")
        return Sound(path, kept)


def _read(path: Path) -> Tensor | None:
    """The samples of a file of ours, or None when it is not there whole."""
    import soundfile

    try:
        samples, _ = soundfile.read(path, dtype="float32")
    except (soundfile.SoundFileError, OSError):
        return None
    return torch.from_numpy(np.ascontiguousarray(samples))
