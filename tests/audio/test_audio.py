"""Any file in, exactly the promised file out."""

import resource
import struct
import tracemalloc

import av
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


@pytest.mark.parametrize("rate", [1_000, 24_001, 44_101, 65_537, 192_001, 384_000])
def test_odd_rates_are_read_right_and_cost_no_memory(tmp_path, rate):
    time = np.arange(rate // 2) / rate
    soundfile.write(tmp_path / "odd.wav", 0.5 * np.sin(2 * np.pi * 110 * time), rate, subtype="FLOAT")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    waveform = read_audio(tmp_path / "odd.wav", 24_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB
    expected = 0.5 * np.sin(2 * np.pi * 110 * np.arange(len(waveform)) / 24_000)
    assert abs(len(waveform) - 12_000) <= 1
    assert np.abs(waveform.numpy() - expected)[1000:-1000].max() < 2e-3


@pytest.mark.parametrize("rate", [1, 999, 384_001, 655_350])
def test_rates_beyond_the_limits_are_named(tmp_path, rate):
    soundfile.write(tmp_path / "odd.wav", np.ones(100), rate)
    with pytest.raises(AudioError, match=rf"odd\.wav has a sample rate of {rate} Hz"):
        read_audio(tmp_path / "odd.wav", 24_000)


def test_more_channels_than_the_limit_are_named(tmp_path):
    soundfile.write(tmp_path / "many.wav", np.ones((10, 65)), 24_000)
    with pytest.raises(AudioError, match=r"many\.wav has 65 channels"):
        read_audio(tmp_path / "many.wav", 24_000)


def test_a_long_file_is_refused_where_nobody_says_how_much_of_it(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.ones(601_000, np.int16), 1_000)
    with pytest.raises(AudioError, match=r"long\.wav lasts longer than 600 s"):
        read_audio(tmp_path / "long.wav", 24_000)


def tone(seconds: float = 0.5, rate: int = 24_000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def test_channels_that_cancel_each_other_are_not_added_up(tmp_path):
    soundfile.write(tmp_path / "opposite.wav", np.stack([tone(), -tone()], axis=1), 24_000)
    assert np.abs(read_audio(tmp_path / "opposite.wav", 24_000).numpy() - tone()).max() < 1e-4
    both = np.stack([tone(), -tone()], axis=1)
    assert np.abs(from_array(both, 24_000, 24_000).numpy() - tone()).max() < 1e-6


def test_a_part_is_read_from_where_it_begins(tmp_path):
    path = tmp_path / "steps.wav"
    soundfile.write(path, np.repeat([0.1, 0.2, 0.3, 0.0], 24_000), 24_000)
    assert read_audio(path, 24_000, 1.0, start_s=1.5)[[0, -1]].tolist() == pytest.approx([0.2, 0.3], abs=1e-3)
    with pytest.raises(AudioError, match="1 s of it from 3 s on are silent"):
        read_audio(path, 24_000, 1.0, start_s=3.0)
    with pytest.raises(AudioError, match="empty"):
        read_audio(path, 24_000, 1.0, start_s=9.0)


@pytest.mark.parametrize(
    ("name", "codec", "channels"),
    [("a.m4a", "aac", 2), ("a.mp4", "aac", 1), ("a.mkv", "flac", 2), ("a.webm", "libopus", 1)],
)
def test_m4a_files_and_the_sound_of_videos_are_read(tmp_path, name, codec, channels):
    sound = np.tile(0.3 * np.sin(2 * np.pi * 440 * np.arange(96_000) / 48_000), (channels, 1)).astype(np.float32)
    with av.open(str(tmp_path / name), "w") as container:
        layout = "mono" if channels == 1 else "stereo"
        track = container.add_stream(codec, rate=48_000, layout=layout)
        kind = "s16" if codec == "flac" else "fltp"
        for first in range(0, 96_000, 960):
            piece = sound[:, first : first + 960]
            data = (piece.T.reshape(1, -1) * 32767).astype(np.int16) if codec == "flac" else np.ascontiguousarray(piece)
            frame = av.AudioFrame.from_ndarray(data, format=kind, layout=layout)
            frame.sample_rate, frame.pts = 48_000, first
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    mono = read_audio(tmp_path / name, 24_000, 1.0, start_s=0.5)
    assert mono.shape == (24_000,)
    assert np.abs(np.fft.rfft(mono.numpy())).argmax() == 440
    assert mono.square().mean().sqrt() == pytest.approx(0.3 / 2**0.5, rel=0.02)
    assert recording_s(tmp_path / name) == pytest.approx(2, abs=0.1)


def test_a_silent_beginning_is_told_from_a_silent_file(tmp_path):
    soundfile.write(tmp_path / "late.wav", np.concatenate([np.zeros(24_000), tone()]), 24_000)
    with pytest.raises(AudioError, match=r"late\.wav: the first 0\.5 s of it are silent"):
        read_audio(tmp_path / "late.wav", 24_000, max_seconds=0.5)


def test_24_bits_in_four_bytes_are_decoded_wherever_they_lie(tmp_path):
    samples = np.round(tone() * 2**23).astype("<i4")
    for name, stored in (("low.wav", samples), ("low_unsigned.wav", samples & 0xFFFFFF), ("high.wav", samples << 8)):
        form = struct.pack("<HHIIHH", 1, 1, 24_000, 96_000, 4, 24)
        body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", 4 * len(stored))
        data = stored.astype("<i4").tobytes()
        (tmp_path / name).write_bytes(b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data)
        sound = read_audio(tmp_path / name, 24_000)
        assert sound.dtype == torch.float32  # as of every file: networks take nothing else
        assert np.abs(sound.numpy() - tone()).max() < 1e-6
        part = read_audio(tmp_path / name, 24_000, 0.25, start_s=0.25)
        assert np.abs(part.numpy() - tone()[6000:12_000]).max() < 1e-6


def test_a_recording_cut_off_before_its_header_was_finished_is_read(tmp_path):
    soundfile.write(tmp_path / "whole.wav", tone(), 24_000)
    data = bytearray((tmp_path / "whole.wav").read_bytes())
    data[4:8] = data[40:44] = bytes(4)
    (tmp_path / "crashed.wav").write_bytes(data)
    assert torch.equal(read_audio(tmp_path / "crashed.wav", 24_000), read_audio(tmp_path / "whole.wav", 24_000))
    (tmp_path / "empty.wav").write_bytes(data[:44])
    with pytest.raises(AudioError, match="is empty"):
        read_audio(tmp_path / "empty.wav", 24_000)


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"OggS" + bytes(24) + b"\x7fFLAC\x01", "an Ogg file with FLAC inside"),
        (b"\0\0\0 ftypM4A ", "an MP4 or M4A file"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 1, 1, 8000, 64_000, 8, 64) + b"data\0\1\0\0",
         "a WAV of 64 bits"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_called_what_it_is(tmp_path, head, word):
    (tmp_path / "odd.ogg").write_bytes(head + bytes(300))
    with pytest.raises(AudioError, match=word):
        read_audio(tmp_path / "odd.ogg", 24_000)


def test_the_length_of_an_mp3_is_that_of_its_sound(tmp_path):
    soundfile.write(tmp_path / "short.mp3", tone(1.1, 44_100), 44_100)
    whole = (tmp_path / "short.mp3").read_bytes()
    (tmp_path / "headless.mp3").write_bytes(whole[len(whole) // 8 :])
    for name in ("short.mp3", "headless.mp3"):
        assert 0.8 < recording_s(tmp_path / name) < 1.3


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


def test_unsigned_integers_are_centred():
    data = np.round(tone() * 127 + 128).astype(np.uint8)
    assert np.abs(from_array(data, 24_000, 24_000).numpy() - tone()).max() < 0.01


def test_tensors_come_channels_first_as_torchaudio_gives_them():
    sound = torch.from_numpy(tone()).float()
    for tensor in (sound, sound[None], torch.stack([sound, sound])):
        assert torch.allclose(from_array(tensor, 24_000, 24_000), sound)


@pytest.mark.parametrize(
    ("data", "rate", "word"),
    [
        (np.ones((2, 24_000)), 24_000, r"shape \(2, 24000\)"),
        (np.ones((2, 3, 4)), 24_000, "shape"),
        (np.ones(()), 24_000, "shape"),
        (np.ones(100, bool), 24_000, "type bool"),
        (np.ones(100, complex), 24_000, "type complex"),
        (np.array([None] * 9), 24_000, "type object"),
        (np.ones(100), 0, "sample rate of 0"),
        (np.ones(100), 1e300, "whole number"),
    ],
)
def test_arrays_that_cannot_be_sound_are_named(data, rate, word):
    with pytest.raises(AudioError, match=word):
        from_array(data, rate, 24_000)


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
