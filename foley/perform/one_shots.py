"""One-shots: single events cut out of fresh takes, to be placed to the sample."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from foley.audio.onsets import LEAST_RISE_DB, find_onsets
from foley.audio.single_events import LEAD_S, SHORTEST_S, ended, single_events
from foley.sampling.noise import uniform_field, white_noise
from foley.takes.take import Take

LEVEL_S = 0.05  # from the onset on: the stretch whose level is a one-shot's
ROOM_DB = 20.0  # how far below an event what sounded before it has to be
RIPPLE_DB = 6.0  # within 12 ms: what rises as much in a one-shot may be heard as another event, some of the time
MOST_SWELL_DB = 12.0  # from a one-shot's begin to its loudest 50 ms: what grows more is no hit
MOST_SHIFT_S = 0.005  # of an onset that is heard over what sounded before it
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
    """The single events of a take, each up to where its tail ends or the next one begins.

    Those that begin too gently to be heard where another still sounds are left out.
    """
    events = single_events(take.waveform, take.sample_rate)
    shots = (_single(OneShot(event.samples, event.onset, source), take.sample_rate) for event in events)
    return [shot for shot in shots if shot is not None]


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
        from scipy.signal import butter, sosfilt  # imported here: it takes most of a second

        # first order: softer hits lose their brightness by 6 dB an octave, not their attack
        samples = np.asarray(sosfilt(butter(1, cutoff / nyquist, output="sos"), samples))
    now = OneShot(samples, shot.onset, shot.source).level_db(sample_rate)
    return samples * 10 ** ((wanted - now) / 20)


def _single(shot: OneShot, rate: int) -> OneShot | None:
    """A one-shot up to where another event is heard in it; None where its own begin is not heard, or it swells."""
    lead, least = round(LEAD_S * rate), round(SHORTEST_S * rate)
    if len(shot.samples) < least:
        return None
    # soft ones are darker: what is heard in them may be another event
    heard = [_heard(at_strength(shot, strength, 0.0, rate), rate, RIPPLE_DB) for strength in (1.0, 0.0)]
    if not all(onsets and abs(onsets[0] - shot.onset) <= MOST_SHIFT_S * rate for onsets in heard):
        return None
    end = min(onset - lead for onsets in heard for onset in (*onsets[1:], len(shot.samples) + lead))
    single = replace(shot, samples=ended(shot.samples[:end], lead, rate))
    if len(single.samples) < least or _swell_db(single, rate) > MOST_SWELL_DB:
        return None
    over = _heard(at_strength(single, 1.0, 0.0, rate), rate, noise_db=-ROOM_DB)
    return single if any(abs(onset - single.onset) <= MOST_SHIFT_S * rate for onset in over) else None


def _heard(samples: np.ndarray, rate: int, least_rise_db: float = LEAST_RISE_DB, noise_db: float = -200.0) -> list[int]:
    """Where onsets are heard in samples, with silence or with steady noise of a level before and below them."""
    before = round(2 * LEVEL_S * rate)
    noise = white_noise(0, before + len(samples) + before) * 10 ** (noise_db / 20)
    noise[before : before + len(samples)] += samples
    onsets = find_onsets(torch.from_numpy(noise), rate, least_rise_db=least_rise_db)
    return [onset.sample - before for onset in onsets]


def _swell_db(shot: OneShot, rate: int) -> float:
    """How far its loudest 50 ms lie above its first ones."""
    size = round(LEVEL_S * rate)
    power = np.convolve(np.square(shot.samples.astype(np.float64)), np.ones(size) / size, mode="valid")
    return 10 * float(np.log10(max(power.max(), 1e-12))) - shot.level_db(rate)
