"""Filter banks of mel spectrograms and of the constant-Q transform, as librosa computes them, with numpy alone.

Machines that only train need not have librosa: what it gives is a few lines.
"""

import numpy as np

LINEAR_BELOW = 1000.0  # Hz: Slaney's mel scale is linear up to here and logarithmic above
HERTZ_A_MEL = 200.0 / 3
MELS_LINEAR = LINEAR_BELOW / HERTZ_A_MEL
LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hertz: np.ndarray | float) -> np.ndarray:
    """Frequencies in Hz, of any shape, on Slaney's mel scale."""
    hertz = np.asarray(hertz, dtype=np.float64)
    logarithmic = MELS_LINEAR + np.log(np.maximum(hertz, LINEAR_BELOW) / LINEAR_BELOW) / LOG_STEP
    return np.where(hertz >= LINEAR_BELOW, logarithmic, hertz / HERTZ_A_MEL)


def mel_to_hz(mels: np.ndarray) -> np.ndarray:
    """The inverse of `hz_to_mel`."""
    mels = np.asarray(mels, dtype=np.float64)
    logarithmic = LINEAR_BELOW * np.exp(LOG_STEP * (np.maximum(mels, MELS_LINEAR) - MELS_LINEAR))
    return np.where(mels >= MELS_LINEAR, logarithmic, HERTZ_A_MEL * mels)


def hz_to_htk_mel(hertz: np.ndarray) -> np.ndarray:
    """Frequencies in Hz, of any shape, on HTK's mel scale."""
    return 2595.0 * np.log10(1.0 + np.asarray(hertz, dtype=np.float64) / 700.0)


def mel_filters(sample_rate: int, n_fft: int, rows: int, f_min: float, f_max: float) -> np.ndarray:
    """Triangles of Slaney's mel scale, each of the area 2 / its width: float32 weights (rows, n_fft // 2 + 1)."""
    edges = mel_to_hz(np.linspace(hz_to_mel(f_min), hz_to_mel(f_max), rows + 2))
    ramps = np.subtract.outer(edges, np.fft.rfftfreq(n_fft, 1 / sample_rate))
    widths = np.diff(edges)[:, None]
    rising, falling = -ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    triangles *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return triangles


def cqt_wavelets(sample_rate: int, bins: int, lowest_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Wavelets of a constant-Q transform of 12 bins an octave, and their lengths in samples (bins,).

    Complex64 (bins, n_fft): each a Hann window of the L1 norm 1, centred; n_fft is the power of two that holds them.
    """
    from scipy.signal import get_window  # imported here: mels need no windows of this kind

    frequencies = lowest_hz * 2.0 ** (np.arange(bins) / 12)
    quality = (2.0 ** (2 / 12) + 1) / (2.0 ** (2 / 12) - 1)
    lengths = quality * sample_rate / frequencies
    n_fft = int(2.0 ** np.ceil(np.log2(lengths.max())))
    wavelets = np.zeros((bins, n_fft), np.complex64)
    for wavelet, length, frequency in zip(wavelets, lengths, frequencies, strict=True):
        phases = np.arange(-length // 2, length // 2, dtype=float) * 2 * np.pi * frequency / sample_rate
        signal = np.exp(1j * phases) * get_window("hann", len(phases))
        start = (n_fft - len(signal)) // 2
        wavelet[start : start + len(signal)] = signal / np.abs(signal).sum()
    return wavelets, lengths
