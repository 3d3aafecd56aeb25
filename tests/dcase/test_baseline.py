"""The baseline's own files give here what the baseline's own modules gave (recorded in `data/dcase`)."""

import argparse
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from foley.checkpoints import CheckpointError, load_stage, read_config
from foley.cli import main
from foley.dcase.baseline import BaselineFiles, fold, import_dcase
from foley.models.pixelsnail import PixelSNAIL
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE

DATA = Path(__file__).parents[1] / "data" / "dcase"
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
        import_dcase(BaselineFiles(*files), tmp_path / "out")
    if wrong != "vocoder-config":
        torch.save({"model": {"a": torch.zeros(1)}, "generator": {"a": torch.zeros(1)}}, bad)
        with pytest.raises(CheckpointError, match=bad.name):
            import_dcase(BaselineFiles(*files), tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Foreign(argparse.Namespace):
    """Something that plain weights never hold."""


def test_foreign_objects_are_not_unpickled(tmp_path):
    torch.save({"model": {}, "args": Foreign()}, tmp_path / "prior.pt")
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        import_dcase(BaselineFiles(prior=tmp_path / "prior.pt"), tmp_path / "out")


def files_with(tmp_path, **changed) -> list[Path]:
    """Copies of the baseline's files, of which some are replaced by what a function writes there."""
    for file in FILES.values():
        shutil.copy(DATA / file, tmp_path)
    for file, write in changed.items():
        write(tmp_path / FILES[file.replace("_", "-")])
    return [tmp_path / file for file in FILES.values()]


def prefixed(path: Path) -> None:
    torch.save({f"module.{name}": value for name, value in torch.load(path, weights_only=True).items()}, path)


def newer_weight_norm(path: Path) -> None:
    state = torch.load(path, weights_only=True)["generator"]
    renames = (("weight_g", "parametrizations.weight.original0"), ("weight_v", "parametrizations.weight.original1"))
    for old, new in renames:
        state = {name.replace(old, new): value for name, value in state.items()}
    torch.save({"generator": state}, path)


@pytest.mark.parametrize(
    "changed", [{"vqvae": prefixed}, {"vocoder": newer_weight_norm}], ids=["prefixed", "newer weight norm"]
)
def test_files_of_wrappers_and_of_newer_weight_norm_hold_the_same_weights(tmp_path, imported, changed):
    again = import_dcase(BaselineFiles(*files_with(tmp_path, **changed)), tmp_path / "out")
    for stage in ("vqvae", "prior", "vocoder"):
        expected, found = (load_file(folder / f"{stage}.safetensors") for folder in (imported, again))
        assert all(torch.equal(found[name], value) for name, value in expected.items())


def saved(change):
    def write(path: Path) -> None:
        with torch.serialization.safe_globals([argparse.Namespace]):
            data = torch.load(path, weights_only=True)
        torch.save(change(data), path)

    return write


def compressed(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content + bytes(10**6))


def flat(data: dict) -> dict:
    return {**data, "model": {name: value.flatten() for name, value in data["model"].items()}}


def huge_view(state: dict) -> dict:
    return {**state, "quantize_b.embed": torch.zeros(1).expand(64, 10**12)}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"prior": saved(flat)}, "prior.pt is not the baseline's file"),
        ({"prior": compressed}, "prior.pt cannot be read as weights: it is compressed"),
        ({"vqvae": saved(huge_view)}, "no plain tensor"),
        ({"vqvae": saved(lambda state: {**state, "quantize_b.embed": torch.zeros(0, 0)})}, "vqvae.pth"),
        ({"vqvae": saved(lambda state: {**state, "quantize_b.embed": torch.zeros(4)})}, "other shapes"),
        ({"vqvae": saved(lambda state: {name: value * torch.nan for name, value in state.items()})}, "no numbers"),
        ({"vqvae": saved(lambda state: [state])}, "should hold a state dict"),
        ({"vqvae": saved(lambda state: {1: torch.zeros(1)})}, "other things"),
        ({"vocoder_config": lambda path: path.write_text("[]")}, "hifigan.json"),
        ({"vocoder_config": lambda path: path.write_text("[" * 10**6)}, "hifigan.json"),
        ({"vocoder_config": lambda path: path.write_text('{"resblock": "2"}')}, "resblock"),
        ({"vocoder_config": lambda path: path.write_bytes(b"\xff")}, "hifigan.json"),
        ({"vocoder_config": lambda path: path.unlink()}, "hifigan.json cannot be read"),
    ],
)
def test_a_hostile_file_is_named(tmp_path, changed, word):
    with pytest.raises(CheckpointError, match=word) as caught:
        import_dcase(BaselineFiles(*files_with(tmp_path, **changed)), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("resblock_dilation_sizes", None),
        ("resblock_dilation_sizes", [[]]),
        ("upsample_rates", [0]),
        ("upsample_rates", [10**9, 2]),
        ("upsample_rates", "88"),
        ("upsample_initial_channel", -4),
        ("upsample_initial_channel", 10**6),
        ("resblock_kernel_sizes", []),
    ],
)
def test_a_setting_of_hifigan_that_cannot_be_is_named(tmp_path, setting, value):
    def write(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), setting: value}))

    with pytest.raises(CheckpointError, match=setting):
        import_dcase(BaselineFiles(*files_with(tmp_path, vocoder_config=write)), tmp_path / "out")


def test_the_vocoder_alone_is_put_into_a_model_of_ones_own(imported, tmp_path, expected):
    own = tmp_path / "own"
    shutil.copytree(imported, own)
    before = (own / "prior.safetensors").read_bytes()
    (own / "vocoder.safetensors").unlink()
    arguments = ["--vocoder", str(DATA / "g.pth"), "--vocoder-config", str(DATA / "hifigan.json")]
    assert main(["import-dcase", *arguments, "--out", str(own)]) == 0
    model = load_stage(own, "vocoder", Vocoder(read_config(own)[0]))
    assert close(model(expected["vmel"], expected["vmel"], None), expected["wav"])
    assert (own / "prior.safetensors").read_bytes() == before
    with pytest.raises(CheckpointError, match="no checkpoint yet"):
        import_dcase(BaselineFiles(vocoder=DATA / "g.pth", vocoder_config=DATA / "hifigan.json"), tmp_path / "none")
