"""Any file in, exactly the promised file out."""

import tracemalloc

import numpy as np
import pytest
import soundfile
import torch

from foley.audio.files import AudioError, fit_length, from_array, peak_dbfs, read_audio, recording_s, write_audio


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("a.wav", 48_000, 2, "PCM_16"),
        ("a.wav", 22_050, 1, "PCM_U8"),
        ("a.wav", 96_000, 6, "FLOAT"),
        ("a.flac", 44_100, 1, "PCM_24"),
        ("a.ogg", 44_100, 2, "VORBIS"),
        ("a.mp3", 44_100, 2, "MPEG_LAYER_III"),
    ],
)
def test_any_format_is_read_as_mono_at_the_wanted_rate(tmp_path, name, rate, channels, subtype):
    time = np.arange(rate) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(tmp_path / name, np.stack([tone] * channels, axis=1), rate, subtype=subtype)
    waveform = read_audio(tmp_path / name, 24_000)
    assert waveform.dtype == torch.float32
    assert abs(waveform.shape[0] - 24_000) < 2500  # MP3 and Vorbis pad
    spectrum = torch.fft.rfft(waveform[4000:20_000])
    assert abs(float(spectrum.abs().argmax()) * 24_000 / 16_000 - 440) < 3
    assert abs(peak_dbfs(waveform[4000:20_000]) + 6.02) < 0.7


def test_only_the_wanted_seconds_of_a_long_recording_come_into_memory(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.random.default_rng(0).standard_normal(24_000 * 60) * 0.1, 24_000)
    tracemalloc.start()
    assert read_audio(path, 24_000, max_seconds=4.0).shape == (96_000,)
    assert recording_s(path) == 60
    assert tracemalloc.get_traced_memory()[1] < 24_000 * 30 * 4
    tracemalloc.stop()


def unusable(tmp_path, kind):
    path = tmp_path / f"{kind}.wav"
    if kind == "text":
        path.write_text("%PDF-1.7 this is no sound")
    elif kind == "nothing":
        path.write_bytes(b"")
    elif kind == "cut":
        soundfile.write(path, np.zeros(0), 24_000)
    elif kind == "silent":
        soundfile.write(path, np.zeros(24_000), 24_000)
    elif kind == "nan":
        soundfile.write(path, np.full(24_000, np.nan), 24_000, subtype="FLOAT")
    elif kind == "deafening":
        soundfile.write(path, np.full(24_000, 1e30), 24_000, subtype="FLOAT")
    return path


@pytest.mark.parametrize("kind", ["missing", "text", "nothing", "cut", "silent", "nan", "deafening"])
def test_what_cannot_be_used_is_named_in_one_sentence(tmp_path, kind):
    with pytest.raises(AudioError, match=kind) as caught:
        read_audio(unusable(tmp_path, kind), 24_000)
    assert "\n" not in str(caught.value)


def test_arrays_of_integers_and_channels_are_understood():
    stereo = (np.random.default_rng(0).standard_normal((4800, 2)) * 3000).astype(np.int16)
    mono = from_array(stereo, 24_000, 24_000)
    assert torch.allclose(mono, torch.from_numpy(stereo.mean(axis=1) / 32768).float(), atol=1e-6)


def test_length_is_cut_or_padded():
    waveform = torch.arange(10.0)
    assert fit_length(waveform, 4, start=3).tolist() == [3, 4, 5, 6]
    assert fit_length(waveform, 12)[9:].tolist() == [9, 0, 0]


def test_what_is_written_is_what_is_read(tmp_path):
    waveform = 0.3 * torch.randn(4800, generator=torch.Generator().manual_seed(0)).clamp(-3, 3)
    path = write_audio(tmp_path / "deep" / "take.wav", waveform, 24_000)
    assert soundfile.info(path).subtype == "PCM_24"
    assert float((read_audio(path, 24_000) - waveform).abs().max()) < 2**-22
    assert [file.name for file in path.parent.iterdir()] == ["take.wav"]
