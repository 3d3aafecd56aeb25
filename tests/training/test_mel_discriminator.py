"""A discriminator of log-mels beside the squared error, for the VQ-VAE and for the decoder alone."""

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file
from tiny import tiny_preset

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.models.vqvae import VQVAE
from training.corpus import Corpus
from training.loop import train
from training.mel_discriminator import MelDiscriminator
from training.pipeline import Limits, make_stage, settings_of
from training.run import Options, Run


@pytest.fixture
def run(dataset_folder, tmp_path):
    """A run with random weights, whose recipes have discriminators of few channels."""
    preset = tiny_preset()
    for stage in ("vqvae", "decoder"):
        preset = preset.override(f"training.{stage}.adversarial_weight", 0.1)
        preset = preset.override(f"training.{stage}.discriminator_channels", 4)
        preset = preset.override(f"training.{stage}.batch", 4)
    run = Run.create(tmp_path / "run", preset, Options(str(dataset_folder)))
    torch.manual_seed(0)
    save_stage(run.model, "cembed", CEmbed(preset).state_dict())
    save_stage(run.model, "vqvae", VQVAE(preset.vqvae).state_dict())
    return run


@pytest.mark.parametrize("name", ["vqvae", "decoder"])
def test_both_sides_are_trained(run, name, tmp_path):
    before = load_file(run.model / "vqvae.safetensors")
    corpus = Corpus(run)
    corpus.validation = corpus.validation[:2]
    stage = make_stage(corpus, name)
    discriminator = {key: value.clone() for key, value in stage.parts["discriminator"].state_dict().items()}
    settings = settings_of(corpus, name, Limits(steps=10, interval=10))
    train(stage, dataclasses.replace(settings, precision="no", average_decay=0.0, kept_weights="newest"), tmp_path)
    after = stage.parts["discriminator"].state_dict()
    assert any(not torch.equal(value, after[key]) for key, value in discriminator.items())
    step = next(json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines() if '"step",' in line)
    assert {"discriminator", "features", "adversarial", "mse"} <= step.keys()
    now = load_file(run.model / "vqvae.safetensors")
    changed = {key.split(".")[0] for key, value in before.items() if not torch.equal(value, now[key])}
    assert "decoder" in changed
    assert (changed == {"decoder"}) == (name == "decoder")


def test_it_judges_patches():
    outputs = MelDiscriminator(4)(torch.randn(2, 129, 96))
    ((scores, features),) = outputs
    assert scores.shape == (2, 1, 17, 24)
    assert [feature.shape[1] for feature in features] == [4, 8, 16, 16]
