"""Seamless loops: where a sound may run back into itself, crossfaded there, and how much that can be noticed."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.fft import irfft, next_fast_len, rfft
from torch import Tensor

CROSSFADE_S = 0.25
SEARCHED = 0.3  # share of the sound at either end in which a seam is looked for
MOST_BEGINNINGS = 96  # places that are tried for the loop's beginning: in a long sound fewer a second
SEARCH_RATE, EXACT_S = 6_000, 8.0  # of sounds longer than this, the seam is first looked for at a lower rate
MOST_REFINED = 6  # of the seams found at the lower rate
SILENT = 0.01  # of the loudest stretch: -40 dB; a seam there is not heard
FRAME, HOP, BANDS = 512, 128, 32


class Loop(NamedTuple):
    """`waveform` (samples,) that may follow itself, and how its seam stands out.

    `seam_db` compares the largest change of the spectrum at the seam with the largest that the sound makes anyway
    (its 95th percentile): at 0 dB and below nobody can point to it.
    """

    waveform: Tensor
    seam_db: float


def seamless_loop(waveform: Tensor, sample_rate: int, crossfade_s: float = CROSSFADE_S) -> Loop:
    """A mono waveform (samples,) as a loop: cut and crossfaded in its silence, or else where its ends are most alike.

    Raises ValueError when it is too short for the crossfade or silent.
    """
    samples = waveform.numpy().astype(np.float64)
    fade = round(crossfade_s * sample_rate)
    if len(samples) < 6 * fade:
        raise ValueError(f"The sound is {len(samples) / sample_rate:.2f} s long: too short to be looped.")
    if not np.abs(samples).max() > 0:
        raise ValueError("The sound is silent: there is nothing to loop.")
    begin, end = _best_seam(samples, sample_rate, fade)
    loop = samples[begin:end].copy()
    before, after = samples[end - fade : end], samples[begin - fade : begin]
    similarity = float(before @ after / (np.linalg.norm(before) * np.linalg.norm(after) + 1e-12))
    ramp = np.sin(0.5 * np.pi * (np.arange(fade) + 0.5) / fade) ** 2
    # of the same power for similarity 0 as for 1, which sines or straight lines alone are not
    power = np.sqrt(ramp**2 + (1 - ramp) ** 2 + 2 * max(similarity, 0.0) * ramp * (1 - ramp))
    loop[-fade:] = ((1 - ramp) * before + ramp * after) / power
    return Loop(torch.from_numpy(loop).float(), _seam(loop, fade))


def _best_seam(samples: np.ndarray, sample_rate: int, fade: int) -> tuple[int, int]:
    """First and last place of the loop, between which the crossfaded stretches of `fade` samples are most alike."""
    reach = round(SEARCHED * len(samples))
    slower = sample_rate // SEARCH_RATE if len(samples) > EXACT_S * sample_rate else 1
    if slower < 2:
        return _alike(samples, fade, reach)[0][1:]
    from scipy.signal import resample_poly  # imported here: it takes most of a second

    coarse = resample_poly(samples, 1, slower)
    found = _alike(coarse, fade // slower, reach // slower)[:MOST_REFINED]
    exact = [_exact(samples, fade, begin * slower, end * slower, 2 * slower) for _, begin, end in found]
    return max(exact)[1:]


def _alike(samples: np.ndarray, fade: int, reach: int) -> list[tuple[float, int, int]]:
    """The best end for each beginning, as (score, begin, end), the best first."""
    found = []
    tail = samples[-reach - fade :]
    norms, loudest = _norms(tail, fade), float(_norms(samples, fade).max())
    size = next_fast_len(len(tail) + fade, real=True)
    spectrum = np.asarray(rfft(tail, size))
    for begin in range(fade, fade + reach, max(1, fade // 8, reach // MOST_BEGINNINGS)):
        piece = samples[begin - fade : begin]
        norm = np.linalg.norm(piece) + 1e-9
        products = np.asarray(irfft(spectrum * np.conj(np.asarray(rfft(piece, size))), size))[: len(norms)]
        score = _score(products, norms, norm, loudest)
        place = int(score.argmax())
        found.append((float(score[place]), begin, len(samples) - len(tail) + place + fade))
    return sorted(found, reverse=True)


def _exact(samples: np.ndarray, fade: int, begin: int, end: int, around: int) -> tuple[float, int, int]:
    """The best end near one, to the sample, as (score, begin, end)."""
    begin, loudest = max(begin, fade), float(_norms(samples, fade).max())
    first = max(end - around, begin + fade)
    last = min(end + around, len(samples))
    stretches = np.lib.stride_tricks.sliding_window_view(samples[first - fade : last], fade)
    piece = samples[begin - fade : begin]
    norms = np.linalg.norm(stretches, axis=1) + 1e-9
    score = _score(stretches @ piece, norms, np.linalg.norm(piece) + 1e-9, loudest)
    place = int(score.argmax())
    return float(score[place]), begin, first + place


def _score(products: np.ndarray, norms: np.ndarray, norm: float | np.floating, loudest: float) -> np.ndarray:
    """How good seams are between a stretch of level `norm` and others, by their inner products and levels.

    Levels count as much as shapes: a loop from a loud place into a quiet one would pump. Silence goes before all.
    """
    silent = (norms < SILENT * loudest) & (norm < SILENT * loudest)
    levels = np.log(np.maximum(norms, SILENT * loudest) / max(norm, SILENT * loudest))
    return products / (norm * norms) - np.abs(levels) + 2.0 * silent


def _norms(samples: np.ndarray, fade: int) -> np.ndarray:
    """The level of every stretch of `fade` samples."""
    energy = np.concatenate([[0.0], np.cumsum(samples**2)])
    return np.sqrt(np.maximum(energy[fade:] - energy[:-fade], 0.0)) + 1e-9


def _seam(loop: np.ndarray, fade: int) -> float:
    """How far the spectrum moves at the seam, from frame to frame and over the crossfade, above what is usual."""
    twice = np.concatenate([loop, loop[: len(loop) // 2]])
    frames = np.lib.stride_tricks.sliding_window_view(twice, FRAME)[::HOP] * np.hanning(FRAME)
    bands = np.abs(np.fft.rfft(frames, axis=1))[:, : FRAME // 2].reshape(len(frames), BANDS, -1).sum(axis=2)
    level = np.log(bands + 1e-6)
    figures = []
    for lag in (1, fade // HOP):
        change = np.abs(level[lag:] - level[:-lag]).mean(axis=1)
        centres = (np.arange(len(change)) + lag / 2) * HOP + FRAME / 2
        at_seam = (centres > len(loop) - fade - FRAME) & (centres < len(loop) + FRAME)
        figures.append(max(change[at_seam].max(), 1e-9) / max(np.percentile(change[~at_seam], 95), 1e-9))
    return float(20 * np.log10(max(figures)))
