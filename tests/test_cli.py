"""The command line's arguments: bounds for every number, and one sentence with exit code 2 for what cannot be."""

import pytest
import torch

from foley.cli import main
from foley.pipeline import Foley


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["generate", "--category", "Rain", "--top-k", "9" * 400], "--top-k"),
        (["generate", "--category", "Rain", "--top-k", "-1"], "--top-k"),
        (["generate", "--category", "Rain", "--seed", "9" * 5000], "--seed"),
        (["generate", "--category", "Rain", "--seed", str(2**63)], "--seed"),
        (["generate", "--category", "Rain", "--seed", "²"], "--seed"),
        (["generate", "--category", "Rain", "--temperature", "1e308"], "--temperature"),
        (["generate", "--category", "Rain", "--temperature", "nan"], "--temperature"),
        (["generate", "--category", "Rain", "--top-p", "0"], "--top-p"),
        (["generate", "--category", "Rain", "--top-p", "inf"], "--top-p"),
        (["generate", "--category", "Rain", "--count", "65"], "--count"),
        (["evaluate", "--reference", "x", "--per-class", "1" + "0" * 18], "--per-class"),
        (["evaluate", "--reference", "x", "--draws", "0"], "--draws"),
        (["benchmark", "--plain-codes", "0"], "--plain-codes"),
        (["perform", "--seed", "9" * 5000], "--seed"),
        (["perform", "--temperature", "1e308"], "--temperature"),
        (["perform", "--top-p", "nan"], "--top-p"),
    ],
)
def test_a_number_out_of_bounds_is_named(arguments, word, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: argument {word}: ")
    assert error.count("\n") == 1
    assert len(error) < 300


@pytest.mark.parametrize("category", ["²", "Cat", "", "7", "-1", "x" * 9999])
def test_a_class_that_there_is_none_of_is_named(category, capsys):
    assert main(["generate", "--category", category]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: There is no class")
    assert error.count("\n") == 1
    assert len(error) < 300


@pytest.mark.parametrize("file", ["nowhere.wav", "a" * 5000, "a\0b", "\udc80.wav", ".", "/dev/null"])
@pytest.mark.parametrize("command", ["recipe", "reconstruct"])
def test_a_file_that_is_none_is_named(checkpoint, command, file, capsys):
    assert main([command, file, "--checkpoint", str(checkpoint), "--device", "cpu"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert len(error) < 300


@pytest.mark.parametrize("weights", ["/etc/passwd", "nowhere"])
@pytest.mark.parametrize("embedder", ["aisfx", "vggish"])
def test_embedder_weights_that_are_none_are_named(embedder, weights, dataset_folder, capsys):
    arguments = ["--reference", str(dataset_folder), "--embedder", embedder, "--embedder-weights", weights]
    assert main(["evaluate", *arguments]) == 2
    error = capsys.readouterr().err
    assert weights in error
    assert error.count("\n") == 1


def test_a_nearly_silent_take_is_told(checkpoint, tmp_path, monkeypatch, capsys):
    decode = Foley.decode
    monkeypatch.setattr(Foley, "decode", lambda *given: (decode(*given)[0], torch.zeros(96_000)))
    assert (
        main(
            [
                "generate",
                "--category=rain",
                "--seed=5",
                f"--out={tmp_path}",
                f"--checkpoint={checkpoint}",
                "--device=cpu",
            ]
        )
        == 0
    )
    said = capsys.readouterr()
    assert "Rain_seed5_t1.00.wav" in said.out
    assert "seed 5 is nearly silent: draw another seed" in said.err


def test_a_full_disk_is_told_with_the_files_name(tmp_path, monkeypatch):
    from pathlib import Path

    from foley.system.files import write_new, write_text

    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(Path, "write_text", full)
    for write, content in ((write_new, b"x"), (write_text, "x")):
        with pytest.raises(OSError, match=r"No space left on device.*take\.wav"):
            write(tmp_path / "take.wav", content)
    assert list(tmp_path.iterdir()) == []
