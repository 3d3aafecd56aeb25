"""What the page will play: one rate, one length, one loudness, and names that say nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from listening.conftest import CLASSES, SETTINGS, clip_of, write_sounds

from foley.audio.loudness import loudness_lufs
from foley.listening.plan import ANCHOR, RECORDING, ListeningTest
from foley.listening.preparation import prepare
from foley.listening.sources import parse_system
from foley.packs import Pack, write_pack

ITEMS = 2 * 4 * 3  # classes, systems with recording and anchor, two clips and a set


@pytest.fixture(scope="module")
def test(prepared: Path) -> ListeningTest:
    return ListeningTest.read(prepared)


def test_every_system_has_clips_and_sets_in_every_class(test: ListeningTest):
    assert test.systems == ("loudsystem", "quietsystem", RECORDING, ANCHOR)
    assert test.categories == CLASSES
    assert len(test.items) == ITEMS
    for system in test.systems:
        for category in CLASSES:
            mine = [item for item in test.items if (item.system, item.category) == (system, category)]
            assert sorted(len(item.clips) for item in mine) == [1, 1, 3]


def test_clips_of_a_class_are_equally_loud(prepared: Path, test: ListeningTest):
    for category in CLASSES:
        names = [name for item in test.items if item.category == category for name in item.clips]
        levels = [loudness_lufs(torch.from_numpy(sound), rate) for sound, rate in (clip_of(prepared, n) for n in names)]
        assert max(levels) - min(levels) < 0.3
        assert max(levels) > -34


def test_nothing_about_a_file_says_where_it_comes_from(prepared: Path, test: ListeningTest):
    files = sorted((prepared / "clips").iterdir())
    assert len(files) == 2 * 4 * 5
    assert len({file.stat().st_size for file in files}) == 1
    assert {clip_of(prepared, file.stem)[1] for file in files} == {24_000}
    assert all(file.stem.isdigit() and b"system" not in file.read_bytes() for file in files)
    first = [item.system for item in test.items]
    assert first != sorted(first)  # names do not follow the systems


def test_a_clip_of_a_system_is_its_sound(prepared: Path, test: ListeningTest):
    item = next(item for item in test.items if item.system == "quietsystem" and not item.is_set)
    heard, _ = clip_of(prepared, item.clips[0])
    import soundfile

    source = soundfile.read(item.sources[0], dtype="float32")[0][: len(heard)]
    end = len(heard) - 300
    assert np.corrcoef(heard[:end], source[:end])[0, 1] > 0.999


def test_the_anchor_is_spoiled_and_of_another_class_and_its_set_is_one_clip(prepared: Path, test: ListeningTest):
    for item in (item for item in test.items if item.system == ANCHOR):
        assert all(Path(source).parent.name != item.category.name for source in item.sources)
        sound, _ = clip_of(prepared, item.clips[0])
        assert len(np.unique(np.round(sound / np.abs(sound[:-300]).max(), 2)[:-300])) <= 12
        if item.is_set:
            assert len(set(item.sources)) == 1


def test_a_checkpoint_is_a_system(tmp_path: Path, checkpoint: Path):
    recordings = write_sounds(tmp_path / "real", 4, 24_000)
    settings = replace(SETTINGS, clips=1, sets=0, device="cpu")
    test = prepare({"tiny": str(checkpoint)}, recordings, tmp_path / "test", settings, notify=lambda _: None)
    takes = {source for item in test.items if item.system == "tiny" for source in item.sources}
    assert {Path(take).name for take in takes} == {"DogBark_seed0_t1.00.wav", "Rain_seed0_t1.00.wav"}


def test_recordings_can_come_from_a_pack(tmp_path: Path):
    random = np.random.default_rng(0)
    pcm = random.integers(-9000, 9000, (8, 12_000)).astype(np.int16)
    rows = [
        {"file": f"{n}.wav", "category": CLASSES[n % 2].name, "source_group": str(n), "digest": f"{n:064x}"}
        for n in range(8)
    ]
    (tmp_path / "pack").mkdir()
    write_pack(Pack(24_000, rows, pcm), tmp_path / "pack")
    system = write_sounds(tmp_path / "system", 3, 24_000)
    test = prepare({"a": str(system)}, tmp_path / "pack", tmp_path / "test", SETTINGS, notify=lambda _: None)
    item = next(item for item in test.items if item.system == RECORDING and not item.is_set)
    heard, _ = clip_of(tmp_path / "test", item.clips[0])
    number = int(Path(item.sources[0]).stem, 16)
    assert np.corrcoef(heard, pcm[number])[0, 1] > 0.999 and CLASSES[number % 2] == item.category


def test_classes_with_too_few_sounds_are_left_out_by_name(tmp_path: Path):
    recordings = write_sounds(tmp_path / "real", 4, 24_000)
    system = write_sounds(tmp_path / "few", 4, 24_000)
    (system / "Rain" / "0.wav").unlink()
    (system / "Rain" / "1.wav").unlink()
    said = []
    test = prepare({"few": str(system)}, recordings, tmp_path / "test", SETTINGS, said.append)
    assert test.categories == (CLASSES[0],)
    assert any("Rain is left out" in words and "few (2)" in words for words in said)


def test_a_silent_clip_stays_in_the_test(tmp_path: Path):
    import soundfile

    recordings = write_sounds(tmp_path / "real", 4, 24_000)
    system = write_sounds(tmp_path / "mute", 3, 24_000)
    soundfile.write(system / "Rain" / "0.wav", np.zeros(12_000), 24_000)
    test = prepare({"mute": str(system)}, recordings, tmp_path / "test", SETTINGS, notify=lambda _: None)
    silent = [item for item in test.items if any(source.endswith("mute/Rain/0.wav") for source in item.sources)]
    assert silent and not clip_of(tmp_path / "test", silent[0].clips[-1])[0][-1]


def test_a_test_is_not_prepared_over_another(prepared: Path):
    with pytest.raises(ValueError, match="holds a test already"):
        prepare({}, prepared, prepared, SETTINGS)


@pytest.mark.parametrize("text", ["", "name", "=folder", "recording=x", "anchor=x", "a\nb=x"])
def test_what_is_no_system_gets_a_sentence(text):
    with pytest.raises(ValueError, match=r"system"):
        parse_system(text)


def test_a_folder_without_classes_gets_a_sentence(tmp_path: Path):
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="no checkpoint"):
        prepare({"a": str(tmp_path / "none")}, write_sounds(tmp_path / "real", 4, 24_000), tmp_path / "test", SETTINGS)
