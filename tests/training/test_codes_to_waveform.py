"""Decoder and vocoder trained together: the waveform's losses reach the decoder, and no code changes."""

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file
from tiny import tiny_preset

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from training.corpus import Corpus
from training.loop import train
from training.pipeline import Limits, settings_of, stage_type
from training.run import Options, Run
from training.stages.codes_to_waveform import CodesToWaveformStage
from training.stages.vocoder import Segments, VocoderStage, cut_out


@pytest.fixture
def run(dataset_folder, tmp_path):
    """A run whose recipe trains the decoder with the vocoder, with random weights so far."""
    preset = tiny_preset()
    for name, value in {"decoder_weight": 1.0, "decoded_share": 1.0, "batch": 4}.items():
        preset = preset.override(f"training.vocoder.{name}", value)
    run = Run.create(tmp_path / "run", preset, Options(str(dataset_folder)))
    torch.manual_seed(0)
    for name, module in {
        "cembed": CEmbed(preset),
        "vqvae": VQVAE(preset.vqvae),
        "vocoder": Vocoder(preset),
    }.items():
        save_stage(run.model, name, module.state_dict())
    return run


@pytest.fixture
def stage(run):
    corpus = Corpus(run)
    corpus.validation = corpus.validation[:2]
    return CodesToWaveformStage.of(corpus)


def test_the_recipe_says_whether_the_decoder_is_trained(run):
    assert stage_type(run.preset, "vocoder") is CodesToWaveformStage
    assert stage_type(run.preset.override("training.vocoder.decoder_weight", 0.0), "vocoder") is VocoderStage


def test_decoder_and_vocoder_move_and_codes_stay(run, stage, tmp_path):
    before = {name: load_file(run.model / f"{name}.safetensors") for name in ("vqvae", "vocoder")}
    settings = settings_of(stage.corpus, "vocoder", Limits(steps=3, interval=3))
    train(stage, dataclasses.replace(settings, precision="no", average_decay=0.0), tmp_path / "out")
    after = {name: load_file(run.model / f"{name}.safetensors") for name in ("vqvae", "vocoder")}
    changed = {name for name, value in before["vqvae"].items() if not torch.equal(value, after["vqvae"][name])}
    assert changed
    assert all(name.startswith("decoder.") for name in changed)
    assert any(not torch.equal(value, after["vocoder"][name]) for name, value in before["vocoder"].items())
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    validation = next(event for event in events if event["kind"] == "validation")
    assert validation["cembed"] > 0
    shown = next(event for event in events if event["kind"] == "show")
    assert set(shown["files"]) == {"Log-mel", "Recording", "Codes to sound"}


def test_the_waveforms_losses_reach_the_decoder(stage):
    stage.recipe = dataclasses.replace(stage.recipe, decoder_weight=0.0)  # so that nothing but sound moves it
    for parameter in stage.parts["vocoder"].vocoder.generator.output.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.01)  # before training it is 0, and nothing passes it
    *_, step = stage.training_steps(stage.batch(0))
    step.loss.backward()
    gradients = [parameter.grad for parameter in stage.parts["vocoder"].decoder.parameters()]
    assert any(gradient is not None and gradient.abs().max() > 0 for gradient in gradients)


def test_a_decoded_segment_is_that_part_of_the_decoded_clip(stage):
    """With the surroundings of a whole clip the cut has the very frames of the clip."""
    stage.recipe = dataclasses.replace(stage.recipe, context_codes=stage.preset.grid[1])
    segments = Segments(*stage.batch(0))
    decoded = stage.vqvae.decode(segments.codes)
    cut = cut_out(decoded, segments.firsts, segments.cembeds.shape)
    for row, first, part in zip(decoded, segments.firsts.tolist(), cut, strict=True):
        length = part.shape[1]
        assert torch.equal(part[: row.shape[0]], row[:, first : first + length])
        assert (part[row.shape[0] :] == 0).all()


def test_without_a_vqvae_there_is_no_decoder_to_train(run):
    with pytest.raises(ValueError, match="train it before the vocoder"):
        CodesToWaveformStage(Corpus(run), CEmbed(run.preset))
