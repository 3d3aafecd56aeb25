"""Events in a picture: where motion turns, stops or begins suddenly.

What hits something changes its velocity within one frame. So an event is a jump of the velocity with which the centre
of the motion moves, or a sudden start of motion; both against what is usual in the video.
"""

import numpy as np

from foley.perform.events import Event, EventError, EventList, LevelCurve
from foley.perform.video import Motion

GAP_S = 0.12  # between two events
FIRST_FRAMES = 3  # before these, nothing was seen that could turn
LEAST_JUMP = 0.3  # of the velocity's change, in picture heights a second: slower turns make no sound
LEAST_SHARE = 0.25  # of the hardest events: softer turns are not taken for hits
TYPICAL_TIMES = 4.0  # how far above the usual change a jump has to stand
LEAST_ENERGY = 2e-5  # of a picture that moves at all
START_TIMES = 6.0  # how much more motion than just before is a sudden start
CURVE_RANGE_DB = 40.0


def events_in_motion(motion: Motion, duration_s: float, strongest: float = 1.0) -> EventList:
    """The events that a picture's motion suggests, their strengths by how hard they are, and motion as a level curve.

    Raises EventError when nothing moves.
    """
    if not (motion.energy > LEAST_ENERGY).any():
        raise EventError("Nothing moves in the picture: tap the events yourself, or draw them.")
    jumps = _velocity_jumps(motion)
    starts = _sudden_starts(motion)
    score = np.maximum(jumps, starts)
    gap = GAP_S
    order = np.argsort(-score, kind="stable")
    chosen: list[int] = []
    for number in order:
        if score[number] <= 0:
            break
        if all(abs(motion.times_s[number] - motion.times_s[other]) >= gap for other in chosen):
            chosen.append(int(number))
    times = motion.times_s[chosen]
    hardest = score[chosen].max() if chosen else 1.0
    events = (
        Event(float(time), float(np.clip(strongest * np.sqrt(value / hardest), 0.05, 1.0)))
        for time, value in zip(times, score[chosen], strict=True)
        if time < duration_s
    )
    return EventList(tuple(events), duration_s, motion_curve(motion, duration_s))


def motion_curve(motion: Motion, duration_s: float, rate: float = 18.75) -> LevelCurve:
    """Motion over time as levels in dB, the most motion at -12 dBFS, for a bed that follows it."""
    from scipy.ndimage import gaussian_filter1d  # imported here: the page opens without it

    times = (np.arange(int(np.ceil(duration_s * rate))) + 0.5) / rate
    energy = np.interp(times, motion.times_s, gaussian_filter1d(motion.energy, 2, mode="nearest"))
    levels = 10 * np.log10(np.maximum(energy / max(energy.max(), 1e-9), 10 ** (-CURVE_RANGE_DB / 10)))
    levels = np.where(levels <= -CURVE_RANGE_DB, -60.0, levels - 12.0)
    return LevelCurve(tuple(levels.tolist()), rate)


def _velocity_jumps(motion: Motion) -> np.ndarray:
    """How suddenly the centre of motion turns or stops at each frame (frames,), 0 where it does not."""
    moving = motion.energy > LEAST_ENERGY
    scores = np.zeros(len(motion.times_s))
    if moving.sum() < 3:
        return scores
    place = np.stack(
        [np.interp(motion.times_s, motion.times_s[moving], motion.centre[moving, axis]) for axis in range(2)], axis=1
    )
    # momentum: what hardly moves has no weight, however its centre jumps from pixel to pixel
    weight = np.sqrt(motion.energy / motion.energy.max())
    step = np.diff(motion.times_s)
    velocity = np.diff(place, axis=0) / step[:, None] * np.minimum(weight[1:], weight[:-1])[:, None]
    change = np.linalg.norm(np.diff(velocity, axis=0), axis=1)
    # what hits between two frames spreads over both: the later half counts as far as the earlier
    pair = change + np.minimum(np.concatenate([change[1:], [0.0]]), change)
    usual = np.median(pair[moving[1:-1]]) if moving[1:-1].any() else 0.0
    hardest = float(np.sort(pair)[-3:].mean())
    stands_out = (pair > max(LEAST_JUMP, TYPICAL_TIMES * usual, LEAST_SHARE * hardest)) & moving[1:-1]
    peak = pair >= np.maximum(np.concatenate([[0.0], pair[:-1]]), np.concatenate([pair[1:], [0.0]]))
    scores[1:-1] = np.where(stands_out & peak, pair, 0.0)
    scores[:FIRST_FRAMES] = 0.0
    return scores


def _sudden_starts(motion: Motion) -> np.ndarray:
    """How suddenly motion begins at each frame (frames,), in the measure of velocity jumps; 0 where it does not."""
    from scipy.ndimage import median_filter

    usual = median_filter(motion.energy, 9, mode="nearest")
    before = np.concatenate([[motion.energy[0]], motion.energy[:-1]])
    ratio = motion.energy / np.maximum(np.maximum(usual, before), LEAST_ENERGY)
    start = (ratio > START_TIMES) & (motion.energy > 10 * LEAST_ENERGY)
    return np.where(start, np.minimum(ratio / START_TIMES, 5.0), 0.0)
