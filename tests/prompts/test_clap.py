"""CLAP where the user has one: a tiny random model made here; nothing is ever fetched."""

import string
from pathlib import Path

import numpy as np
import pytest
import torch
from handmade import handmade_take

from foley.cli import main
from foley.prompts import PromptError
from foley.prompts.clap import Clap, ClapError
from foley.prompts.search import LibrarySearch
from foley.takes.library import Library
from foley.takes.recipe import RecipeError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole CLAP of random weights, with its processor and a model card."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor, RobertaTokenizer

    torch.manual_seed(0)
    text = {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text |= {"intermediate_size": 16, "max_position_embeddings": 40, "projection_dim": 8}
    audio = {"hidden_size": 32, "patch_embeds_hidden_size": 8, "depths": [1, 1, 1], "num_attention_heads": [1, 2, 4]}
    audio |= {"num_hidden_layers": 3, "projection_dim": 8, "window_size": 8, "enable_fusion": False}
    model = ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=8))
    symbols = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *string.ascii_lowercase, "\u0120"]
    tokenizer = RobertaTokenizer(vocab={symbol: number for number, symbol in enumerate(symbols)}, merges=[])
    place = tmp_path_factory.mktemp("clap")
    model.save_pretrained(place)
    ClapProcessor(ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad"), tokenizer).save_pretrained(place)
    (place / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    return place


def test_sounds_and_words_are_compared(folder: Path) -> None:
    clap = Clap.load(folder)
    sounds = [torch.randn(24_000), 0.1 * torch.randn(96_000)]
    near = clap.closeness(sounds, 24_000, "dog bark")
    assert near.shape == (2,)
    assert (np.abs(near) <= 1 + 1e-6).all()
    np.testing.assert_allclose(near, clap.closeness(sounds, 24_000, "dog bark"), atol=1e-5)
    assert not np.allclose(clap.read(["a dog"]), clap.read(["rain"]))
    assert clap.licence == "apache-2.0"


def test_what_is_not_here_is_not_fetched_unasked() -> None:
    with pytest.raises(ClapError, match="is no folder here"):
        Clap.load("laion/clap-htsat-unfused")


def test_a_folder_without_a_clap_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClapError, match="holds no CLAP model"):
        Clap.load(tmp_path)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Three takes of different noise."""
    library = Library(tmp_path / "library")
    for seed in range(3):
        library.add(handmade_take(seed=seed))
    return library


def test_takes_of_a_library_are_found_by_words_the_nearest_first(folder: Path, library: Library) -> None:
    clap = Clap.load(folder)
    found = LibrarySearch(clap).search(library, "dog bark")
    alone = {
        entry.file: clap.closeness([library.saved(entry.file)[1]], 24_000, "dog bark")[0] for entry in library.entries()
    }
    assert [one.entry.file for one in found] == sorted(alone, key=lambda file: -alone[file])
    assert [one.closeness for one in found] == pytest.approx(sorted(alone.values(), reverse=True), abs=1e-5)


def test_a_take_is_heard_once_and_again_when_its_file_is_another(
    folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    clap, heard = Clap.load(folder), []
    hear = clap.hear
    monkeypatch.setattr(clap, "hear", lambda waveforms, rate: heard.append(len(waveforms)) or hear(waveforms, rate))
    searching = LibrarySearch(clap)
    searching.search(library, "dog bark")
    searching.search(library, "rain")
    assert len(heard) == 3
    library.add(handmade_take(seed=9))
    searching.search(library, "rain")
    assert len(heard) == 4


def test_a_take_that_cannot_be_read_is_left_out(
    folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = library.entries()[0].file
    saved = library.saved

    def broken_first(file):
        if file == first:
            raise RecipeError("broken")
        return saved(file)

    monkeypatch.setattr(library, "saved", broken_first)
    assert first not in {one.entry.file for one in LibrarySearch(Clap.load(folder)).search(library, "rain")}


@pytest.mark.parametrize("words", ["", "  ", "x" * 301])
def test_no_words_or_too_many_are_one_sentence(folder: Path, library: Library, words: str) -> None:
    with pytest.raises(PromptError):
        LibrarySearch(Clap.load(folder)).search(library, words)


def test_the_command_says_the_licence_and_lists_the_nearest(
    folder: Path, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["search", "dog bark", "--clap", str(folder), "--library", str(library.folder), "--most", "2"]
    assert main(line) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("its licence: apache-2.0.") and len(said) == 3
    assert main(["search", "dog", "--clap", str(folder), "--library", str(folder)]) == 2
    assert "There are no takes" in capsys.readouterr().err


def test_say_ranks_by_the_words_with_a_clap(
    folder: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["say", "rain", "--best-of", "2", "--clap", str(folder), "--checkpoint", str(checkpoint)]
    assert main([*line, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "its licence: apache-2.0" in said and "best of 2: words" in said
