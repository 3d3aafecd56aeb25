"""Datasets: what is found, what is left out, and that no recording is on both sides of the split."""

import csv
import shutil
import unicodedata

import numpy as np
import pytest
import soundfile

from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, Clip, load_dataset, split_by_group
from foley.presets import AudioPreset
from training.cache import Cache

AUDIO = AudioPreset()


def test_a_folder_for_each_class_in_any_spelling_is_found(tmp_path, dataset_folder):
    (dataset_folder / "DogBark").rename(tmp_path / "dog_bark")
    (tmp_path / "Sneeze_Cough").symlink_to(dataset_folder / "SneezeCough")
    (tmp_path / "notes").mkdir()
    dataset = load_dataset(tmp_path, AUDIO)
    (tmp_path / "dog_bark").rename(dataset_folder / "DogBark")
    assert {clip.category for clip in dataset.clips} == {Category.DogBark, Category.SneezeCough}
    assert len(dataset.clips) == 12


def test_what_cannot_be_used_is_named_and_left_out(tmp_path):
    (tmp_path / "Rain").mkdir()
    good = 0.1 * np.random.default_rng(0).standard_normal(24_000)
    soundfile.write(tmp_path / "Rain" / "good.wav", good, 24_000)
    soundfile.write(tmp_path / "Rain" / "silent.wav", np.zeros(24_000), 24_000)
    soundfile.write(tmp_path / "Rain" / "nan.wav", good * np.nan, 24_000, subtype="FLOAT")
    (tmp_path / "Rain" / "broken.wav").write_bytes(b"RIFF????")
    dataset = load_dataset(tmp_path, AUDIO)
    assert [clip.path.name for clip in dataset.clips] == ["good.wav"]
    reasons = {path.rsplit("/", 1)[1]: reason for path, reason in dataset.left_out}
    assert set(reasons) == {"silent.wav", "nan.wav", "broken.wav"}
    assert all(name in reason for name, reason in reasons.items())
    assert "3 left out" in dataset.summary()


def test_a_manifest_gives_groups_and_splits(tmp_path):
    rows = [("a.wav", "Rain", "train", "g1"), ("b.wav", "Rain", "validation", "g2")]
    for name, *_ in rows:
        soundfile.write(tmp_path / name, 0.1 * np.random.default_rng(0).standard_normal(2400), 24_000)
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "category", "split", "source_group"), *rows])
    dataset = load_dataset(tmp_path, AUDIO)
    assert [(clip.group, clip.split) for clip in dataset.clips] == [("g1", TRAIN), ("g2", VALIDATION)]


def test_identical_recordings_are_one_group(tmp_path):
    (tmp_path / "Rain").mkdir()
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / "Rain" / name, 0.1 * np.random.default_rng(0).standard_normal(2400), 24_000)
    groups = {clip.group for clip in load_dataset(tmp_path, AUDIO).clips}
    assert len(groups) == 1


def test_no_group_is_divided_and_about_35_clips_a_class_are_held_out(tmp_path):
    random = np.random.default_rng(0)
    clips = [
        Clip(tmp_path / f"{category.name}{i}", category, group=f"{category.name}-{random.integers(60)}")
        for category in Category
        for i in range(200)
    ]
    split = split_by_group(clips)
    sides = {side: {clip.group for clip in split if clip.split == side} for side in (TRAIN, VALIDATION)}
    assert not sides[TRAIN] & sides[VALIDATION]
    for category in Category:
        assert 30 <= sum(clip.category is category and clip.split == VALIDATION for clip in split) <= 35
    assert split == split_by_group(clips)


def test_a_class_of_one_recording_keeps_it_for_training(tmp_path):
    clips = [Clip(tmp_path / str(i), Category.Rain, group="one") for i in range(5)]
    assert {clip.split for clip in split_by_group(clips)} == {TRAIN}


def test_a_group_on_both_sides_is_refused_by_name(tmp_path):
    sides = [Clip(tmp_path / f"{side}.wav", Category.Rain, "storm", side) for side in (TRAIN, VALIDATION)]
    with pytest.raises(ValueError, match=r"train\.wav and validation\.wav are one group, storm"):
        split_by_group(sides)


def test_clips_of_another_split_are_left_out_by_line(tmp_path):
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * np.random.default_rng(0).standard_normal(8000), 8000)
    (tmp_path / "manifest.csv").write_text("file,category,split\na.wav,Rain,train\nb.wav,Rain,test\n")
    dataset = load_dataset(tmp_path, AUDIO)
    assert [clip.path.name for clip in dataset.clips] == ["a.wav"]
    assert "Line 3" in dataset.left_out[0][1]
    assert "'test'" in dataset.left_out[0][1]


def test_recordings_are_parted_alike_at_every_rate_and_hardly_anew_when_some_are_added(dataset_folder, tmp_path):
    def held_out(folder, audio):
        return {clip.path.parent.name + clip.path.stem for clip in load_dataset(folder, audio).of(VALIDATION)}

    folder = shutil.copytree(dataset_folder, tmp_path / "sounds")
    before = held_out(folder, AUDIO)
    assert before == held_out(folder, AudioPreset(22_050))
    sound = 0.1 * np.random.default_rng(1).standard_normal(24_000)
    soundfile.write(folder / "Rain" / "new.wav", sound, 24_000)
    assert len(before - held_out(folder, AUDIO)) <= 1


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_folder_without_recordings_gets_a_sentence(tmp_path, folder):
    with pytest.raises(ValueError, match="folder"):
        load_dataset(tmp_path / folder, AUDIO)


def test_a_cached_array_is_filled_once(tmp_path):
    cache, calls = Cache(tmp_path), []

    def fill(array):
        calls.append(1)
        array[:] = 7

    for _ in range(2):
        assert (cache.array("sevens", "key", (3,), "int16", fill) == 7).all()
    assert len(calls) == 1
    cache.array("sevens", "another key", (3,), "int16", fill)
    assert len(calls) == 2


def test_a_cache_that_failed_half_way_leaves_nothing(tmp_path):
    def fill(array):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Cache(tmp_path).array("half", "key", (3,), "int16", fill)
    assert not list(tmp_path.iterdir())


def test_a_cache_larger_than_the_disk_is_refused_with_its_size(tmp_path):
    with pytest.raises(OSError, match="GB"):
        Cache(tmp_path).array("huge", "key", (10**15,), "int16", lambda array: None)


def noise(path, seed: int = 0) -> None:
    soundfile.write(path, 0.1 * np.random.default_rng(seed).standard_normal(2400), 24_000)


def test_sounds_of_formats_that_are_not_read_are_named(tmp_path):
    (tmp_path / "Rain").mkdir()
    noise(tmp_path / "Rain" / "a.wav")
    for name in ("b.m4a", "c.opus", "d.oga", "e.w64"):
        (tmp_path / "Rain" / name).write_bytes(b"x" * 99)
    (tmp_path / "Rain" / "notes.txt").write_text("recorded on the roof")
    dataset = load_dataset(tmp_path, AUDIO)
    assert len(dataset.clips) == 1
    assert sorted(path.rsplit("/", 1)[1] for path, _ in dataset.left_out) == ["b.m4a", "c.opus", "d.oga", "e.w64"]


def test_a_manifest_of_another_system_is_understood(tmp_path):
    (tmp_path / "audio").mkdir()
    composed = unicodedata.normalize("NFC", "café.wav")
    noise(tmp_path / "audio" / "one.wav")
    noise(tmp_path / "audio" / unicodedata.normalize("NFD", composed), 1)
    rows = ["file,category,split", "audio\\one.wav,Rain,Train ", f"audio/{composed},Rain,VALIDATION"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    dataset = load_dataset(tmp_path, AUDIO)
    assert [clip.split for clip in dataset.clips] == [TRAIN, VALIDATION]
    assert not dataset.left_out


@pytest.mark.parametrize(
    "row",
    [
        "a" * 5000 + ".wav,Rain",
        "b.wav," + "Rain" * 99_999,
        "../secret.wav,Rain",
        "/etc/passwd,Rain",
        "C:\\secret.wav,Rain",
        "\\\\server\\secret.wav,Rain",
        "a\0.wav,Rain",
        ",Rain",
        "b.wav",
        "b.wav,²",
        "b.wav,Rain,sideways",
        "b.wav,Rain,train,group,more,and,more,and,more",
    ],
)
def test_a_bad_row_costs_only_itself(tmp_path, row):
    noise(tmp_path / "a.wav")
    (tmp_path / "manifest.csv").write_text(f"file,category,split\n{row}\na.wav,Rain,train\n", encoding="utf-8")
    dataset = load_dataset(tmp_path, AUDIO)
    assert [clip.path.name for clip in dataset.clips] == ["a.wav"]
    (left_out,) = dataset.left_out
    assert len(left_out[1]) < 400
    assert "\n" not in left_out[1]


def test_where_nothing_is_usable_the_first_reasons_are_told(tmp_path):
    (tmp_path / "manifest.csv").write_text("file,category,split\na.wav,Rain,dev\n")
    with pytest.raises(ValueError, match=r"no usable recording in manifest\.csv.*Line 2 .*'dev'"):
        load_dataset(tmp_path, AUDIO)
