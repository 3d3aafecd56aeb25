"""MHiFi-GAN trained as HiFi-GAN is: its discriminators, its losses, masked then decoded input, table 6's numbers."""

import dataclasses
import json

import pytest
import torch
from tiny import tiny_preset

from foley.checkpoints import load_stage, save_stage
from foley.features.cembed import CEmbed
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.presets import PAPER, VocoderPreset
from foley.presets.recipes import DiscriminatorRecipe
from training.corpus import Corpus
from training.hifigan_discriminators import HiFiGANDiscriminators
from training.loop import train
from training.pipeline import Limits, settings_of
from training.run import Options, Run
from training.stages.hifigan import HiFiGANStage, discriminator_loss, feature_loss, generator_loss


def test_the_discriminators_are_hifigans_at_its_size():
    discriminators = HiFiGANDiscriminators(PAPER.training.vocoder.discriminators)
    by_period, by_scale = (
        sum(parameter.numel() for parameter in part.parameters()) / 1e6
        for part in (discriminators.by_period, discriminators.by_scale)
    )
    assert (round(by_period, 1), round(by_scale, 1)) == (41.1, 29.6)  # the published V1's, without weight norm's gains
    small = HiFiGANDiscriminators(DiscriminatorRecipe(periods=(2, 3, 5, 7, 11), scales=3, channels=4))
    outputs = small(torch.randn(2, 8192))
    assert len(outputs) == 8
    assert [len(features) for _, features in outputs] == [6] * 5 + [8] * 3
    assert all(scores.shape[0] == 2 and torch.isfinite(scores).all() for scores, _ in outputs)


def test_losses_are_sums_over_discriminators():
    right, wrong = (torch.ones(2, 3), [torch.ones(2, 1, 4)]), (torch.zeros(2, 3), [torch.zeros(2, 1, 4)])
    assert discriminator_loss([right] * 3, [wrong] * 3) == 0
    assert discriminator_loss([wrong] * 3, [right] * 3) == 6
    assert generator_loss([wrong] * 3) == 3
    assert generator_loss([right] * 3) == 0
    assert feature_loss([right] * 3, [wrong] * 3) == 3


@pytest.fixture(scope="module")
def stage(dataset_folder, tmp_path_factory):
    """The paper's recipe for a vocoder of few channels, on a run whose CEmbed and VQ-VAE are random."""
    preset = tiny_preset()
    vocoder = VocoderPreset(
        upsample_rates=(8, 5, 4, 2), upsample_kernels=(16, 11, 8, 4), channels=32, residual_kernels=(3,)
    )
    preset = dataclasses.replace(preset, vocoder=vocoder, training=PAPER.training)
    preset = preset.override("training.vocoder.discriminators.channels", 4).override("training.vocoder.batch", 4)
    run = Run.create(tmp_path_factory.mktemp("hifigan") / "run", preset, Options(str(dataset_folder)))
    torch.manual_seed(0)
    save_stage(run.model, "cembed", CEmbed(preset).state_dict())
    save_stage(run.model, "vqvae", VQVAE(preset.vqvae).state_dict())
    corpus = Corpus(run)
    corpus.validation = corpus.validation[:2]
    return HiFiGANStage.of(corpus)


def test_training_reports_the_numbers_of_table_6(stage, tmp_path):
    settings = settings_of(stage.corpus, "vocoder", Limits(steps=10, interval=10))
    train(stage, dataclasses.replace(settings, precision="no"), tmp_path)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    for kind in ("step", "validation"):
        event = next(event for event in events if event["kind"] == kind)
        assert all(event[name] > 0 for name in ("discriminator", "generator", "mel_l1"))
    last = [event for event in events if event["kind"] == "validation"][-1]
    weighted = 45 * last["mel_l1"] + 2 * last["features"] + last["adversarial"]
    assert last["generator"] == pytest.approx(weighted, rel=1e-4)
    assert last["score"] == last["mel_l1"]
    model = load_stage(stage.corpus.run.model, "vocoder", Vocoder(stage.preset))  # weight norm is folded
    assert torch.isfinite(model(torch.randn(1, 192, 8), torch.zeros(1, 129, 8), torch.zeros(1, 2560))).all()


def test_cembeds_are_masked_and_at_the_end_decoded(stage, monkeypatch):
    stage.settings = dataclasses.replace(stage.settings, steps=100)
    decoded = []
    monkeypatch.setattr(
        stage, "_decoded", lambda segments: decoded.extend(segments.places) or torch.ones(len(segments.places), 192, 32)
    )
    masked = stage.batch(0)[0]
    assert not decoded
    assert (masked == 0).any(dim=2).any()
    assert stage.batch(89)
    assert not decoded
    assert (stage.batch(90)[0] == 1).all()
    assert len(decoded) == 4
