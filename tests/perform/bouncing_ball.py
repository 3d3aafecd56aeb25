"""A silent video of a ball that hits the floor at known times."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

HITS_S = (1.0, 2.3, 3.7, 5.2, 6.6, 8.4)
HEIGHT, WIDTH, RADIUS = 240, 320, 10
FLOOR = HEIGHT - 20


def ball_height(time: float, hits: Iterable[float]) -> float:
    """How far above the floor the ball is, in pixels."""
    before = [hit for hit in hits if hit <= time]
    after = [hit for hit in hits if hit > time]
    if not after:
        return 0.0
    if not before:
        return min(200 * (after[0] - time) ** 2, 180)
    length = after[0] - before[-1]
    share = (time - before[-1]) / length
    return 4 * min(150, 90 * length**2) * share * (1 - share)


def write_ball_video(path: Path, rate: Fraction, seconds: float = 10.0, hits: tuple[float, ...] = HITS_S) -> Path:
    """Write the video; without hits, nothing moves."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(round(seconds * rate)):
            time = float(number / rate)
            picture = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
            picture[FLOOR + 8 :] = 90
            y, x = FLOOR - ball_height(time, hits), 60 + 18 * min(time, max(hits, default=0.0))
            picture[(rows - y) ** 2 + (columns - x) ** 2 < RADIUS**2] = 230
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
