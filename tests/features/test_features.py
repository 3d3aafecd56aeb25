"""CEmbed: frames, levels, and the encoder's exact shape."""

import dataclasses

import pytest
import torch
from transformers import HubertModel

from foley.features.cembed import CEmbed
from foley.features.encoder import Encoder, hubert_config, load_mert, mert_state
from foley.features.mel import LOG_FLOOR, LogMel
from foley.presets import PAPER, STUDIO


@pytest.mark.parametrize("frames", [30, 75, 300])
def test_mel_and_encoder_give_the_same_frames(preset, frames):
    waveform = torch.randn(2, 320 * frames)
    assert LogMel(preset.audio, preset.mel)(waveform).shape == (2, 129, frames)
    assert Encoder(preset.encoder).eval()(waveform).shape == (2, 63, frames)


def test_silence_is_the_floor_and_ten_times_louder_is_log_ten_higher():
    log_mel = LogMel(STUDIO.audio, STUDIO.mel)
    noise = torch.randn(1, 9600)
    assert torch.allclose(log_mel(torch.zeros(1, 9600)).exp(), torch.tensor(LOG_FLOOR), atol=1e-5)
    louder = log_mel(10 * noise) - log_mel(noise)
    assert torch.allclose(louder, torch.full_like(louder, 2.302585), atol=1e-3)


def test_standardising_and_restoring_are_inverse(preset):
    cembed = CEmbed(preset)
    cembed.mean.normal_()
    cembed.scale.uniform_(0.5, 2)
    raw = torch.randn(1, preset.rows, 8)
    assert torch.allclose(cembed.restore(cembed.standardise(raw)), raw, atol=1e-5)
    assert torch.allclose(cembed.restore_mel(cembed.standardise(raw)), raw[:, :129], atol=1e-5)


def test_mert_loads_from_its_own_file_without_remote_code(tmp_path):
    small = dataclasses.replace(
        PAPER.encoder,
        layers=2,
        hidden_size=32,
        heads=2,
        feed_forward=64,
        rows=31,
        dropped_channel=7,
        convolution_channels=(8,) * 7,
        positional_groups=4,
    )
    network = HubertModel(hubert_config(small)).eval()
    old_names = {
        "encoder.pos_conv_embed.conv.parametrizations.weight.original0": "encoder.pos_conv_embed.conv.weight_g",
        "encoder.pos_conv_embed.conv.parametrizations.weight.original1": "encoder.pos_conv_embed.conv.weight_v",
    }
    state = {old_names.get(name, name): value for name, value in network.state_dict().items()}
    torch.save(state, tmp_path / "pytorch_model.bin")
    encoder = load_mert(dataclasses.replace(small, repository=str(tmp_path)))
    waveform = torch.randn(1, 9600)
    expected = encoder.hidden_mean(waveform)[0].T
    assert torch.equal(encoder.network.state_dict()["masked_spec_embed"], network.masked_spec_embed)
    assert torch.allclose(encoder(waveform)[0], torch.cat([expected[:7], expected[8:]]), atol=1e-6)
    with pytest.raises(RuntimeError):
        encoder.network.load_state_dict(mert_state({"foreign": torch.zeros(1)}), strict=True)
