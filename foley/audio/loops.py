"""Seamless loops: where a sound may run back into itself, crossfaded there, and how much that can be noticed."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

CROSSFADE_S = 0.25
SEARCHED = 0.3  # share of the sound at either end in which a seam is looked for
FRAME, HOP, BANDS = 512, 128, 32


class Loop(NamedTuple):
    """`waveform` (samples,) that may follow itself, and how its seam stands out.

    `seam_db` compares the largest change of the spectrum at the seam with the largest that the sound makes anyway
    (its 95th percentile): at 0 dB and below nobody can point to it.
    """

    waveform: Tensor
    seam_db: float


def seamless_loop(waveform: Tensor, sample_rate: int, crossfade_s: float = CROSSFADE_S) -> Loop:
    """A mono waveform (samples,) as a loop: cut and crossfaded where its two ends are most alike.

    Raises ValueError when it is too short for the crossfade or silent.
    """
    samples = waveform.numpy().astype(np.float64)
    fade = round(crossfade_s * sample_rate)
    if len(samples) < 6 * fade:
        raise ValueError(f"The sound is {len(samples) / sample_rate:.2f} s long: too short to be looped.")
    if not np.abs(samples).max() > 0:
        raise ValueError("The sound is silent: there is nothing to loop.")
    begin, end = _best_seam(samples, fade, round(SEARCHED * len(samples)))
    loop = samples[begin:end].copy()
    before, after = samples[end - fade : end], samples[begin - fade : begin]
    similarity = float(before @ after / (np.linalg.norm(before) * np.linalg.norm(after) + 1e-12))
    ramp = np.sin(0.5 * np.pi * (np.arange(fade) + 0.5) / fade) ** 2
    # of the same power for similarity 0 as for 1, which sines or straight lines alone are not
    power = np.sqrt(ramp**2 + (1 - ramp) ** 2 + 2 * max(similarity, 0.0) * ramp * (1 - ramp))
    loop[-fade:] = ((1 - ramp) * before + ramp * after) / power
    return Loop(torch.from_numpy(loop).float(), _seam(loop, fade))


def _best_seam(samples: np.ndarray, fade: int, reach: int) -> tuple[int, int]:
    """First and last place of the loop, between which the crossfaded stretches are most alike."""
    best = (-np.inf, fade, len(samples))
    tail = samples[-reach - fade :]
    energy = np.concatenate([[0.0], np.cumsum(tail**2)])
    norms = np.sqrt(energy[fade:] - energy[:-fade]) + 1e-9
    size = len(tail) + fade
    spectrum = np.fft.rfft(tail, size)
    # levels count as much as shapes: a loop from a loud place into a quiet one would pump
    for begin in range(fade, fade + reach, max(1, fade // 8)):
        piece = samples[begin - fade : begin]
        norm = np.linalg.norm(piece) + 1e-9
        similarity = np.fft.irfft(spectrum * np.fft.rfft(piece, size).conj(), size)[: len(norms)] / (norm * norms)
        score = similarity - np.abs(np.log(norms / norm))
        place = int(score.argmax())
        if score[place] > best[0]:
            best = (score[place], begin, len(samples) - len(tail) + place + fade)
    return best[1], best[2]


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
