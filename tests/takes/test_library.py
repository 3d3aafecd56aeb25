"""The library: what is put in comes back after a restart, and a lost index costs stars and names only."""

import json

import pytest
import torch

from foley import Foley
from foley.takes.library import INDEX, Library, LibraryError


@pytest.fixture(scope="module")
def takes(checkpoint):
    foley = Foley.from_pretrained(checkpoint, "cpu")
    return [foley.generate(name, seed=seed)[0] for name, seed in (("Rain", 1), ("Rain", 2), ("DogBark", 3))]


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
        assert entries[2].star and entries[2].title == "roof at night"
        assert entries[0].title == "Dog bark" and entries[0].duration_s == 4.0


def test_takes_are_filtered_by_class_and_star(library):
    library.change("Rain_seed2_t1.00.wav", star=True)
    assert [entry.seed for entry in library.entries("Rain")] == [2, 1]
    assert [entry.seed for entry in library.entries(starred=True)] == [2]
    assert library.entries("DogBark", starred=True) == []


def test_the_same_take_is_kept_once_and_another_of_its_name_beside_it(library, takes, tmp_path):
    library.change("Rain_seed1_t1.00.wav", star=True)
    assert library.add(takes[0]).star
    assert [entry.seed for entry in library.entries()] == [1, 3, 2]
    foley_like = type(takes[0])(**{**vars(takes[0]), "edits": ("sibling at distance 0.10",)})
    assert library.add(foley_like).file == "Rain_seed1_t1.00 (2).wav"
    assert library.recipe("Rain_seed1_t1.00 (2).wav").edits == ("sibling at distance 0.10",)


def test_a_take_that_is_opened_again_keeps_its_place(library, takes):
    library.add(takes[0], renew=False)
    assert [entry.seed for entry in library.entries()] == [3, 2, 1]


def test_the_file_is_the_take(library, takes, tmp_path):
    assert library.path("DogBark_seed3_t1.00.wav").read_bytes() == takes[2].save(tmp_path).read_bytes()
    assert torch.equal(library.recipe("DogBark_seed3_t1.00.wav").codes, takes[2].codes)


def test_deleting_deletes_the_file(library):
    library.delete(["Rain_seed1_t1.00.wav", "nothing.wav"])
    assert sorted(path.name for path in library.folder.glob("*.wav")) == [
        "DogBark_seed3_t1.00.wav",
        "Rain_seed2_t1.00.wav",
    ]
    with pytest.raises(LibraryError, match="not in the library"):
        library.path("Rain_seed1_t1.00.wav")


@pytest.mark.parametrize("broken", [None, "{", '{"takes": [{"file": "../secret.wav", "category": "Rain"}]}'])
def test_a_lost_index_is_made_again_from_the_files(library, broken):
    before = {entry.file: entry.loudness_lufs for entry in library.entries()}
    if broken is None:
        (library.folder / INDEX).unlink()
    else:
        (library.folder / INDEX).write_text(broken)
    after = {entry.file: entry.loudness_lufs for entry in Library(library.folder).entries()}
    assert after == pytest.approx(before, abs=0.01)


def test_files_put_into_the_folder_join_and_others_do_not(library, takes):
    foreign = library.folder / "paper.wav"
    foreign.write_bytes(b"%PDF")
    takes[0].save(library.folder / "from a friend.wav")
    assert {entry.file for entry in library.entries()} >= {"from a friend.wav"}
    assert "paper.wav" not in {entry.file for entry in library.entries()}
    with pytest.raises(LibraryError):
        library.path("../../etc/passwd")


def test_what_another_program_writes_is_seen(library):
    other = Library(library.folder)
    other.change("Rain_seed1_t1.00.wav", name="elsewhere")
    assert library.get("Rain_seed1_t1.00.wav").name == "elsewhere"
    assert len(json.loads((library.folder / INDEX).read_text())["takes"]) == 3
