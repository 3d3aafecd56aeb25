"""MERT from a local folder: as its own preprocessor says, and without the vector that only training needs."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from transformers import HubertModel, Wav2Vec2FeatureExtractor

from foley.features.encoder import (
    PREPROCESSOR_FILE,
    WEIGHTS_FILE,
    Encoder,
    hubert_config,
    load_mert,
    normalized,
    with_preprocessor,
)
from foley.presets import PAPER, EncoderPreset


@pytest.fixture
def small(tmp_path) -> EncoderPreset:
    sizes = {"layers": 1, "hidden_size": 32, "heads": 2, "feed_forward": 32, "rows": 31, "dropped_channel": 7}
    small = dataclasses.replace(PAPER.encoder, **sizes, convolution_channels=(8,) * 7, positional_groups=4)
    return dataclasses.replace(small, repository=str(tmp_path))


def test_a_copy_without_the_vector_for_masked_frames_loads(small, tmp_path):
    network = HubertModel(hubert_config(small))
    state = {name: value for name, value in network.state_dict().items() if name != "masked_spec_embed"}
    torch.save(state, tmp_path / WEIGHTS_FILE)
    loaded = load_mert(small).network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())
    del state["encoder.layer_norm.weight"]
    torch.save(state, tmp_path / WEIGHTS_FILE)
    with pytest.raises(RuntimeError):
        load_mert(small)


@pytest.mark.parametrize("says", [True, False])
def test_the_models_own_preprocessor_decides_on_normalization(small, tmp_path, says):
    (tmp_path / PREPROCESSOR_FILE).write_text(json.dumps({"do_normalize": says, "sampling_rate": 24_000}))
    assert with_preprocessor(small).normalize is says
    (tmp_path / PREPROCESSOR_FILE).unlink()
    assert with_preprocessor(small) == small


def test_normalized_is_what_the_feature_extractor_gives(small):
    waveform = 0.1 + 0.03 * np.random.default_rng(0).standard_normal(9600).astype(np.float32)
    extractor = Wav2Vec2FeatureExtractor(sampling_rate=24_000, do_normalize=True)
    theirs = extractor(waveform, sampling_rate=24_000, return_tensors="pt").input_values
    ours = normalized(torch.from_numpy(waveform)[None])
    assert torch.allclose(ours, theirs, atol=1e-5)
    encoder = Encoder(dataclasses.replace(small, normalize=True)).eval()
    assert torch.allclose(encoder(ours), encoder(0.5 * ours), atol=1e-4)
