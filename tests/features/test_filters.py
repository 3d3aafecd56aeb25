"""Our filter banks are librosa's, bit for bit."""

import librosa
import numpy as np
import pytest

from foley.features.filters import cqt_wavelets, hz_to_htk_mel, hz_to_mel, mel_filters, mel_to_hz

HERTZ = np.linspace(0, 12_000, 999)


@pytest.mark.parametrize("bank", [(24_000, 1024, 80, 0.0, 12_000.0), (22_050, 2048, 128, 20.0, 8_000.0)])
def test_mel_filters_are_librosas(bank):
    rate, n_fft, rows, low, high = bank
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=rows, fmin=low, fmax=high)
    np.testing.assert_array_equal(mel_filters(*bank), expected, strict=True)


def test_wavelets_are_librosas():
    wavelets, lengths = cqt_wavelets(24_000, 84, 65.4)
    frequencies = librosa.cqt_frequencies(84, fmin=65.4)
    expected, expected_lengths = librosa.filters.wavelet(freqs=frequencies, sr=24_000, pad_fft=True)
    np.testing.assert_allclose(wavelets, expected, atol=1e-9, strict=True)
    np.testing.assert_allclose(lengths, expected_lengths, rtol=1e-9)


def test_both_mel_scales_are_librosas():
    np.testing.assert_array_equal(hz_to_mel(HERTZ), librosa.hz_to_mel(HERTZ))
    np.testing.assert_array_equal(hz_to_htk_mel(HERTZ), librosa.hz_to_mel(HERTZ, htk=True))
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(HERTZ)), HERTZ, rtol=1e-12)
