"""One-shots: single events cut out of fresh takes, to be placed to the sample."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import butter, sosfilt

from foley.audio.onsets import find_onsets
from foley.audio.single_events import single_events
from foley.sampling.noise import uniform_field
from foley.takes.take import Take

LEVEL_S = 0.05  # from the onset on: the stretch whose level is a one-shot's
MOST_SHIFT_S = 0.005  # between a one-shot's onset in its take and by itself
SOFTEST_DB, SOFTEST_CUTOFF_HZ = -24.0, 2_500.0  # what strength 0 does to level and brightness


@dataclass(frozen=True)
class OneShot:
    """One event, `samples` (samples,) with its onset at `onset`; `source` names the take that it is from."""

    samples: np.ndarray
    onset: int
    source: str

    def level_db(self, sample_rate: int) -> float:
        """The RMS level in dBFS of the first 50 ms from the onset on."""
        part = self.samples[self.onset : self.onset + round(LEVEL_S * sample_rate)]
        return 10 * float(np.log10(max(float(np.mean(np.square(part))), 1e-12)))


def one_shots_of(take: Take, source: str) -> list[OneShot]:
    """The single events of a take, each up to where its tail ends or the next one begins."""
    events = single_events(take.waveform, take.sample_rate)
    return [OneShot(event.samples, event.onset, source) for event in events]


def choose(shots: list[OneShot], count: int, seed: int) -> list[OneShot]:
    """`count` one-shots: each is used before any is used again, and neighbours come from different takes.

    Raises ValueError when all there are come from one take.
    """
    if len({shot.source for shot in shots}) < 2 and count > 1:
        raise ValueError("All single events come from one take: draw more takes, or another class or temperature.")
    chosen: list[OneShot] = []
    waiting: list[OneShot] = []
    order = uniform_field(seed, max(1, count), len(shots))
    while len(chosen) < count:
        if not waiting:
            waiting = [shots[place] for place in order[len(chosen)].argsort(kind="stable")]
        last = chosen[-1].source if chosen else ""
        place = next((n for n, shot in enumerate(waiting) if shot.source != last), None)
        if place is None:  # only the last take's own are left: begin again
            waiting = []
            continue
        chosen.append(waiting.pop(place))
    return chosen


def at_strength(shot: OneShot, strength: float, level_db: float, sample_rate: int) -> np.ndarray:
    """A one-shot's samples at `level_db` dBFS for strength 1; softer hits are quieter and darker."""
    wanted = level_db + SOFTEST_DB * (1 - strength)
    nyquist = sample_rate / 2
    cutoff = SOFTEST_CUTOFF_HZ * (0.99 * nyquist / SOFTEST_CUTOFF_HZ) ** strength
    samples = shot.samples.astype(np.float64)
    if cutoff < 0.95 * nyquist:
        # first order: softer hits lose their brightness by 6 dB an octave, not their attack
        samples = np.asarray(sosfilt(butter(1, cutoff / nyquist, output="sos"), samples))
    now = OneShot(samples, shot.onset, shot.source).level_db(sample_rate)
    return samples * 10 ** ((wanted - now) / 20)


def best_shots(shots: Iterable[OneShot], sample_rate: int) -> list[OneShot]:
    """Those that hold one event only, heard by themselves; all of them where hardly any does."""
    shots = list(shots)
    single = [shot for shot in shots if _is_single(shot, sample_rate)]
    return single if len({shot.source for shot in single}) > 1 else shots


def _is_single(shot: OneShot, sample_rate: int) -> bool:
    silence = np.zeros(round(2 * LEVEL_S * sample_rate), np.float32)
    heard = find_onsets(torch.from_numpy(np.concatenate([silence, shot.samples, silence])), sample_rate)
    return len(heard) == 1 and abs(heard[0].sample - len(silence) - shot.onset) <= MOST_SHIFT_S * sample_rate
