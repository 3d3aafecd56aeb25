"""Presets are data: they survive `config.json`, and table 1 of the paper holds for real modules."""

import dataclasses
import json

import pytest
import torch

from foley.features.encoder import Encoder
from foley.features.mel import LogMel
from foley.models.pixelsnail import PixelSNAIL
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE, code_shape
from foley.presets import BASELINE, PAPER, PRESETS, STUDIO, STUDIO_BASELINE, Preset, get_preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json(name):
    preset = get_preset(name)
    assert Preset.from_dict(json.loads(preset.to_json())) == preset


@pytest.mark.parametrize(
    ("preset", "samples", "mel", "encoder_rows", "cembed", "codes"),
    [
        (BASELINE, 22_050 * 4, (80, 344), 0, (80, 344), (20, 86)),
        (PAPER, 24_000 * 4, (129, 300), 1023, (1152, 300), (288, 75)),
    ],
)
def test_table_1_of_the_paper_holds_for_real_modules(preset, samples, mel, encoder_rows, cembed, codes):
    assert preset.audio.samples == samples
    assert LogMel(preset.audio, preset.mel)(torch.randn(1, samples)).shape[1:] == mel
    assert (preset.encoder.rows, preset.rows, preset.frames) == (encoder_rows, *cembed)
    assert code_shape(VQVAE(preset.vqvae), *cembed) == preset.grid == codes


def test_mert_gives_1023_rows_of_300_frames():
    small = dataclasses.replace(PAPER.encoder, layers=1, feed_forward=64, convolution_channels=(8,) * 7)
    embedding = Encoder(small).eval()(torch.randn(1, 96_000))
    assert embedding.shape == (1, 1023, 300)


@pytest.mark.parametrize("preset", [BASELINE, PAPER], ids=lambda preset: preset.name)
def test_vocoders_upsample_frames_to_samples(preset):
    narrow = dataclasses.replace(preset, vocoder=dataclasses.replace(preset.vocoder, channels=32))
    cembed = torch.randn(1, preset.rows, 5)
    waveform = Vocoder(narrow)(cembed, cembed[:, : preset.mel.rows], torch.randn(1, 5 * preset.mel.hop_length))
    assert waveform.shape == (1, 5 * preset.mel.hop_length)


def test_the_prior_of_a_preset_gives_logits_over_its_grid(preset):
    prior = PixelSNAIL(preset.prior, preset.grid, preset.vqvae.codebook_size)
    codes = torch.zeros(2, *preset.grid, dtype=torch.long)
    assert prior(codes, torch.tensor([0, 6])).shape == (2, preset.vqvae.codebook_size, *preset.grid)


def test_the_studio_grid_lets_time_run_outermost():
    assert STUDIO.grid == (24, 75)
    assert STUDIO.prior.scan == "frames"


def test_a_setting_can_be_overridden_by_name():
    changed = STUDIO.override("prior.channels", "128").override("vqvae.class_head", False)
    assert (changed.prior.channels, changed.vqvae.class_head) == (128, False)


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [("prior.chanels", "1", "prior.chanels"), ("prior.channels", "many", "many"), ("prior", "3", "prior")],
)
def test_a_wrong_override_is_named(path, value, word):
    with pytest.raises(ValueError, match=word):
        STUDIO.override(path, value)


def test_an_unknown_setting_in_a_file_is_named():
    data = STUDIO.to_dict() | {"colour": "blue"}
    with pytest.raises(ValueError, match="colour"):
        Preset.from_dict(data)
    with pytest.raises(ValueError, match="studioo"):
        get_preset("studioo")


def test_the_studio_baseline_has_the_baselines_design_at_the_studios_size():
    ours, theirs = STUDIO, STUDIO_BASELINE
    for build in (
        lambda preset: VQVAE(preset.vqvae),
        lambda preset: PixelSNAIL(preset.prior, preset.grid, preset.vqvae.codebook_size),
        Vocoder,
    ):
        a, b = (sum(parameter.numel() for parameter in build(preset).parameters()) for preset in (ours, theirs))
        assert abs(a - b) < 0.05 * a
    assert (theirs.rows, theirs.frames, theirs.grid) == (80, 344, (20, 86))
    assert not theirs.vqvae.class_head
    assert theirs.prior.zen_factor == 1
    assert theirs.vocoder.head == "waveform"
