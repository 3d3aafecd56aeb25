"""The library's rows and the export panel without a browser: what they say of takes, and the files they give."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
import torch
from handmade import handmade_take

from foley.pipeline import Foley
from foley.takes.export import ExportSettings
from foley.takes.library import Library
from foley.takes.recipe import Recipe
from foley.ui.components.export_panel import export_settings, export_takes
from foley.ui.components.library_list import change_library, kind, library_value
from foley.ui.components.protocol import Delete, ExportForm, Restore, Star


@pytest.fixture(scope="module")
def foley(checkpoint: Path) -> Foley:
    return Foley.from_pretrained(checkpoint, "cpu")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def test_a_change_of_the_library_says_which_version_it_follows(library):
    file = library.add(handmade_take()).file
    before = library_value(library)
    starred = change_library(library, Star(action="star", files=(file,), star=True))
    assert starred["since"] == before["version"]
    assert starred["takes"][0]["star"]
    deleted = change_library(library, Delete(action="delete", files=(file, "nothing.wav")))
    assert (deleted["since"], deleted["gone"], deleted["trashed"]) == (starred["version"], [file], 1)
    back = change_library(library, Restore(action="restore"))
    assert back["takes"][0]["star"]
    assert back["trashed"] == 0


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ((), ""),
        (("sibling at distance 0.30",), "sibling 0.30"),
        (("sibling at distance 0.30", "rows 2-4, frames 10-19 drawn again"), "region again"),
        (("from dog.flac",), "from dog.flac"),
        (("from dog.flac", "continued to 8 s"), "continued to 8 s, from dog.flac"),
    ],
)
def test_a_row_says_what_its_take_is(edits, words):
    assert kind(edits) == words


def test_exports_are_one_file_or_a_zip_and_carry_names(foley, library, tmp_path):
    for take in foley.generate("Footstep", seed=30, count=2):
        library.add(take)
    files = [entry.file for entry in library.entries()]
    library.change(files[0], name="Boots")
    settings = ExportSettings("FLAC 16-bit", 44_100, template="{number} {name}")

    def take_of(file: str):
        return foley.recall(*library.saved(file))

    *_, (_, path, _) = export_takes(library, take_of, files, settings, tmp_path)
    with zipfile.ZipFile(path) as zipped:
        assert zipped.namelist() == ["01 Boots.flac", "02 Footstep.flac"]
        zipped.extractall(tmp_path)
    assert soundfile.info(tmp_path / "01 Boots.flac").samplerate == 44_100
    assert Recipe.read(tmp_path / "01 Boots.flac").seed == 31
    *_, (_, path, words) = export_takes(library, take_of, files[:1], ExportSettings(loop=True), tmp_path / "one")
    assert path.name == "FEETHmn_Boots 31_FOLEY_tiny.wav"
    assert "seam" in words
    with pytest.raises(ValueError, match="no take to export"):
        next(export_takes(library, take_of, [], settings, tmp_path))


def test_an_export_tells_what_stays_below_its_level_and_what_is_nearly_silent(library, tmp_path):
    takes = [handmade_take(seed=seed) for seed in (1, 2)]
    takes.append(replace(handmade_take(seed=3), waveform=torch.cat([torch.full((1,), 0.02), torch.zeros(24_000)])))
    files = [library.add(take).file for take in takes]
    form = ExportForm(format="WAV 24-bit", sample_rate=24_000, trim=False, loop=False, normalise="loudness", level="")
    settings = export_settings(form)
    assert settings.target == -16  # a level that is left empty is the usual one
    loud = export_settings(form.model_copy(update={"level": "0"}))

    def exported(files, settings):
        *_, (_, _, words) = export_takes(library, take_of.__getitem__, files, settings, tmp_path)
        return words

    take_of = dict(zip(files, takes, strict=True))
    assert "2 of 2 stay below the level asked for, by up to " in exported(files[:2], loud)
    assert "below the level asked for: its peaks would pass −1 dBTP" in exported(files[:1], loud)
    assert "1 of 2 nearly silent" in exported(files[1:], ExportSettings())
    assert exported(files[:1], ExportSettings()).endswith(".wav")  # and no more words
