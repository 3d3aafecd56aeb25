"""The whole chain on a tiny model: shapes, reproducibility, and sentences for bad input."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from foley import Category, Foley
from foley.audio.files import read_audio
from foley.checkpoints import CheckpointError, load_stage
from foley.cli import main
from foley.models.vqvae import VQVAE
from foley.resources import SHIPPED_MODEL


@pytest.fixture(scope="module")
def foley(checkpoint):
    return Foley.from_pretrained(checkpoint)


@pytest.fixture(scope="module")
def takes(foley):
    return foley.generate("DogBark", seed=7, temperature=0.9, count=2)


def test_a_take_is_four_seconds_of_finite_unclipped_sound(takes, preset):
    for take in takes:
        assert take.waveform.shape == (96_000,) and take.duration_s == 4.0
        assert torch.isfinite(take.waveform).all()
        assert take.waveform.abs().max() <= 0.99 + 1e-6
        assert take.codes.shape == preset.grid
        assert take.cembed.shape == (preset.rows, preset.frames)


def test_other_seeds_give_other_takes(takes):
    assert [take.seed for take in takes] == [7, 8]
    assert not torch.equal(takes[0].waveform, takes[1].waveform)


def test_a_take_does_not_depend_on_its_batch(foley, takes):
    alone = foley.generate("DogBark", seed=8, temperature=0.9)[0]
    assert torch.equal(alone.codes, takes[1].codes)
    assert torch.equal(alone.waveform, takes[1].waveform)


def test_progress_comes_before_the_takes_and_closing_ends_the_sampler(foley, monkeypatch):
    run, ended = foley.sampler.backend.run, []

    def watched(state):
        try:
            yield from run(state)
        finally:
            ended.append(int(state.codes.min()))

    monkeypatch.setattr(foley.sampler.backend, "run", watched)
    events = foley.stream("Rain", seed=1)
    first = next(events)
    assert 0 <= first.done < first.total == 24 * 75
    assert not ended
    events.close()
    assert ended == [-1]  # before the last code was there


def test_given_codes_stay(foley, takes, preset):
    keep = torch.zeros(preset.grid, dtype=torch.bool)
    keep[:, :40] = True
    take = list(foley.stream("DogBark", seed=99, given=takes[0].codes, keep=keep))[-1]
    assert torch.equal(take.codes[:, :40], takes[0].codes[:, :40])
    assert not torch.equal(take.codes[:, 40:], takes[0].codes[:, 40:])


def test_reconstruction_passes_every_stop(foley, dataset_folder, preset):
    file = next((dataset_folder / "Rain").iterdir())
    result = foley.reconstruct(file)
    assert torch.equal(result.codes, foley.encode(file))
    assert result.cembed.shape == result.decoded.shape == (preset.rows, preset.frames)
    assert result.waveform.shape == result.original.shape == (96_000,)
    assert sum(result.class_shares.values()) == pytest.approx(1, abs=1e-5)
    assert result.log_mel_l1 > 0


def test_a_file_an_array_and_samples_are_the_same_recording(foley, dataset_folder):
    file = next((dataset_folder / "Rain").iterdir())
    data, rate = soundfile.read(file, dtype="int16")
    for recording in ((rate, data), read_audio(file, 24_000)):
        assert torch.equal(foley.encode(recording), foley.encode(file))


def test_short_recordings_are_padded(foley):
    assert foley.encode((24_000, np.random.default_rng(0).standard_normal(2400))).shape == (24, 75)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"category": "Cat"}, "Cat"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"seed": -1}, "seed"),
        ({"count": 0}, "takes"),
        ({"top_p": 0}, "top_p"),
    ],
)
def test_what_cannot_be_asked_for_is_named(foley, arguments, word):
    with pytest.raises(ValueError, match=word):
        foley.generate(**({"category": "Rain"} | arguments))


def test_the_samples_do_not_depend_on_the_number_of_threads(foley):
    threads, takes = torch.get_num_threads(), []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            takes.append(foley.generate("Rain", seed=3)[0].waveform)
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(takes[0], takes[1]) and torch.equal(takes[0], takes[2])


def test_missing_broken_and_foreign_checkpoints_are_named(checkpoint, tmp_path, preset):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Foley.from_pretrained(tmp_path)
    broken = tmp_path / "broken"
    shutil.copytree(checkpoint, broken)
    (broken / "vqvae.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="broken"):
        Foley.from_pretrained(broken)
    weights = load_file(checkpoint / "vqvae.safetensors")
    save_file(weights | {"to_code.bias": weights["to_code.bias"] * float("nan")}, broken / "vqvae.safetensors")
    with pytest.raises(CheckpointError, match="no numbers"):
        Foley.from_pretrained(broken)
    (broken / "vqvae.safetensors").unlink()
    with pytest.raises(CheckpointError, match="vqvae"):
        Foley.from_pretrained(broken)
    shutil.copy(checkpoint / "vocoder.safetensors", broken / "vqvae.safetensors")
    with pytest.raises(CheckpointError, match="does not fit"):
        load_stage(broken, "vqvae", VQVAE(preset.vqvae))
    (broken / "config.json").write_text("[]")
    with pytest.raises(CheckpointError, match="not the configuration"):
        Foley.from_pretrained(broken)
    (broken / "config.json").write_text(json.dumps({"architectures": ["Other"]}))
    with pytest.raises(CheckpointError, match=r"config\.json"):
        Foley.from_pretrained(broken)


def test_a_device_that_is_not_here_is_named(checkpoint):
    with pytest.raises(ValueError, match="abacus"):
        Foley.from_pretrained(checkpoint, device="abacus")


def test_the_command_line_writes_the_takes_of_python(checkpoint, tmp_path, takes, capsys):
    arguments = ["generate", "--category", "dog_bark", "--seed", "7", "--temperature", "0.9", "--count", "2"]
    assert main([*arguments, "--out", str(tmp_path), "--checkpoint", str(checkpoint)]) == 0
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["DogBark_seed7_t0.90.wav", "DogBark_seed8_t0.90.wav"]
    for file, take in zip(files, takes, strict=True):
        assert np.array_equal(soundfile.read(file)[0], soundfile.read(take.save(tmp_path / "again.wav"))[0])
        assert take.recipe.is_in(file)
        assert soundfile.info(file).samplerate == 24_000
        assert soundfile.info(file).frames == 96_000


def test_the_command_line_reconstructs(checkpoint, dataset_folder, tmp_path, capsys):
    file = next((dataset_folder / "Rain").iterdir())
    assert main(["reconstruct", str(file), "--out", str(tmp_path), "--checkpoint", str(checkpoint)]) == 0
    assert "log-mel L1" in capsys.readouterr().out
    assert soundfile.info(tmp_path / f"{file.stem}_reconstructed.wav").frames == 96_000


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--category", "Cat"],
        ["generate", "--category", "Rain", "--temperature", "-1"],
        ["generate", "--category", "Rain", "--checkpoint", "./nowhere"],
        ["reconstruct", "nowhere.wav"],
    ],
)
def test_bad_input_on_the_command_line_gets_one_sentence_and_exit_code_2(checkpoint, arguments, capsys):
    if "--checkpoint" not in arguments:
        arguments = [*arguments, "--checkpoint", str(checkpoint)]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1


@pytest.fixture(scope="module")
def shipped():
    return Foley.from_pretrained(SHIPPED_MODEL)


@pytest.mark.parametrize("category", Category, ids=lambda category: category.name)
def test_the_shipped_model_sounds_in_every_class(shipped, category):
    takes = shipped.generate(category, seed=1, count=4)
    for take in takes:
        assert take.waveform.shape == (96_000,) and take.sample_rate == 24_000
        assert torch.isfinite(take.waveform).all() and take.waveform.abs().max() < 1.0
    # single takes may be nearly silent with the first weights; a class that never sounds is broken
    assert max(float(take.waveform.abs().max()) for take in takes) > 0.01
    assert not torch.equal(takes[0].waveform, takes[1].waveform)


def test_warming_up_compiles_the_sampler_beside_other_work(checkpoint):
    from foley.sampling.backends.cpu import code_sampling

    thread = Foley.from_pretrained(checkpoint).warm_up()
    assert thread.daemon
    thread.join()
    assert code_sampling.sample_codes.signatures
