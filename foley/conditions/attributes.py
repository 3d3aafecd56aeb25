"""Six attributes of a sound, each a number that grows with its knob; measured, not learned.

All are taken over the loud frames (within 30 dB of the loudest), so that silence around an event changes none of them.
"""

import numpy as np
from torch import Tensor

from foley.audio.loudness import loudness_lufs

FRAME_S, HOP_S = 0.064, 0.016
LOUD_DB = 30.0  # below the loudest frame
BUSY_DB = 20.0  # below it: what counts as sounding, for the density
FALL_DB = 20.0  # whose duration is the tail
PITCH_HZ = (50.0, 1500.0)
FLAT_BAND_HZ = 375.0  # in which a tone stands out of noise
TONE_HZ = (100.0, 6000.0)


def measure(waveform: Tensor, sample_rate: int) -> dict[str, float]:
    """The attributes of a mono waveform (samples,).

    `pitch` is where its weight lies below 1.5 kHz and `brightness` where it lies in all, in octaves above 1 Hz; `tone`
    how far its spectrum is from flat in narrow bands, in dB; `loudness` LUFS; `density` the share of time that sounds;
    `tail` how long it takes to fall by 20 dB from the loudest moment, in octaves of a second.
    """
    samples = waveform.detach().cpu().numpy().astype(np.float64)
    power = _spectra(samples, sample_rate)
    level = 10 * np.log10(power.sum(axis=1) + 1e-12)
    loud = power[level >= level.max() - LOUD_DB]
    mean = loud.mean(axis=0)
    frequencies = np.fft.rfftfreq(2 * (power.shape[1] - 1), 1 / sample_rate)
    return {
        "pitch": _centre(mean, frequencies, *PITCH_HZ),
        "tone": _tone(loud, frequencies),
        "brightness": _centre(np.sqrt(mean), frequencies, 60.0, sample_rate / 2),
        "loudness": loudness_lufs(waveform, sample_rate),
        "density": float((level >= level.max() - BUSY_DB).mean()),
        "tail": _tail(level),
    }


def _spectra(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Power spectra (frames, bins) of the waveform, padded where it is shorter than a frame."""
    size, hop = round(FRAME_S * sample_rate), round(HOP_S * sample_rate)
    padded = np.pad(samples, (0, max(0, size - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size)
    return np.square(np.abs(np.fft.rfft(frames, axis=1)))


def _centre(weights: np.ndarray, frequencies: np.ndarray, low: float, high: float) -> float:
    inside = (frequencies >= low) & (frequencies <= high)
    weight = weights[inside] / frequencies[inside]  # of equal weight in every octave
    return float((np.log2(frequencies[inside]) * weight).sum() / (weight.sum() + 1e-30))


def _tone(spectra: np.ndarray, frequencies: np.ndarray) -> float:
    """Arithmetic over geometric mean in bands, in dB: 0 for a flat spectrum, about 2.5 for noise, more for tones."""
    width = max(2, int(FLAT_BAND_HZ / frequencies[1]))
    first, last = np.searchsorted(frequencies, TONE_HZ)
    bands = (last - first) // width
    power = spectra[:, first : first + bands * width].reshape(len(spectra), bands, width) + 1e-12
    peaked = 10 * np.log10(power.mean(axis=2)) - 10 * np.log10(power).mean(axis=2)
    weight = power.sum(axis=2)
    return float((peaked * weight).sum() / weight.sum())


def _tail(level: np.ndarray) -> float:
    loudest = int(level.argmax())
    after = level[loudest:]
    fallen = np.flatnonzero(after <= level[loudest] - FALL_DB)
    frames = int(fallen[0]) if len(fallen) else len(after)
    return float(np.log2(max(frames, 1) * HOP_S))
