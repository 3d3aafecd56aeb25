"""What inputs are made of and how an entry point of the studio is fed: shared by all areas of the hostile suite."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import torch
from handmade import handmade_take
from tiny import tiny_checkpoint

from foley.categories import Category
from foley.perform.events import EventList, LevelCurve
from foley.perform.output import save
from foley.perform.performance import Performance
from foley.perform.settings import PerformanceSettings


class NotHeldError(Exception):
    """Something that an entry point did with an input, and may not."""


@dataclass(frozen=True)
class Kit:
    """What inputs are made of, prepared once for a process: a tiny checkpoint, a take, a performance and a video."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        return self.folder / "tiny"

    @property
    def take(self) -> Path:
        return self.folder / "take.wav"

    @property
    def performance(self) -> Path:
        return self.folder / "performance.wav"

    @property
    def video(self) -> Path:
        return self.folder / "video.mp4"

    @classmethod
    def made(cls, folder: Path) -> "Kit":
        kit = cls(folder)
        tiny_checkpoint(kit.checkpoint)
        handmade_take().save(kit.take)
        write_performance(kit.performance)
        write_video(kit.video)
        return kit


def write_performance(path: Path) -> None:
    """A performance of half a second with events, knobs and a level curve."""
    waveform = torch.from_numpy(np.sin(np.arange(12_000)).astype(np.float32))
    events = replace(EventList.of_times([0.0, 0.4], [1.0, 0.5], 0.5), curve=LevelCurve((-20.0, -30.0), 18.75))
    settings = PerformanceSettings(Category.Footstep, knobs=(("loudness", 0.5),))
    save(Performance(waveform, 24_000, events, settings, "tiny@0"), path.parent, path.stem)


def write_video(path: Path) -> None:
    """A second of a square that jumps, with a tone: small, so that damage hits what matters."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=12)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(12):
            shown = np.full((48, 64, 3), 40, np.uint8)
            shown[10:30, 4 * number : 4 * number + 16] = 230
            container.mux(picture.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(picture.encode(None))
        for first in range(0, 48_000, 1024):
            tone = 0.3 * np.sin(np.arange(first, first + 1024) / 10).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48_000, first
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


Entry = Callable[[random.Random, Kit, Path], None]  # makes an input in the folder and feeds it; raises what it raises
