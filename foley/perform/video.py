"""Videos: what is in one, the motion in its picture, the sound on its track, and a new sound laid under its picture.

Limits stand here. Pictures are looked at small and grey, so that five minutes take seconds and little memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foley.perform.events import LONGEST_S, EventError
from foley.system.files import replacing

MOST_BYTES = 4 * 2**30
MOST_FRAMES = int(LONGEST_S * 120)
MOST_PIXELS = 8192 * 8192
WIDTH, HEIGHT = 160, 90  # what motion is looked for in
SOUND_RATE = 48_000  # of the track that is laid in
FEWEST_FRAMES = 3
MOTION_RATE = 31.0  # pictures a second that are compared: faster ones show too little change between two


class VideoError(EventError):
    """A video that cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video holds: `duration_s`, frames a second on average, its size in pixels, and whether it has sound."""

    duration_s: float
    frame_rate: Fraction
    width: int
    height: int
    has_sound: bool


@dataclass(frozen=True)
class Motion:
    """For each frame but the first: its time in seconds, how much changed (0 to 1), and where (x, y from 0 to 1).

    `times_s` and `energy` (frames,), `centre` (frames, 2).
    """

    times_s: np.ndarray
    energy: np.ndarray
    centre: np.ndarray


def video_info(path: str | Path) -> VideoInfo:
    """What a video holds. Raises VideoError for one that is missing, broken, too long, or has no picture."""
    with _opened(path) as container:
        return _info(container, Path(path).name)


def read_motion(path: str | Path, progress: Callable[[float], None] | None = None) -> Motion:
    """The motion in a video's picture; variable frame rates keep their own times.

    `progress` is told the share done, from 0 to 1. Raises VideoError as `video_info`, and for fewer than three frames.
    """
    name = Path(path).name
    with _opened(path) as container:
        duration = _info(container, name).duration_s
        times, energy, centre = [], [], []
        before: np.ndarray | None = None
        compared = 0.0
        grid = np.stack(np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT)), axis=-1)
        for time, picture in _pictures(container):
            if time > LONGEST_S or len(times) > MOST_FRAMES:
                raise VideoError(f"{name} is longer than {LONGEST_S:g} s: cut out the part that you work on.")
            if before is not None and time - compared < 1 / MOTION_RATE - 1e-4:
                continue
            if before is not None:
                change = np.abs(picture - before)
                change[change < 0.03] = 0.0  # grain and compression
                total = float(change.sum())
                times.append(time)
                energy.append(total / change.size)
                centre.append((change[..., None] * grid).sum(axis=(0, 1)) / total if total else np.full(2, np.nan))
                if progress and len(times) % 30 == 0:
                    progress(min(1.0, time / duration))
            before, compared = picture, time
    if len(times) + 1 < FEWEST_FRAMES:
        raise VideoError(f"{name} has {len(times) + 1} frames: there is no motion to be seen in a still picture.")
    return Motion(np.array(times), np.array(energy), np.array(centre))


def production_sound(path: str | Path, sample_rate: int) -> Tensor | None:
    """The video's own sound as mono float32 (samples,) from second 0 of its picture on; None where it has none.

    Raises VideoError as `video_info`.
    """
    import av

    name = Path(path).name
    with _opened(path) as container:
        if not _info(container, name).has_sound:
            return None
        begin = _begin(container)
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout="mono", rate=sample_rate)
        pieces: list[np.ndarray] = []
        first: float | None = None
        count = 0
        with _broken(name):
            for frame in container.decode(stream):
                if first is None:
                    first = float(frame.time or 0.0) - begin
                for part in resampler.resample(frame):
                    pieces.append(part.to_ndarray().reshape(-1))
                    count += len(pieces[-1])
                if count > (LONGEST_S + 10) * sample_rate:
                    break
            pieces += [part.to_ndarray().reshape(-1) for part in resampler.resample(None)]
    sound = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    shift = round((first or 0.0) * sample_rate)
    sound = np.concatenate([np.zeros(max(0, shift), np.float32), sound[max(0, -shift) :]])
    return torch.from_numpy(sound[: round(LONGEST_S * sample_rate)].astype(np.float32)) if len(sound) else None


def lay_sound(path: str | Path, waveform: Tensor, sample_rate: int, out: str | Path) -> Path:
    """The video with a mono sound (samples,) in place of its own: the picture stream copied, the sound as AAC.

    Written whole or not at all, as MP4 (MOV or MKV where the name of `out` says so). Raises VideoError.
    """
    import av

    from foley.takes.export import resampled

    path, out = Path(path), Path(out)
    if out.suffix.lower() not in (".mp4", ".mov", ".mkv"):
        raise VideoError(f"{out.name} must end in .mp4, .mov or .mkv.")
    sound = resampled(waveform, sample_rate, SOUND_RATE).clamp(-1, 1).numpy().astype(np.float32)
    with _opened(path) as source, replacing(out) as temporary, _broken(path.name):
        _info(source, path.name)
        picture = source.streams.video[0]
        begin = _begin(source)
        with av.open(str(temporary), "w", format={".mkv": "matroska"}.get(out.suffix.lower(), out.suffix[1:])) as sink:
            copied = sink.add_stream_from_template(picture)
            track = sink.add_stream("aac", rate=SOUND_RATE, layout="mono")
            track.bit_rate = 192_000
            packets = _sound_packets(track, sound)
            waiting = next(packets, None)
            offset = round(begin / float(picture.time_base or Fraction(1)))
            for packet in source.demux(picture):
                if packet.dts is None:
                    continue
                packet.dts -= offset
                packet.pts = packet.dts if packet.pts is None else packet.pts - offset
                now = float(packet.dts * packet.time_base)
                while waiting is not None and (waiting.pts or 0) * waiting.time_base <= now:
                    sink.mux(waiting)
                    waiting = next(packets, None)
                packet.stream = copied
                sink.mux(packet)
            while waiting is not None:
                sink.mux(waiting)
                waiting = next(packets, None)
    return out


def _sound_packets(track: Any, sound: np.ndarray) -> Iterator[Any]:
    import av

    size = 1024
    for first in range(0, len(sound), size):
        piece = sound[first : first + size]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, first, Fraction(1, SOUND_RATE)
        yield from track.encode(frame)
    yield from track.encode(None)


def _info(container: Any, name: str) -> VideoInfo:
    if not container.streams.video:
        raise VideoError(f"{name} has no picture: choose a video, or open it as a recording.")
    picture = container.streams.video[0]
    if picture.codec_context is None:
        raise VideoError(f"{name} has pictures in a format that nobody here can read: export it again as H.264.")
    rate = picture.average_rate or picture.guessed_rate or Fraction(25)
    if picture.duration and picture.time_base:
        seconds = float(picture.duration * picture.time_base)
    else:
        seconds = (container.duration or 0) / 1_000_000
    if seconds <= 0:
        raise VideoError(f"{name} does not say how long it lasts: export it again.")
    if seconds > LONGEST_S + 1:
        raise VideoError(f"{name} lasts {seconds:.0f} s: cut out the part you need, {LONGEST_S:g} s at most.")
    if picture.width * picture.height > MOST_PIXELS or not picture.width:
        raise VideoError(f"{name} has pictures of {picture.width} x {picture.height}: that is no usual size.")
    return VideoInfo(seconds, Fraction(rate), picture.width, picture.height, bool(container.streams.audio))


def _begin(container: Any) -> float:
    """The time of the picture's first frame in seconds: second 0 of everything here."""
    picture = container.streams.video[0]
    return float(picture.start_time * picture.time_base) if picture.start_time else 0.0


def _pictures(container: Any) -> Iterator[tuple[float, np.ndarray]]:
    """Times in seconds and grey pictures (90, 160) from 0 to 1."""
    picture = container.streams.video[0]
    picture.thread_type = "AUTO"
    begin, last = _begin(container), -1.0
    for frame in container.decode(picture):
        time = float(frame.time) - begin if frame.time is not None else last + float(1 / (picture.average_rate or 25))
        if time <= last:
            continue
        last = time
        grey = frame.reformat(width=WIDTH, height=HEIGHT, format="gray").to_ndarray()
        yield time, grey.astype(np.float32) / 255


@contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    """A container that PyAV has opened. Raises VideoError."""
    try:
        import av
    except ImportError:
        raise VideoError("Videos need PyAV, which is not installed: pip install av.") from None

    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError:
        raise VideoError(f"{path.name} is not there: check the name of the video.") from None
    if size > MOST_BYTES:
        raise VideoError(f"{path.name} has {size / 2**30:.1f} GiB: {MOST_BYTES // 2**30} GiB is the most.")
    with _broken(path.name):
        container = av.open(str(path.resolve()), options={"protocol_whitelist": "file"})
        with container:
            yield container


@contextmanager
def _broken(name: str) -> Iterator[None]:
    from av.error import FFmpegError

    try:
        yield
    except (FFmpegError, ValueError, EOFError, MemoryError) as error:
        if isinstance(error, EventError):
            raise
        raise VideoError(f"{name} cannot be read as video: it is broken, or of a kind that is not read here.") from None
