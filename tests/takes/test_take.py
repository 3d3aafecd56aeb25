"""Saving never overwrites: neither another take, nor another program's file, in whatever case its name is written."""

import threading
from dataclasses import replace

import pytest
from handmade import changed, handmade_take

from foley.cli import main
from foley.system.files import write_new
from foley.takes.recipe import Recipe


def test_takes_of_one_name_are_saved_beside_each_other(tmp_path):
    take = handmade_take(seed=7)
    changes = {"top_p": 0.5}, {"edits": ("sibling at distance 0.30",)}, {"temperature": 1.004}
    others = [changed(take, **change) for change in changes]
    names = [each.save(tmp_path).name for each in (take, *others, take)]
    assert names == [
        "Rain_seed7_t1.00.wav",
        "Rain_seed7_t1.00 (2).wav",
        "Rain_seed7_t1.00_sibling-0.30.wav",
        "Rain_seed7_t1.00 (3).wav",
        "Rain_seed7_t1.00.wav",  # the same take again: it is there already
    ]
    assert Recipe.read(tmp_path / names[1]).top_p == 0.5


def test_several_takes_for_one_name_given_are_numbered(tmp_path):
    paths = [handmade_take(seed=seed).save(tmp_path / "mine.wav") for seed in (1, 2, 3)]
    assert [path.name for path in paths] == ["mine.wav", "mine (2).wav", "mine (3).wav"]


def test_a_name_in_another_case_is_taken_too(tmp_path):
    (tmp_path / "MINE.WAV").write_bytes(b"somebody's")
    assert handmade_take().save(tmp_path / "mine.wav").name == "mine (2).wav"
    assert (tmp_path / "MINE.WAV").read_bytes() == b"somebody's"


def test_many_writers_of_one_name_lose_nothing(tmp_path):
    contents = [str(number).encode() for number in range(40)]
    threads = [threading.Thread(target=write_new, args=(tmp_path / "a.txt", content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == sorted(contents)


def test_a_number_keeps_a_long_name_within_what_file_systems_take(tmp_path):
    for content in (b"a", b"b"):
        assert len(write_new(tmp_path / f"{'雨' * 83}.wav", content).name.encode()) <= 255
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("gain", "silent"), [(1.0, False), (0.05, False), (1e-3, True), (0.0, True)])
def test_a_take_knows_whether_there_is_anything_to_hear(gain, silent):
    take = handmade_take()
    assert replace(take, waveform=gain * take.waveform).is_nearly_silent is silent


@pytest.mark.parametrize("command", ["recipe"])
def test_the_command_line_does_not_overwrite(tmp_path, command, capsys):
    path = handmade_take().save(tmp_path / "take.wav")
    assert main([command, str(path)]) == 0
    assert "handmade@0" in capsys.readouterr().out
