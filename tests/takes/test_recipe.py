"""A file brings its own take back, to the bit; and says in standard places what it is."""

import struct

import numpy as np
import pytest
import soundfile
import torch

from foley import Foley
from foley.cli import main
from foley.pipeline import Networks
from foley.takes.export import ExportSettings, export
from foley.takes.recipe import Recipe, RecipeError


@pytest.fixture(scope="module")
def foley(checkpoint):
    return Foley.from_pretrained(checkpoint, "cpu")


@pytest.fixture(scope="module")
def take(foley):
    return foley.generate("Rain", seed=21, temperature=0.8, top_p=0.95)[0]


@pytest.fixture(scope="module")
def edited(foley, take):
    sibling = foley.siblings(take, 0.4, seed=3)[0]
    box = foley.redraw(sibling, (0, 9), (20, 44), seed=4)[0]
    return foley.continue_(box, 6.0, seed=5)[0]


def chunks(path) -> dict[bytes, bytes]:
    data, place, found = path.read_bytes(), 12, {}
    while place < len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        found[name] = data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    assert place == len(data) == struct.unpack_from("<I", data, 4)[0] + 8
    return found


@pytest.mark.parametrize("which", ["take", "edited"])
def test_a_saved_take_is_brought_back_bit_for_bit(foley, which, request, tmp_path):
    take = request.getfixturevalue(which)
    again = foley.remake(Recipe.read(take.save(tmp_path)))
    assert torch.equal(again.waveform, take.waveform)
    assert torch.equal(again.codes, take.codes)
    assert again.recipe == take.recipe
    assert again.save(tmp_path / "b").read_bytes() == take.save(tmp_path / "a").read_bytes()


def test_drawing_from_the_seed_gives_the_recipes_codes(foley, take, tmp_path):
    recipe = Recipe.read(take.save(tmp_path))
    drawn = foley.generate(recipe.category, recipe.seed, recipe.temperature, 1, recipe.top_k, recipe.top_p)[0]
    assert torch.equal(drawn.codes, recipe.codes)


def test_a_wav_says_what_it_is_where_other_programs_look(take, edited, tmp_path):
    path = edited.save(tmp_path / "take.wav")
    found = chunks(path)
    assert list(found)[:3] == [b"bext", b"fmt ", b"data"]
    assert found[b"bext"][:256].startswith(b"Rain, seed 5, temperature 0.80; sibling at distance 0.40;")
    assert len(found[b"bext"]) == 602
    assert found[b"bext"][256:268] == b"foley studio"
    assert b"INAM" in found[b"LIST"]
    assert b"licence of the model: not stated" in found[b"LIST"]
    assert b"<catId>RAIN</catId>" in found[b"iXML"]
    with soundfile.SoundFile(path) as file:
        assert file.title == "Rain 5"
        assert file.copyright == "not stated"
        assert file.frames == 113 * 1280
    data, _ = soundfile.read(path, dtype="float32")
    assert np.abs(data - edited.waveform.numpy()).max() < 2**-22


@pytest.mark.parametrize("kind", ["WAV 16-bit", "WAV 24-bit", "WAV 32-bit float", "FLAC 16-bit", "FLAC 24-bit"])
def test_every_export_carries_the_recipe_and_is_made_again_to_the_byte(checkpoint, take, kind, tmp_path, capsys):
    settings = ExportSettings(kind, 48_000, trim=True, fade_out_s=0.2, normalise="peak", level=-3.0)
    path = export(take, tmp_path / "first", settings, name="Roof & gutter")
    soundfile.read(path)
    assert main(["recipe", str(path), "--out", str(tmp_path / "again"), "--checkpoint", str(checkpoint)]) == 0
    words = capsys.readouterr().out
    assert "Rain" in words
    assert "Roof & gutter" in words
    assert "24 rows, 75 frames" in words
    assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_the_recipe_alone_needs_no_model(take, tmp_path, capsys):
    assert main(["recipe", str(take.save(tmp_path)), "--checkpoint", "nowhere"]) == 0
    assert "21" in capsys.readouterr().out


def test_another_models_take_is_named(foley, take, tmp_path):
    networks = Networks(foley.cembed, foley.vqvae, foley.prior, foley.vocoder)
    other = Foley(foley.preset, networks, name="other@123456")
    with pytest.raises(RecipeError, match="made by the model tiny@"):
        other.remake(take.made_by)


def without_recipe(tmp_path, kind, take):
    path = tmp_path / f"{kind}.wav"
    if kind == "plain":
        soundfile.write(path, np.zeros(100), 24_000)
    elif kind == "text":
        path.write_bytes(b"%PDF-1.7")
    elif kind == "nothing":
        path.write_bytes(b"")
    elif kind == "cut":
        path.write_bytes(take.save(tmp_path / "whole.wav").read_bytes()[:-500])
    elif kind == "changed":
        data = take.save(tmp_path / "whole.wav").read_bytes()
        path.write_bytes(data.replace(b'"seed": 21', b'"seed": -1'))
    elif kind == "bomb":
        xml = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><BWFXML>&b;</BWFXML>'
        path.write_bytes(b"RIFF\x00\x00\x00\x00WAVEiXML" + struct.pack("<I", len(xml)) + xml)
    return path


@pytest.mark.parametrize("kind", ["missing", "plain", "text", "nothing", "cut", "changed", "bomb"])
def test_a_file_without_a_usable_recipe_gets_one_sentence(take, tmp_path, kind, capsys):
    assert main(["recipe", str(without_recipe(tmp_path, kind, take))]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert f"{kind}.wav" in error
