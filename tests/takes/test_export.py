"""Exports: the promised format, rate, level, length and name; loops that do not click; loudness by the book."""

import struct
import time
from dataclasses import replace

import numpy as np
import pyloudnorm
import pytest
import soundfile
import torch
from handmade import changed, handmade_take

from foley import Category, Foley
from foley.audio.files import peak_dbfs
from foley.audio.loops import seamless_loop
from foley.audio.loudness import loudness_lufs, measured, true_peak_dbtp
from foley.takes.export import TEMPLATE, ExportSettings, export, file_stem, render, resampled, trimmed


@pytest.fixture(scope="module")
def take(checkpoint):
    return Foley.from_pretrained(checkpoint, "cpu").generate("MovingMotorVehicle", seed=2)[0]


def tone(frequency: float, seconds: float = 4.0, rate: int = 24_000, level: float = 1.0) -> torch.Tensor:
    return torch.from_numpy(level * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)).float()


@pytest.mark.parametrize(
    ("kind", "subtype", "ending"),
    [
        ("WAV 16-bit", "PCM_16", ".wav"),
        ("WAV 24-bit", "PCM_24", ".wav"),
        ("WAV 32-bit float", "FLOAT", ".wav"),
        ("FLAC 16-bit", "PCM_16", ".flac"),
        ("FLAC 24-bit", "PCM_24", ".flac"),
    ],
)
@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
def test_files_have_the_promised_format_rate_and_length(take, tmp_path, kind, subtype, ending, rate):
    path = export(take, tmp_path, ExportSettings(kind, rate))
    info = soundfile.info(path)
    assert (info.subtype, info.samplerate, info.frames, info.channels) == (subtype, rate, 4 * rate, 1)
    assert path.name == f"VEHMisc_Moving motor vehicle 2_FOLEY_tiny{ending}"


def test_a_level_that_would_clip_is_not_reached_and_told(take):
    loud = render(take, ExportSettings(normalise="loudness", level=0.0))
    reached = loudness_lufs(loud.waveform, 24_000)
    assert reached < -0.5
    assert loud.missing_db == pytest.approx(-reached, abs=0.1)
    assert "below the level asked for" in loud.words
    quiet = render(take, ExportSettings(normalise="loudness", level=-40.0))
    assert quiet.missing_db == 0
    assert quiet.words == ""


def test_without_settings_nothing_is_changed(take, tmp_path):
    data, _ = soundfile.read(export(take, tmp_path, ExportSettings("WAV 32-bit float")), dtype="float32")
    assert torch.equal(torch.from_numpy(data), take.waveform)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_resampling_is_flat_and_leaves_no_images(rate):
    window = np.blackman(rate)
    for frequency in (100, 5_000, 11_000):
        sound = resampled(tone(frequency, level=0.5), 24_000, rate)[rate : 2 * rate].numpy()
        spectrum = np.abs(np.fft.rfft(sound * window)) / window.sum() * 2
        assert abs(20 * np.log10(spectrum[frequency] / 0.5)) < 0.01
        spectrum[frequency - 5 : frequency + 6] = 0
        assert 20 * np.log10(spectrum.max() / 0.5) < -95


def test_16_bit_is_dithered_so_that_the_error_does_not_follow_the_sound(take, tmp_path):
    data, _ = soundfile.read(export(take, tmp_path, ExportSettings("WAV 16-bit")), dtype="int16")
    error = data.astype(np.float64) - take.waveform.numpy().astype(np.float64) * 32767
    assert np.abs(error).max() <= 1.5
    assert error.std() == pytest.approx(0.5, abs=0.01)  # of rounding and of triangular dither together
    assert abs(np.corrcoef(error, take.waveform.numpy())[0, 1]) < 0.02


@pytest.mark.parametrize(("kind", "level"), [("peak", -3.0), ("loudness", -30.0)])
def test_normalising_reaches_the_stated_level(take, kind, level):
    sound = render(take, ExportSettings(normalise=kind, level=level, sample_rate=48_000))
    measured = peak_dbfs(sound.waveform) if kind == "peak" else loudness_lufs(sound.waveform, 48_000)
    assert measured == pytest.approx(level, abs=0.05)


@pytest.mark.parametrize(("kind", "level"), [("peak", -1.0), ("loudness", -30.0)])
@pytest.mark.parametrize("name", ["Rain", "Footstep"])
def test_the_level_is_that_of_the_file_after_fades_and_trimming(take, kind, level, name):
    faded_take = changed(take, category=Category[name])
    settings = ExportSettings(
        normalise=kind, level=level, trim=True, fade_in_s=0.02, fade_out_s=1.5, sample_rate=48_000
    )
    sound = render(faded_take, settings).waveform
    reached = peak_dbfs(sound) if kind == "peak" else loudness_lufs(sound, 48_000)
    assert reached == pytest.approx(level, abs=0.05)


def test_what_is_brought_to_a_loudness_stays_below_the_true_peak_of_broadcasters(take):
    sound = render(take, ExportSettings(normalise="loudness", level=0.0))
    assert true_peak_dbtp(sound.waveform, 24_000) == pytest.approx(-1, abs=0.01)
    floating = render(take, ExportSettings("WAV 32-bit float", normalise="loudness", level=0.0))
    assert true_peak_dbtp(floating.waveform, 24_000) == pytest.approx(-1, abs=0.01)
    assert floating.missing_db == pytest.approx(sound.missing_db, abs=0.01)
    assert float(torch.corrcoef(torch.stack([sound.waveform, take.waveform]))[0, 1]) > 0.999999
    assert "below the level asked for" in sound.words


def test_the_level_that_nobody_gave_fits_what_is_measured():
    assert ExportSettings(normalise="peak").level == -1
    assert ExportSettings(normalise="loudness").level == -16


def test_a_true_peak_between_samples_is_found():
    between = torch.from_numpy(np.sin(2 * np.pi * np.arange(48_000) / 4 + np.pi / 4)).float()  # never at its crest
    assert peak_dbfs(between) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_dbtp(between[1000:-1000] * torch.hann_window(46_000), 48_000) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
def test_loudness_is_that_of_an_independent_meter(rate):
    sound = torch.cat([tone(300, 2.0, rate, 0.05), tone(2_000, 2.0, rate, 0.3), torch.zeros(2 * rate)])
    expected = pyloudnorm.Meter(rate).integrated_loudness(sound.numpy().astype(np.float64))
    assert loudness_lufs(sound, rate) == pytest.approx(expected, abs=0.15)


def test_the_loudness_range_is_that_of_ebus_first_test_signal():
    louder, quieter = tone(1_000, 20, 24_000, 0.1), tone(1_000, 20, 24_000, 10**-1.5)
    assert measured(torch.cat([louder, quieter]), 24_000).range_lu == pytest.approx(10, abs=1)


@pytest.mark.machine
def test_a_loop_of_half_a_minute_takes_seconds():
    sound = 0.1 * torch.randn(30 * 24_000 + 640, generator=torch.Generator().manual_seed(0))
    began = time.process_time()
    seamless_loop(sound, 24_000)
    assert time.process_time() - began < 10


def test_silence_is_trimmed_and_fades_reach_zero(take):
    sound = torch.cat([torch.zeros(5000), tone(440, 0.5, level=0.3), torch.zeros(9000)])
    assert abs(len(trimmed(sound, 24_000)) - 12_000 - 480) < 60
    faded = render(take, ExportSettings(fade_in_s=0.1, fade_out_s=0.5)).waveform
    assert faded[0] == 0
    assert faded[-1].abs() < 1e-3
    assert torch.equal(faded[2400:84_000], take.waveform[2400:84_000])
    with pytest.raises(ValueError, match="quieter than -60 dBFS"):
        trimmed(torch.zeros(100), 24_000)


def test_a_loop_of_noise_and_of_a_hum_cannot_be_told_from_the_sound_itself():
    noise = 0.1 * torch.randn(96_000, generator=torch.Generator().manual_seed(0))
    hum = tone(57.3, level=0.3) + tone(171.9, level=0.1)
    for sound in (noise, hum):
        loop = seamless_loop(sound, 24_000)
        assert len(loop.waveform) > 2.4 * 24_000
        assert loop.seam_db < 3
        joint = torch.cat([loop.waveform[-2400:], loop.waveform[:2400]])
        assert (joint[1:] - joint[:-1]).abs().max() <= 1.1 * (sound[1:] - sound[:-1]).abs().max()
        level = joint.square().mean().sqrt() / sound.square().mean().sqrt()
        assert 0.8 < float(level) < 1.25


def test_a_loop_through_a_single_shot_is_told_by_its_figure():
    shot = tone(300) * torch.exp(-torch.arange(96_000) / 9000.0)
    hum = tone(57.3, level=0.3)
    assert seamless_loop(shot, 24_000).seam_db > seamless_loop(hum, 24_000).seam_db + 3


def test_an_exported_loop_stays_seamless_at_another_rate_and_says_that_it_loops(take, tmp_path):
    path = export(take, tmp_path, ExportSettings(loop=True, sample_rate=48_000, fade_in_s=1.0))
    data, _ = soundfile.read(path)
    seam = abs(data[0] - data[-1])
    assert seam <= np.abs(np.diff(data)).max()
    content = path.read_bytes()
    loop = struct.unpack_from("<9I6I", content, content.index(b"smpl") + 8)
    assert loop[7] == 1
    assert loop[11:13] == (0, len(data) - 1)


def test_loudness_is_that_of_the_standard():
    assert loudness_lufs(tone(997, rate=48_000), 48_000) == pytest.approx(-3.01, abs=0.05)
    assert loudness_lufs(tone(997, level=0.1), 24_000) == pytest.approx(-23.01, abs=0.1)
    gated = torch.cat([tone(997, level=0.1), torch.zeros(96_000)])
    assert loudness_lufs(gated, 24_000) == pytest.approx(-23.01, abs=0.35)  # silence does not count
    assert loudness_lufs(torch.zeros(100), 24_000) == -70


def test_names_come_from_the_template_and_never_leave_the_folder(take, tmp_path):
    assert file_stem(take, "{class}-{number}-{seed}-t{temperature}", number=3) == "MovingMotorVehicle-03-2-t1.00"
    assert file_stem(take, "../{name}", name="a/b\\c:d") == "-a-b-c-d"
    assert file_stem(take, "") == "MovingMotorVehicle"
    takes = [changed(take, seed=seed) for seed in (1, 2, 3, 1)]  # the last is the first again
    paths = [export(take, tmp_path, ExportSettings(template="same")).name for take in takes]
    assert paths == ["same.wav", "same (2).wav", "same (3).wav", "same.wav"]


@pytest.mark.parametrize(
    ("edits", "name", "file"),
    [
        ((), "ANMLDog_Dog bark 7_FOLEY_handmade", "DogBark_seed7_t1.00.wav"),
        (
            ("sibling at distance 0.30",),
            "ANMLDog_Dog bark 7 sibling 0.30_FOLEY_handmade",
            "DogBark_seed7_t1.00_sibling-0.30.wav",
        ),
        (("from my dog.flac",), "ANMLDog_Dog bark 7 my dog_FOLEY_handmade", "DogBark_seed7_t1.00_from-my-dog.wav"),
        (
            ("from ../dög/.flac", "continued to 8 s"),
            "ANMLDog_Dog bark 7 continued to 8 s .flac_FOLEY_handmade",
            "DogBark_seed7_t1.00_continued-to-8-s-from-.flac.wav",
        ),
    ],
)
def test_names_tell_what_was_done_to_a_take_and_which_recording_it_began_with(edits, name, file):
    take = handmade_take(Category.DogBark, seed=7, edits=edits)
    assert file_stem(take, TEMPLATE) == name
    assert take.file_name == file
    assert file_stem(take, "{edit}|{source}|x").endswith("-x")


def bark(at_s: float, level: float) -> torch.Tensor:
    """Four seconds of silence with one burst of 0.2 s in them."""
    sound, first = torch.zeros(96_000), round(24_000 * at_s)
    burst = torch.randn(4_800, generator=torch.Generator().manual_seed(0)) * torch.linspace(1, 0, 4_800) ** 2
    sound[first : first + 4_800] = level * burst
    return sound


def test_one_event_is_cut_out_whole_and_alone():
    take = replace(handmade_take(), waveform=bark(0.5, 0.05) + bark(1.5, 0.2) + bark(3.0, 0.1))
    sound = render(take, ExportSettings(one_event=True)).waveform
    assert 0.15 < len(sound) / 24_000 < 0.3
    assert torch.allclose(sound[100:2_000], take.waveform[36_000 - 72 + 100 :][:1_900])  # the strongest of the three
    assert sound[0] == 0 and sound[-1].abs() < 1e-4
    with pytest.raises(ValueError, match="No single event stands out"):
        render(replace(take, waveform=torch.full((96_000,), 0.1)), ExportSettings(one_event=True))
    with pytest.raises(ValueError, match="cannot be a seamless loop"):
        ExportSettings(one_event=True, loop=True)


def test_names_work_on_every_system(take, tmp_path):
    names = ("Storm", "storm", "CON", "nul.old", "雨" * 80)
    named = [(changed(take, seed=seed), name) for seed, name in enumerate(names)]
    paths = [export(take, tmp_path, ExportSettings(template="{name}"), 1, name).name for take, name in named]
    assert paths[:4] == ["Storm.wav", "storm (2).wav", "CON_.wav", "nul_.old.wav"]
    assert paths[4].startswith("雨" * 60)
    assert len(paths[4].encode()) <= 255


def test_every_class_has_its_own_id_of_the_universal_category_system():
    assert len({category.ucs for category in Category}) == 7
    assert Category.DogBark.ucs == "ANMLDog"


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"format": "MP3"}, "MP3"),
        ({"sample_rate": 8000}, "8000"),
        ({"normalise": "loud"}, "loud"),
        ({"level": 3.0}, "level"),
        ({"fade_in_s": -1.0}, "fade"),
        ({"fade_in_s": float("nan")}, "fade"),
        ({"fade_in_s": "1"}, "fade_in_s"),
        ({"level": float("nan")}, "level"),
        ({"level": True}, "level"),
        ({"trim": "no"}, "trim"),
        ({"template": 5}, "template"),
        ({"template": "x" * 999}, "template"),
        ({"format": ["WAV"]}, "format"),
        ({"template": "{creator}"}, "creator"),
    ],
)
def test_settings_that_cannot_be_are_named(values, word):
    with pytest.raises(ValueError, match=word):
        ExportSettings(**values)
