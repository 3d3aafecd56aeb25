"""Push and pull, against a hub that is a folder."""

import shutil
from pathlib import Path

import huggingface_hub
import pytest

from foley import Foley
from training.__main__ import main
from training.hub import FILES


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """A folder in place of the hub; what is asked of the API is done in it."""
    place = tmp_path / "hub"

    class Api:
        def create_repo(self, repo_id, private, exist_ok):
            assert exist_ok
            (place / repo_id).mkdir(parents=True, exist_ok=True)
            return f"https://huggingface.co/{repo_id}"

        def upload_folder(self, repo_id, folder_path, allow_patterns, commit_message):
            for name in allow_patterns:
                if (Path(folder_path) / name).is_file():
                    shutil.copyfile(Path(folder_path) / name, place / repo_id / name)

    def snapshot_download(repository, allow_patterns):
        if not (place / repository).is_dir():
            raise OSError("404 Client Error\nand much more")
        return str(place / repository)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return place


def test_what_is_pulled_is_what_was_pushed(checkpoint, hub, tmp_path, capsys):
    assert main(["push", str(checkpoint), "someone/foley"]) == 0
    assert "https://huggingface.co/someone/foley" in capsys.readouterr().out
    assert main(["pull", "someone/foley", str(tmp_path / "pulled")]) == 0
    for name in FILES[:-2]:
        assert (tmp_path / "pulled" / name).read_bytes() == (checkpoint / name).read_bytes()
    assert Foley.from_pretrained(tmp_path / "pulled", "cpu").sample_rate == 24_000


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["push", "CHECKPOINT", "no-owner"], "someone/foley"),
        (["push", "EMPTY", "someone/foley"], "config.json"),
        (["push", "HALF", "someone/foley"], "prior.safetensors"),
        (["pull", "someone/missing", "EMPTY"], "404 Client Error"),
    ],
)
def test_what_cannot_be_pushed_or_pulled_is_one_sentence(checkpoint, hub, tmp_path, capsys, arguments, word):
    half = tmp_path / "half"
    shutil.copytree(checkpoint, half)
    (half / "prior.safetensors").unlink()
    places = {"CHECKPOINT": str(checkpoint), "EMPTY": str(tmp_path / "empty"), "HALF": str(half)}
    assert main([places.get(argument, argument) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("error: ")
    assert word in error
    assert not (tmp_path / "empty").exists()
