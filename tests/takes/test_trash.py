"""The trash of a library: what is deleted can be taken back, with all that people added."""

import pytest

from foley.pipeline import Foley
from foley.takes import trash
from foley.takes.library import Library, LibraryError
from foley.takes.trash import Trash


@pytest.fixture(scope="module")
def takes(checkpoint):
    return Foley.from_pretrained(checkpoint, "cpu").generate("Rain", seed=1, count=3)


@pytest.fixture
def library(takes, tmp_path):
    library = Library(tmp_path / "library")
    for take in takes:
        library.add(take)
    return library


def test_what_was_deleted_last_comes_back_with_star_name_tags_and_samples(library):
    file = library.entries()[0].file
    library.change(file, star=True, name="Gate slam")
    library.tag([file], "yard")
    before, entry = (library.folder / file).read_bytes(), library.get(file)
    assert Trash(library).put([file, "nothing.wav"]) == [file]
    assert not (library.folder / file).exists() and len(library.entries()) == 2
    again = Trash(Library(library.folder)).restore()  # another process, after a reload
    assert [(one.file, one.star, one.name, one.tags) for one in again] == [(file, True, "Gate slam", ("yard",))]
    assert (library.folder / file).read_bytes() == before and library.get(file).seed == entry.seed


def test_takes_deleted_together_come_back_together_and_older_ones_wait(library):
    first, second, third = (entry.file for entry in library.entries())
    Trash(library).put([first])
    Trash(library).put([second, third])
    assert {entry.file for entry in Trash(library).restore()} == {second, third}
    assert [entry.file for entry in Trash(library).restore()] == [first]
    with pytest.raises(LibraryError, match="trash is empty"):
        Trash(library).restore()


def test_a_take_comes_back_beside_a_newer_one_of_its_name(library, takes):
    file = library.entries()[0].file
    Trash(library).put([file])
    (library.folder / file).write_bytes((library.folder / library.entries()[0].file).read_bytes())
    assert Trash(library).restore()[0].file != file


def test_the_trash_forgets_after_a_month(library, monkeypatch):
    first, second, _ = (entry.file for entry in library.entries())
    Trash(library).put([first])
    monkeypatch.setattr(trash, "KEPT_S", -1)
    Trash(library).put([second])
    assert [one.file for one in Trash(library).deleted()] == [second]
    assert len(list((library.folder / trash.FOLDER).glob("*.wav"))) == 1
