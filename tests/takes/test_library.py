"""The library: what is put in comes back after a restart, and a lost index costs stars and names only."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from handmade import changed, handmade_take

from foley.categories import Category
from foley.takes.export import ExportSettings, export
from foley.takes.index import BEFORE_SQLITE, FILE, FOLDER, Index
from foley.takes.library import Library, LibraryError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def takes():
    return [handmade_take(seed=1, seconds=4.0), handmade_take(seed=2), handmade_take(Category.DogBark, seed=3)]


@pytest.fixture
def library(takes, tmp_path):
    library = Library(tmp_path / "library")
    for take in takes:
        library.add(take)
    return library


def test_the_newest_take_is_first_and_all_survive_a_restart(library):
    library.change("Rain_seed1_t1.00.wav", star=True, name="  roof\n at night ")
    for again in (library, Library(library.folder)):
        entries = again.entries()
        assert [entry.seed for entry in entries] == [3, 2, 1]
        assert entries[2].star
        assert entries[2].title == "roof at night"
        assert entries[0].title == "Dog bark"
        assert entries[2].duration_s == 4.0


def test_takes_are_filtered_by_class_and_star(library):
    library.change("Rain_seed2_t1.00.wav", star=True)
    assert [entry.seed for entry in library.entries("Rain")] == [2, 1]
    assert [entry.seed for entry in library.entries(starred=True)] == [2]
    assert library.entries("DogBark", starred=True) == []


def test_the_same_take_is_kept_once_and_another_of_its_name_beside_it(library, takes, tmp_path):
    library.change("Rain_seed1_t1.00.wav", star=True)
    assert library.add(takes[0]).star
    assert [entry.seed for entry in library.entries()] == [1, 3, 2]
    sibling = changed(takes[0], edits=("sibling at distance 0.10",))
    assert library.add(sibling).file == "Rain_seed1_t1.00_sibling-0.10.wav"
    assert library.recipe("Rain_seed1_t1.00_sibling-0.10.wav").edits == ("sibling at distance 0.10",)


def test_a_take_that_is_opened_again_keeps_its_place(library, takes):
    library.add(takes[0], renew=False)
    assert [entry.seed for entry in library.entries()] == [3, 2, 1]


def test_the_file_is_the_take(library, takes, tmp_path):
    kept, saved = library.path("DogBark_seed3_t1.00.wav"), takes[2].save(tmp_path)
    assert np.array_equal(soundfile.read(kept)[0], soundfile.read(saved)[0])
    assert torch.equal(library.recipe("DogBark_seed3_t1.00.wav").codes, takes[2].codes)


def test_deleting_deletes_the_file(library):
    library.delete(["Rain_seed1_t1.00.wav", "nothing.wav"])
    assert sorted(path.name for path in library.folder.glob("*.wav")) == [
        "DogBark_seed3_t1.00.wav",
        "Rain_seed2_t1.00.wav",
    ]
    with pytest.raises(LibraryError, match="not in the library"):
        library.path("Rain_seed1_t1.00.wav")


@pytest.mark.parametrize("broken", [None, b"{", b"\0" * 5000, "another table"])
def test_a_lost_index_is_made_again_from_the_files(library, broken):
    before = {entry.file: entry.loudness_lufs for entry in library.entries()}
    index = library.folder / FOLDER / FILE
    for file in index.parent.iterdir():
        file.unlink()
    if broken == "another table":
        with sqlite3.connect(index) as connection:
            connection.execute("CREATE TABLE takes (file, secret)")
    elif broken is not None:
        index.write_bytes(broken)
    after = {entry.file: entry.loudness_lufs for entry in Library(library.folder).entries()}
    assert after == pytest.approx(before, abs=0.01)
    library.change("Rain_seed1_t1.00.wav", star=True)
    assert Library(library.folder).get("Rain_seed1_t1.00.wav").star


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("facts", "[1]"),
        ("facts", "[" * 90_000),
        ("facts", '{"category": "Cat"}'),
        ("made", float("inf")),
        ("name", "x" * 99),
    ],
)
def test_a_row_that_makes_no_sense_is_measured_again(library, column, value):
    with sqlite3.connect(library.folder / FOLDER / FILE) as connection:
        connection.execute(f"UPDATE takes SET {column} = ? WHERE file = ?", (value, "Rain_seed1_t1.00.wav"))
    entries = {entry.file: entry for entry in Library(library.folder).entries()}
    assert len(entries) == 3
    assert entries["Rain_seed1_t1.00.wav"].duration_s == 4.0


def test_stars_and_names_of_the_index_of_before_are_taken_over(takes, tmp_path):
    for take in takes:
        take.save(tmp_path)
    row = {
        "file": "Rain_seed2_t1.00.wav", "category": "Rain", "seed": 2, "temperature": 1.0, "model": "studio@1",
        "duration_s": 4.0, "peak_dbfs": -1.0, "loudness_lufs": -20.0, "made": 5.0, "star": True, "name": "roof",
    }  # fmt: skip
    (tmp_path / BEFORE_SQLITE).write_text(json.dumps({"takes": [1, {"file": "../x.wav"}, row]}))
    entries = Library(tmp_path).entries()
    assert [(entry.star, entry.title) for entry in entries if entry.seed == 2] == [(True, "roof")]
    assert entries[-1].seed == 2
    assert len(entries) == 3


@pytest.mark.parametrize("text", ["", "{", '{"takes": [1]}', '{"takes": 1}', "[" * 100_000, '{"takes": [{}]}'])
def test_a_broken_index_of_before_costs_no_take(takes, tmp_path, text):
    takes[0].save(tmp_path)
    (tmp_path / BEFORE_SQLITE).write_text(text)
    assert len(Library(tmp_path).entries()) == 1


def test_files_put_into_the_folder_join_and_others_do_not(library, takes):
    foreign = library.folder / "paper.wav"
    foreign.write_bytes(b"%PDF")
    takes[0].save(library.folder / "from a friend.wav")
    assert {entry.file for entry in library.entries()} >= {"from a friend.wav"}
    assert "paper.wav" not in {entry.file for entry in library.entries()}
    with pytest.raises(LibraryError):
        library.path("../../etc/passwd")


def test_a_bad_file_is_left_out_by_name_and_hides_no_other(library, takes):
    whole = takes[0].save(library.folder / "whole.wav").read_bytes()
    altered = {
        "infinite.wav": whole.replace(b'"top_k": 0', b'"top_k": 9e999'),
        "surrogate.wav": whole.replace(b'"licence": "CC0-1.0"', b'"licence": "\\ud800"'),
        "deep.wav": whole.replace(b'"edits": []', b'"edits": ' + b"[" * 5000),
        "seed.wav": whole.replace(b'"seed": 1', b'"seed": -1'),
        "slow.wav": whole[:24] + whole[24:].replace((24_000).to_bytes(4, "little"), (1).to_bytes(4, "little"), 1),
        "cut.wav": whole[:700],
    }
    for name, content in altered.items():
        (library.folder / name).write_bytes(content)
    (Path(os.fsdecode(os.fsencode(library.folder) + b"/\xff\xfe.wav"))).write_bytes(whole)
    assert len(library.entries()) == 4  # "whole.wav" is one
    assert set(library.left_out) == {*altered, "\ufffd\ufffd.wav"}
    assert all(reason and "\n" not in reason for reason in library.left_out.values())


def test_other_endings_join_too(library, takes):
    (library.folder / "Y.WAV").write_bytes(takes[0].save(library.folder / "y.flac").read_bytes()[:0] + b"no sound")
    export(takes[1], library.folder, ExportSettings("FLAC 16-bit", template="{seed}"))
    (library.folder / "LOUD.WAV").write_bytes(library.path("Rain_seed1_t1.00.wav").read_bytes())
    assert {"y.flac", "2.flac", "LOUD.WAV"} <= {entry.file for entry in library.entries()}
    assert set(library.left_out) == {"Y.WAV"}


def test_a_name_loses_what_no_file_can_hold(library):
    entry = library.change("Rain_seed1_t1.00.wav", name="roof\x00\x1b[31m \ud800 at\tnight" + "." * 200)
    assert entry.name.startswith("roof[31m at night...")
    assert len(entry.name) == 80


def test_a_library_that_cannot_be_written_is_still_listed(library):
    before = library.entries()
    Index(library.folder).path.parent.chmod(0o500)
    library.folder.chmod(0o500)
    try:
        if os.access(library.folder, os.W_OK):
            pytest.skip("this user may write everywhere")
        again = Library(library.folder)
        assert again.entries() == before
        with pytest.raises(LibraryError, match="cannot be changed"):
            again.change("Rain_seed1_t1.00.wav", star=True)
    finally:
        library.folder.chmod(0o700)
        Index(library.folder).path.parent.chmod(0o700)


def test_a_library_that_is_gone_is_empty_and_comes_back(library, tmp_path):
    away = library.folder.rename(tmp_path / "away")
    assert library.entries() == []
    away.rename(library.folder)
    assert len(library.entries()) == 3


def test_what_another_program_writes_is_seen(library):
    other = Library(library.folder)
    other.change("Rain_seed1_t1.00.wav", name="elsewhere")
    assert library.get("Rain_seed1_t1.00.wav").name == "elsewhere"
    other.delete(["Rain_seed1_t1.00.wav"])
    assert len(library.entries()) == 2


WRITER = """
import sys
from handmade import changed, handmade_take
from foley.takes.library import Library
who, writes, library = sys.argv[1], int(sys.argv[2]), Library(sys.argv[3])
for number in range(writes // 2):  # all of one name, so that both want the same file
    entry = library.add(handmade_take(seconds=0.05, seed=1, edits=(f"{who} {number}",)))
    library.change(entry.file, star=True, name=f"{who} {number}")
"""


@pytest.mark.parametrize("writes", [100, pytest.param(500, marks=pytest.mark.slow)])
def test_two_programs_lose_nothing_in_one_library(tmp_path, writes):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    programs = [
        subprocess.Popen([sys.executable, "-c", WRITER, who, str(writes), str(tmp_path)], env=environment)
        for who in "ab"
    ]
    assert [program.wait(timeout=900) for program in programs] == [0, 0]
    entries = Library(tmp_path).entries()
    names = {f"{who} {number}" for who in "ab" for number in range(writes // 2)}
    assert {entry.name for entry in entries} == names
    assert all(entry.star for entry in entries)
    assert {entry.name: entry.edits for entry in entries} == {name: (name,) for name in names}
    assert {Library(tmp_path).recipe(entry.file).edits for entry in entries[:20]} <= {(name,) for name in names}


def test_threads_of_one_program_lose_nothing(tmp_path):
    library = Library(tmp_path)

    def write(who: int) -> None:
        for number in range(5):
            entry = library.add(handmade_take(seconds=0.05, edits=(f"{who} {number}",)))
            library.change(entry.file, name=f"{who} {number}")

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.name for entry in library.entries()} == {f"{who} {n}" for who in range(4) for n in range(5)}


def test_tags_are_given_and_taken_away_and_stay_when_a_file_is_measured_again(library):
    one, other = (entry.file for entry in library.entries()[:2])
    assert [entry.tags for entry in library.tag([one, other, "gone.wav"], " #scene  12 ")] == [("scene 12",)] * 2
    library.tag([one], "door")
    assert library.tag([one], "Scene 12", on=False)[0].tags == ("door",)
    (library.folder / one).touch()
    again = Library(library.folder)
    assert again.get(one).tags == ("door",) and again.get(other).tags == ("scene 12",)


def test_a_tag_that_cannot_be_is_one_sentence(library):
    file = library.entries()[0].file
    with pytest.raises(LibraryError, match="The tag is empty"):
        library.tag([file], " # ")
    for number in range(20):
        library.tag([file], str(number))
    with pytest.raises(LibraryError, match="20 tags at most"):
        library.tag([file], "one more")


def test_an_index_from_before_there_were_tags_is_read_and_gets_them(library):
    file = library.entries()[0].file
    library.change(file, star=True, name="creaky")
    with sqlite3.connect(library.folder / FOLDER / FILE) as connection:
        connection.execute("ALTER TABLE takes DROP COLUMN tags")
    again = Library(library.folder)
    assert (again.get(file).star, again.get(file).name, again.get(file).tags) == (True, "creaky", ())
    assert again.tag([file], "attic")[0].tags == ("attic",)
    assert Library(library.folder).get(file).name == "creaky"
