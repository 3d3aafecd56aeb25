"""The CNN that compresses embeddings: it begins as the principal components and ends better; CEmbed hears it."""

import dataclasses

import pytest
import torch
from safetensors.torch import load_file
from sklearn.decomposition import PCA
from tiny import tiny_options

from foley.checkpoints import built_stage, read_config
from foley.features.cembed import CEmbed
from foley.features.encoder import Encoder
from training.__main__ import main
from training.compression import Autoencoder, fit_compression, share_lost

ROWS = 4


@pytest.fixture
def encoder(preset) -> Encoder:
    torch.manual_seed(0)
    small = dataclasses.replace(preset.encoder, rows=ROWS, compression_channels=16)
    return Encoder(small).eval()


def states(encoder: Encoder, clips: int, seed: int) -> torch.Tensor:
    """Hidden states with twice as many directions as there are rows, half of which follow from the others."""
    directions = torch.randn(2 * ROWS, encoder.projection.shape[1], generator=torch.Generator().manual_seed(1))
    free = torch.randn(clips, 24, ROWS, generator=torch.Generator().manual_seed(seed))
    return torch.cat([free, free.abs() - 0.8], dim=2) @ directions + 1


def test_it_begins_as_the_principal_components_and_loses_less_of_clips_it_never_met(encoder):
    train, other = states(encoder, 60, seed=2), states(encoder, 20, seed=3)
    pca = PCA(ROWS).fit(train.flatten(0, 1).numpy())
    encoder.projection.copy_(torch.from_numpy(pca.components_))
    lost = 1 - pca.explained_variance_ratio_.sum()
    assert share_lost(Autoencoder(encoder, train.mean(dim=(0, 1))), train) == pytest.approx(lost, rel=1e-3)
    begun = share_lost(Autoencoder(encoder, train.mean(dim=(0, 1))), other)
    trained = fit_compression(encoder, list(train.split(8)), steps=200)
    assert share_lost(trained, other) < 0.8 * begun


def test_a_run_with_a_compression_has_its_rows_and_a_model_that_opens(dataset_folder, tmp_path):
    options = ["--set=encoder.compression_channels=8", "--set=training.encoder.compression_steps=3", "--max-steps=1"]
    run = ["--run", str(tmp_path / "run"), "--data", str(dataset_folder), "--views", "1"]
    assert main(["encoder", *run, *tiny_options(), *options]) == 0
    model = tmp_path / "run" / "model"
    assert load_file(model / "cembed.safetensors")["encoder.compression.2.weight"].abs().max() > 0
    preset, _ = read_config(model)
    cembed = built_stage(model, "cembed", lambda: CEmbed(preset))
    assert cembed(torch.randn(1, preset.audio.samples)).shape == (1, preset.rows, preset.frames)
