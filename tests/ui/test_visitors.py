"""What visitors can see of each other and of the server: links to takes, keys, and words about errors."""

import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest
from handmade import changed

from foley.pipeline import Foley
from foley.takes.library import LibraryError
from foley.ui.components.library_list import library_value
from foley.ui.session import visitors
from foley.ui.session.device import error_message
from foley.ui.session.model_queue import ModelQueue
from foley.ui.session.secret import installation_secret
from foley.ui.session.visitors import Libraries, address, new_token


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    installation_secret.cache_clear()
    yield
    installation_secret.cache_clear()


@pytest.fixture(scope="module")
def take(checkpoint: Path):
    return Foley.from_pretrained(checkpoint, "cpu").generate("Rain", seed=1)[0]


def test_the_key_of_an_installation_is_random_kept_and_for_nobody_else(tmp_path):
    key = installation_secret()
    path = tmp_path / "state" / "foley-studio" / "secret"
    assert len(key) == 64
    assert path.read_text() == key
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600
    installation_secret.cache_clear()
    assert installation_secret() == key
    path.unlink()
    installation_secret.cache_clear()
    assert installation_secret() != key


@pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX here")
def test_a_key_that_others_can_read_or_that_was_cut_is_put_right(tmp_path):
    path = tmp_path / "state" / "foley-studio" / "secret"
    path.parent.mkdir(parents=True)
    path.write_text("cut")
    path.chmod(0o644)
    assert len(installation_secret()) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_url_of_a_take_holds_neither_the_token_nor_the_folder_of_the_library(take):
    libraries, token = Libraries(), new_token()
    library = libraries.of(token)
    entry = library.add(take)
    (row,) = json.loads(library_value(library)["takes"])
    path = Path(row["url"].removeprefix("gradio_api/file=").split("?")[0])
    assert path.read_bytes() == library.path(entry.file).read_bytes()
    assert path.name == entry.file
    assert token not in row["url"]
    assert library.folder.name not in row["url"]
    assert token not in str(library.folder)
    library.delete([entry.file])
    assert not path.exists(), "what was deleted is served no longer"


def test_who_has_the_url_of_one_take_does_not_have_the_others(take, tmp_path):
    library = Libraries().of(new_token())
    file = library.path(library.add(take).file)
    other = file.with_name("other.wav")
    other.write_bytes(file.read_bytes())
    assert Path(address(file)).parent != Path(address(other)).parent


def test_a_library_of_ones_own_is_served_where_it_lies(take, tmp_path):
    library = Libraries(tmp_path / "mine").of(None)
    path = library.path(library.add(take).file)
    assert str(path) in address(path)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("/srv/secret/studio is no checkpoint."), "studio is no checkpoint."),
        (ValueError("'C:\\Users\\me\\take.wav' is empty."), "'take.wav' is empty."),
        (ValueError("Ask for 1/2 or a / b."), "Ask for 1/2 or a / b."),
        (OSError(28, "No space left on device", "/srv/secret/take.wav"), "The disk is full"),
        (OSError(30, "Read-only file system", "/srv/secret/take.wav"), "(take.wav)"),
        (FileNotFoundError(2, "No such file or directory", "/srv/secret/studio"), "gone. (studio)"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB\nGPU 0"), "not enough memory"),
        (KeyError("/srv/secret"), "the server's log"),
        (RuntimeError("first line\nof a story"), "the server's log"),
        (PermissionError("That is off on this page."), "That is off on this page."),
    ],
)
def test_an_error_is_one_sentence_without_folders_of_the_server(error, words):
    said = error_message(error)
    assert words in said
    assert "secret" not in said
    assert "\n" not in said
    assert "Errno" not in said


def test_whoever_sits_at_the_machine_is_told_which_folder_it_was():
    error = ValueError("There is no folder /home/me/sounds.")
    assert error_message(error, whole_paths=True).count("/home/me/sounds") == 1


def test_a_library_of_a_visitor_has_bounds_and_one_of_ones_own_has_none(take, tmp_path, monkeypatch):
    monkeypatch.setattr(visitors, "MOST_TAKES", 1)
    theirs, own = Libraries().of(new_token()), Libraries(tmp_path / "own").of(None)
    other = changed(take, seed=2, noise_seed=2)
    theirs.add(take)
    with pytest.raises(LibraryError, match="Your library is full"):
        theirs.add(other)
    assert len(theirs.entries()) == 1
    own.add(take)
    own.add(other)
    monkeypatch.setattr(visitors, "MOST_TAKES", 10)
    monkeypatch.setattr(visitors, "MOST_BYTES", 1000)
    with pytest.raises(LibraryError, match="Your library is full"):
        theirs.add(other)


def test_a_full_disk_is_one_sentence_before_it_is_full(take, monkeypatch):
    library = Libraries().of(new_token())
    monkeypatch.setattr(visitors, "LEAST_FREE_BYTES", 1 << 60)
    with pytest.raises(LibraryError, match="disk of this studio is full"):
        library.add(take)
    with pytest.raises(LibraryError, match="disk of this studio is full"):
        visitors.new_folder(None)


def test_of_the_files_of_a_session_the_oldest_go_first(monkeypatch):
    monkeypatch.setattr(visitors, "MOST_SESSION_BYTES", 2500)
    folders = []
    for age in range(4):
        folders.append(visitors.new_folder(None))
        (folders[-1] / "file").write_bytes(b"x" * 1000)
        os.utime(folders[-1], (time.time() - 100 + age,) * 2)
    visitors.new_folder(None)
    assert [folder.exists() for folder in folders] == [False, False, True, True]


def test_a_visitor_may_have_a_few_requests_in_the_queue():
    queue, gate = ModelQueue(most_of_one=2), threading.Event()
    made = [queue.stream(lambda: iter([gate.wait(10)]), "me") for _ in range(2)]
    threads = [threading.Thread(target=list, args=[stream]) for stream in made]
    for thread in threads:
        thread.start()
    while len(queue) < 2:
        time.sleep(0.002)
    with pytest.raises(ValueError, match="2 of your requests wait"):
        next(queue.stream(lambda: iter([1]), "me"))
    gate.set()
    assert queue.call(lambda: 7, "you") == 7
    for thread in threads:
        thread.join(10)
