"""What fails under a running studio: folders that go away, disks that cannot be written, a clock that is set back."""

import errno
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from foley.checkpoints import CheckpointError
from foley.pipeline import Foley
from foley.takes import library as library_module
from foley.takes.library import Library
from foley.ui.session import models as models_module
from foley.ui.session.device import error_message
from foley.ui.session.models import Models


@pytest.fixture(scope="module")
def foley(checkpoint: Path) -> Foley:
    return Foley.from_pretrained(checkpoint, "cpu")


@pytest.fixture
def menu(checkpoint: Path, tmp_path: Path, monkeypatch) -> Path:
    """A folder of checkpoints with one more model than the studio was opened with."""
    monkeypatch.setattr(models_module, "SHIPPED_MODEL", tmp_path / "checkpoints" / "studio")
    folder = shutil.copytree(checkpoint, tmp_path / "checkpoints" / "other")
    (folder / "vqvae.safetensors").write_bytes((folder / "vqvae.safetensors").read_bytes())
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"tiny"', '"other"'))
    return folder


def test_a_model_whose_folder_is_deleted_goes_on_and_is_no_longer_offered(foley, menu):
    models = Models(foley)
    opened = models.open(str(menu))
    shutil.rmtree(menu)
    assert models.get(str(menu)) is opened
    assert models.call(str(menu), Foley.generate, "Rain", 1)[0].recipe.model == opened.name
    assert models.open(str(menu)) is opened
    assert "other" not in str(models.choices()[:1])


def test_a_folder_that_is_replaced_by_something_broken_leaves_the_model_that_is_open(foley, menu):
    models = Models(foley)
    opened = models.open(str(menu))
    (menu / "prior.safetensors").write_bytes(b"half a file")
    with pytest.raises(CheckpointError, match="prior") as error:
        models.open(str(menu))
    assert str(menu.parent) not in error_message(error.value)
    assert models.get(str(menu)) is opened


def test_a_checkpoint_that_goes_away_while_the_menu_is_made_is_left_out(foley, menu, monkeypatch):
    def gone(folder):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(folder))

    monkeypatch.setattr(models_module, "checkpoint_hash", gone)
    assert Models(foley).choices() == [(foley.name, foley.name)]


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_loses_nothing_that_was_saved(foley, tmp_path, monkeypatch, number):
    library = Library(tmp_path / "library")
    kept, other = (foley.generate("Rain", seed=seed)[0] for seed in (1, 2))
    file = library.add(kept).file
    content = library.path(file).read_bytes()

    def fail(self, path):
        raise OSError(number, "It rained", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(type(other), "save", fail)
        with pytest.raises(OSError, match="It rained") as error:
            library.add(other)
    assert str(tmp_path) not in error_message(error.value)
    assert [entry.file for entry in library.entries()] == [file]
    assert library.path(file).read_bytes() == content
    assert library.add(other).file != file  # and when the disk is back, it goes on


def test_a_library_folder_that_vanishes_is_made_again_for_the_next_take(foley, tmp_path):
    library = Library(tmp_path / "library")
    library.add(foley.generate("Rain", seed=1)[0])
    shutil.rmtree(library.folder)
    assert library.entries() == []
    file = library.add(foley.generate("Rain", seed=2)[0]).file
    assert library.path(file).is_file()


def test_takes_stay_in_their_order_when_the_clock_is_set_back(foley, tmp_path, monkeypatch):
    library, now = Library(tmp_path / "library"), time.time()
    clock = SimpleNamespace(time=lambda: now)
    monkeypatch.setattr(library_module, "time", clock)
    first = library.add(foley.generate("Rain", seed=1)[0]).file
    clock.time = lambda: now - 3600
    second = library.add(foley.generate("Rain", seed=2)[0]).file
    assert [entry.file for entry in library.entries()] == [second, first]
    assert [entry.file for entry in Library(tmp_path / "library").entries()] == [second, first]
