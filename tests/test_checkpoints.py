"""A checkpoint from anybody: what does not fit is named before memory is taken for it."""

import json
import resource
import shutil
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

from foley import Foley
from foley.checkpoints import CONFIG, CheckpointError, read_config


@pytest.fixture
def folder(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


def changed(folder, path: str, value) -> None:
    config = json.loads((folder / CONFIG).read_text())
    node = config
    *blocks, key = path.split(".")
    for block in blocks:
        node = node[block]
    node[key] = value
    (folder / CONFIG).write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("format", 999, "another version"),
        ("format", None, "another version"),
        ("preset", [], "dictionary"),
        ("preset.encoder.layers", 10**6, "encoder.layers"),
        ("preset.encoder.heads", 0, "encoder.heads"),
        ("preset.audio.sample_rate", 0, "audio.sample_rate"),
        ("preset.audio.duration_s", float("inf"), "audio.duration_s"),
        ("preset.audio.duration_s", 1e9, "audio.duration_s"),
        ("preset.mel.hop_length", 0, "mel.hop_length"),
        ("preset.mel.f_max", 13_000.0, "half the sample rate"),
        ("preset.vqvae.strides", [[0, 2], [2, 2]], "vqvae.strides"),
        ("preset.vqvae.strides", "ab", "vqvae.strides"),
        ("preset.vqvae.channels", 4096, "does not fit"),
        ("preset.vqvae.codebook_size", True, "vqvae.codebook_size"),
        ("preset.prior.channels", 4096, "prior"),
        ("preset.prior.scan", "sideways", "prior.scan"),
        ("preset.prior.dropout", 2.0, "prior.dropout"),
        ("preset.vocoder.upsample_rates", [], "vocoder.upsample_rates"),
        ("preset.vocoder.colour", 1, "vocoder.colour"),
    ],
)
@pytest.mark.machine
def test_a_setting_that_cannot_be_is_named(folder, path, value, word):
    changed(folder, path, value)
    began, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=word) as caught:
        Foley.from_pretrained(folder, "cpu")
    assert "\n" not in str(caught.value)
    assert CONFIG in str(caught.value)
    assert time.monotonic() - began < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200_000  # KiB


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 1}', "[" * 10**6, "\0" * 99, '{"preset": 1e999}'])
def test_a_file_that_is_no_configuration_is_named(folder, text):
    (folder / CONFIG).write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        read_config(folder)


def test_a_configuration_beyond_the_limit_is_not_read(folder):
    text = (folder / CONFIG).read_text()
    (folder / CONFIG).write_text(text + " " * 2**21)
    with pytest.raises(CheckpointError, match="not the configuration"):
        read_config(folder)


def weights_changed(folder, change) -> str:
    path = folder / "vocoder.safetensors"
    state = load_file(path)
    name = next(name for name, value in state.items() if value.dim() > 2)
    change(state, name)
    save_file(state, path)
    return name


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda state, name: state[name].fill_(float("nan")), "no numbers"),
        (lambda state, name: state[name].fill_(1e30), r"weights of 1\.0e\+30"),
        (lambda state, name: state.update({name: state[name].to(torch.int8)}), "another type"),
        (lambda state, name: state.update({name: state[name].bool()}), "another type"),
        (lambda state, name: state.update({name: state[name][:1].clone()}), "the network's is"),
        (lambda state, name: state.pop(name), "it has no"),
        (lambda state, name: state.update(more=torch.zeros(1)), "it has more"),
    ],
)
def test_weights_that_cannot_be_are_named(folder, change, word):
    weights_changed(folder, change)
    with pytest.raises(CheckpointError, match=word) as caught:
        Foley.from_pretrained(folder, "cpu")
    assert "vocoder.safetensors" in str(caught.value)


def test_weights_of_half_precision_are_taken(folder):
    weights_changed(folder, lambda state, name: state.update({name: state[name].half()}))
    assert Foley.from_pretrained(folder, "cpu").vocoder.training is False


def test_sound_that_is_no_numbers_is_not_handed_out(folder):
    def loud(state, name):
        for value in state.values():
            value.mul_(1e11 / value.abs().max().clamp(min=1e-3))

    weights_changed(folder, loud)
    foley = Foley.from_pretrained(folder, "cpu")
    with pytest.raises(ValueError, match="no numbers"):
        foley.decode(torch.zeros(foley.preset.grid, dtype=torch.long))


def test_a_damaged_encoder_costs_no_take_and_is_named_when_a_recording_comes(folder):
    path = folder / "cembed.safetensors"
    state = load_file(path)
    name = next(name for name in state if name.startswith("encoder.network"))
    save_file({other: value for other, value in state.items() if other != name}, path)
    foley = Foley.from_pretrained(folder, "cpu")
    assert len(foley.generate("Rain", seed=1)) == 1
    with pytest.raises(CheckpointError, match=f"it has no {name.removeprefix('encoder.')}"):
        foley.encode(0.1 * torch.randn(96_000))
