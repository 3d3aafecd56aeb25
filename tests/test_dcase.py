"""The baseline's own files give here what the baseline's own modules gave (recorded in `data/dcase`)."""

import argparse
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from foley.checkpoints import CheckpointError, load_stage, read_config
from foley.cli import main
from foley.dcase import fold, import_dcase
from foley.models.pixelsnail import PixelSNAIL
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE

DATA = Path(__file__).parent / "data" / "dcase"
FILES = {"vqvae": "vqvae.pth", "prior": "prior.pt", "vocoder": "g.pth", "vocoder-config": "hifigan.json"}


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    target = tmp_path_factory.mktemp("imported") / "baseline"
    arguments = [part for name, file in FILES.items() for part in (f"--{name}", str(DATA / file))]
    assert main(["import-dcase", *arguments, "--out", str(target)]) == 0
    return target


@pytest.fixture(scope="module")
def expected():
    return load_file(DATA / "expected.safetensors")


def close(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    return bool((ours - theirs).abs().max() <= 1e-4 * theirs.abs().max())


def test_the_vqvae_gives_the_same_codes_and_mels(imported, expected):
    model = load_stage(imported, "vqvae", VQVAE(read_config(imported)[0].vqvae))
    mel = expected["mel_in"].float()
    assert torch.equal(model.encode(mel), expected["ids"].long())
    assert close(model(mel).cembed[:, ::4, ::8], expected["rec"])


def test_the_prior_gives_the_same_logits(imported, expected):
    preset = read_config(imported)[0]
    model = load_stage(imported, "prior", PixelSNAIL(preset.prior, preset.grid, preset.vqvae.codebook_size))
    logits = model(expected["codes"].long(), expected["labels"])
    assert close(logits[:, :, ::3, ::7], expected["logits"])


def test_the_vocoder_gives_the_same_waveform(imported, expected):
    model = load_stage(imported, "vocoder", Vocoder(read_config(imported)[0]))
    assert 0.01 < expected["wav"].abs().mean() < 0.9
    assert close(model(expected["vmel"], expected["vmel"], None), expected["wav"])


def test_weight_norm_is_folded():
    direction = torch.randn(3, 2, 5)
    folded = fold({"a.weight_v": direction, "a.weight_g": torch.full((3, 1, 1), 2.0), "a.bias": torch.zeros(3)})
    assert set(folded) == {"a.weight", "a.bias"}
    assert torch.allclose(folded["a.weight"].flatten(1).norm(dim=1), torch.full((3,), 2.0))


@pytest.mark.parametrize("wrong", FILES)
def test_a_missing_or_foreign_file_is_named(tmp_path, wrong):
    for file in FILES.values():
        shutil.copy(DATA / file, tmp_path)
    bad = tmp_path / FILES[wrong]
    files = [tmp_path / file for file in FILES.values()]
    bad.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=bad.name):
        import_dcase(*files, tmp_path / "out")
    if wrong != "vocoder-config":
        torch.save({"model": {"a": torch.zeros(1)}, "generator": {"a": torch.zeros(1)}}, bad)
        with pytest.raises(CheckpointError, match=bad.name):
            import_dcase(*files, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Foreign(argparse.Namespace):
    """Something that plain weights never hold."""


def test_foreign_objects_are_not_unpickled(tmp_path):
    torch.save({"model": {}, "args": Foreign()}, tmp_path / "prior.pt")
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        import_dcase(DATA / "vqvae.pth", tmp_path / "prior.pt", DATA / "g.pth", DATA / "hifigan.json", tmp_path / "out")
