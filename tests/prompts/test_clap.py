"""CLAP where the user has one: a tiny random model made here; nothing is ever fetched."""

import string
from pathlib import Path

import numpy as np
import pytest
import torch

from foley.prompts.clap import Clap, ClapError


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
