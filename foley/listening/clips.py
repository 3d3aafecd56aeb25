"""The clips of a listening test: all of one rate and length, equally loud within a class, and the spoiled ones."""

from pathlib import Path

import torch
import torchaudio.functional
from torch import Tensor

from foley.audio.files import fit_length, read_samples
from foley.audio.limiter import limit
from foley.audio.loudness import SILENCE, loudness_lufs, true_peak_dbtp
from foley.audio.resampling import resample

TARGET_LUFS, LOWEST_TARGET_LUFS = -23.0, -33.0
CEILING_DBTP = -1.0
MOST_GAIN_DB = 40.0  # more would make the noise of a quiet file the sound
FADE_S = 0.01  # where a longer sound was cut
SPOILED_HZ, SPOILED_STEPS = 1_000.0, 4  # of the anchor: what is left of the spectrum, and steps to either side of zero


def read_clip(path: Path, sample_rate: int, seconds: float) -> Tensor:
    """The first `seconds` of a file as (samples,), padded where it is shorter. Silence is let pass: a system may fail.

    Raises AudioError when the file cannot be read.
    """
    waveform, rate = read_samples(path, seconds + FADE_S)
    cut = len(waveform) > round(seconds * rate)
    samples = round(seconds * sample_rate)
    clip = fit_length(resample(waveform, rate, sample_rate), samples)
    if cut:
        fade = min(samples, round(FADE_S * sample_rate))
        clip[samples - fade :] *= torch.linspace(1, 0, fade)
    return clip


def rate_of(path: Path) -> int:
    """The sample rate of a sound file in Hz. Raises AudioError when it cannot be read."""
    return read_samples(path, 0.1)[1]


def spoil(waveform: Tensor, sample_rate: int) -> Tensor:
    """A waveform (samples,) that nobody takes for a recording: dull, and rounded to nine steps."""
    for _ in range(2):
        waveform = torchaudio.functional.lowpass_biquad(waveform, sample_rate, SPOILED_HZ)
    peak = waveform.abs().max().clamp(min=1e-6)
    return (waveform / peak * SPOILED_STEPS).round() / SPOILED_STEPS * peak


def equally_loud(clips: list[Tensor], sample_rate: int) -> tuple[list[Tensor], int]:
    """Clips (samples,) brought to one loudness, and the number of those whose peaks had to be limited for that.

    It is -23 LUFS, or less where a clip's peaks would not allow that, down to -33 LUFS: there one clip with a single
    high peak would make all others too quiet, and so that one is limited. Silent clips stay silent.
    """
    loudness = [loudness_lufs(clip, sample_rate) for clip in clips]
    peaks = [true_peak_dbtp(clip, sample_rate) for clip in clips]
    heard = [place for place, level in enumerate(loudness) if level > SILENCE]
    possible = [loudness[place] + CEILING_DBTP - peaks[place] for place in heard]
    target = max(LOWEST_TARGET_LUFS, min([TARGET_LUFS, *possible]))
    levelled, limited = list(clips), 0
    for place in heard:
        gain_db = min(MOST_GAIN_DB, target - loudness[place])
        levelled[place] = clips[place] * 10 ** (gain_db / 20)
        if peaks[place] + gain_db > CEILING_DBTP + 0.01:
            levelled[place] = limit(levelled[place], 10 ** (CEILING_DBTP / 20), sample_rate)
            limited += 1
    return levelled, limited
