"""Recordings, takes and folders of them, as anybody may hand them over."""

import contextlib
import json
import random
import shutil
from pathlib import Path

import torch
from broken_files import VALUES, WORDS, broken_bytes, broken_json, write_index, write_sound, write_table
from handmade import handmade_take
from kit import Kit, NotHeldError

from foley.audio.files import AudioError, read_audio, read_samples, recording_s
from foley.audio.metadata import Tags, tagged
from foley.dataset import load_dataset
from foley.presets import STUDIO
from foley.takes.export import ExportSettings
from foley.takes.index import FILE, FOLDER
from foley.takes.library import Library
from foley.takes.recipe import Recipe


def recordings(chance: random.Random, kit: Kit, folder: Path) -> None:
    path = folder / chance.choice(["a.wav", "b.flac", "c.ogg", "d.mp3", "e", "\udcff.wav", "f" * 200 + ".aif"])
    write_sound(path, chance)
    refusals = []
    for read in (lambda: read_audio(path, 24_000, 4.0), lambda: read_samples(path, 4.0)[0]):
        try:
            if read().dtype != torch.float32:
                raise NotHeldError("samples that no network takes")
        except AudioError as error:
            refusals.append(error)
    try:
        recording_s(path)
    except AudioError as error:
        refusals.append(error)
    if refusals:
        raise refusals[0]


def recipes(chance: random.Random, kit: Kit, folder: Path) -> None:
    path, whole = folder / chance.choice(["take.wav", "take.flac"]), kit.take.read_bytes()
    text = Recipe.read(kit.take).to_json()
    if chance.random() < 0.6:
        plain = handmade_take(seconds=0.01)
        plain.save(path)
        sound = path.read_bytes()
        with contextlib.suppress(UnicodeEncodeError):
            sound = tagged(sound, Tags(recipe=broken_json(text, chance)))
        path.write_bytes(sound)
    else:
        path.write_bytes(broken_bytes(whole[: 700 * (chance.random() < 0.5) or None] + whole[-9000:], chance))
    recipe = Recipe.read(path)
    ExportSettings.from_dict(recipe.export)
    json.dumps(recipe.settings).encode()


def libraries(chance: random.Random, kit: Kit, folder: Path) -> None:
    shutil.copy(kit.take, folder / "good.wav")
    library = Library(folder)
    library.change("good.wav", star=True)
    for _ in range(chance.choice([0, 1, 2])):
        write_sound(folder / chance.choice(["x.wav", "y.FLAC", "\udcff\udcfe.wav", "n\nl.wav"]), chance)
    if chance.random() < 0.4:
        (folder / "z.wav").write_bytes(broken_bytes(kit.take.read_bytes(), chance))
    if chance.random() < 0.7:
        write_index(folder, folder / FOLDER / FILE, chance)
    again = Library(folder)
    if "good.wav" not in {entry.file for entry in again.entries()}:
        raise NotHeldError("a good take is not listed")
    json.dumps([entry.title for entry in again.entries()]).encode()
    again.change("good.wav", name=chance.choice(WORDS))
    again.delete([chance.choice(WORDS), "good.wav"])


def datasets(chance: random.Random, kit: Kit, folder: Path) -> None:
    place = folder / "Rain"
    place.mkdir()
    shutil.copy(kit.take, place / "good.wav")
    expected = True
    if chance.random() < 0.7:
        columns = chance.choice([["file", "category", "split"], ["file", "category", "licence", "source_group"]])
        expected = write_table(folder / "manifest.csv", chance, "Rain/good.wav,Rain", columns)
    else:
        for number in range(3):
            write_sound(place / f"{number}{chance.choice(['.wav', '.mp3', '.m4a', '.ogg'])}", chance)
        (folder / chance.choice(["²", "x" * 200, "rain rain", ".hidden"])).mkdir()
    dataset = load_dataset(folder, STUDIO.audio)
    if expected and not any(clip.path.name == "good.wav" for clip in dataset.clips):
        raise NotHeldError("a good recording was left out")
    dataset.summary().encode()


def pages(chance: random.Random, kit: Kit, folder: Path) -> None:
    """The settings that a page or a file asks for, as plain values."""
    names = ["format", "sample_rate", "trim", "fade_in_s", "fade_out_s", "normalise", "level", "loop", "template", "x"]
    ExportSettings.from_dict({name: chance.choice(VALUES) for name in chance.sample(names, chance.randrange(4))})
