"""Every place that reads what may come from anybody: how it is fed, and what it must do with it."""

import contextlib
import io
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from broken_files import (
    VALUES,
    WORDS,
    broken_bytes,
    broken_json,
    write_index,
    write_sound,
    write_table,
)
from handmade import handmade_take
from safetensors.torch import load_file, save_file
from tiny import tiny_checkpoint

from foley.audio.files import AudioError, read_audio, read_samples, recording_s
from foley.audio.metadata import Tags, tagged
from foley.checkpoints import CONFIG, CheckpointError, built_stage, read_config
from foley.cli import main
from foley.dataset import load_dataset
from foley.dcase.baseline import BaselineFiles, import_dcase
from foley.models.vqvae import VQVAE
from foley.presets import STUDIO
from foley.takes.export import ExportSettings
from foley.takes.index import FILE, FOLDER
from foley.takes.library import Library, LibraryError
from foley.takes.recipe import Recipe, RecipeError

DCASE = Path(__file__).parents[1] / "data" / "dcase"
SENTENCES = (AudioError, RecipeError, LibraryError, CheckpointError)
LONGEST = 600  # characters of a sentence


class NotHeldError(Exception):
    """Something that an entry point did with an input, and may not."""


@dataclass(frozen=True)
class Kit:
    """What inputs are made of, prepared once for a process: a tiny checkpoint and a take."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        return self.folder / "tiny"

    @property
    def take(self) -> Path:
        return self.folder / "take.wav"

    @classmethod
    def made(cls, folder: Path) -> "Kit":
        kit = cls(folder)
        tiny_checkpoint(kit.checkpoint)
        handmade_take().save(kit.take)
        return kit


Entry = Callable[[random.Random, Kit, Path], None]  # makes an input in the folder and feeds it; raises what it raises


def recordings(chance: random.Random, kit: Kit, folder: Path) -> None:
    path = folder / chance.choice(["a.wav", "b.flac", "c.ogg", "d.mp3", "e", "\udcff.wav", "f" * 200 + ".aif"])
    write_sound(path, chance)
    refusals = []
    for read in (lambda: read_audio(path, 24_000, 4.0), lambda: recording_s(path), lambda: read_samples(path, 4.0)):
        try:
            read()
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


def configurations(chance: random.Random, kit: Kit, folder: Path) -> None:
    shutil.copytree(kit.checkpoint, folder, dirs_exist_ok=True)
    text = (folder / CONFIG).read_text()
    (folder / CONFIG).write_text(broken_json(text, chance), encoding="utf-8", errors="replace")
    preset, _ = read_config(folder)
    built_stage(folder, "vqvae", lambda: VQVAE(preset.vqvae))


def weights(chance: random.Random, kit: Kit, folder: Path) -> None:
    shutil.copytree(kit.checkpoint, folder, dirs_exist_ok=True)
    path = folder / "vqvae.safetensors"
    if chance.random() < 0.5:
        path.write_bytes(broken_bytes(path.read_bytes(), chance))
    else:
        state = load_file(path)
        name = chance.choice(sorted(state))
        value = state[name].float()
        change = chance.choice(["nan", "huge", "type", "shape", "gone", "more"])
        state[name] = {
            "nan": value * float("nan"),
            "huge": value * 0 + 1e30,
            "type": value.to(chance.choice([torch.int8, torch.bool, torch.complex64, torch.float64, torch.bfloat16])),
            "shape": torch.zeros(chance.choice([(), (0,), (1, 2, 3), (10**6,)])),
        }.get(change, value)
        if change == "gone":
            del state[name]
        if change == "more":
            state["more"] = torch.zeros(3)
        save_file(state, path)
    preset, _ = read_config(folder)
    built_stage(folder, "vqvae", lambda: VQVAE(preset.vqvae))


def baselines(chance: random.Random, kit: Kit, folder: Path) -> None:
    names = ["vqvae.pth", "prior.pt", "g.pth", "hifigan.json"]
    for name in names:
        shutil.copy(DCASE / name, folder)
    path = folder / chance.choice([*names, "hifigan.json"])
    if path.suffix == ".json":
        path.write_text(broken_json(path.read_text(), chance), encoding="utf-8", errors="replace")
    elif chance.random() < 0.5:
        path.write_bytes(broken_bytes(path.read_bytes(), chance))
    else:
        path.write_bytes(b"")
        state = {f"{chance.choice(WORDS)}{number}": chance.choice(VALUES[:16]) for number in range(3)}
        torch.save({"model": state, "generator": state, "quantize_b.embed": torch.zeros(2, 2)}, path)
    try:
        import_dcase(BaselineFiles(*(folder / name for name in names)), folder / "out")
    except CheckpointError:
        if (folder / "out").exists():
            raise NotHeldError("half a checkpoint was written") from None
        raise


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


def arguments(chance: random.Random, kit: Kit, folder: Path) -> None:
    options = {
        "generate": ["--category", "--seed", "--temperature", "--top-p", "--top-k", "--count", "--out", "--device"],
        "reconstruct": ["--seed", "--out", "--device"],
        "recipe": ["--device"],
        "evaluate": ["--reference", "--per-class", "--seed", "--temperature", "--top-p", "--draws", "--embedder"],
        "import-dcase": ["--vqvae", "--prior", "--vocoder", "--vocoder-config"],
        "benchmark": ["--preset", "--plain-codes"],
        "nonsense": [],
    }
    command = chance.choice(list(options))
    words = [command, *(["--category", "Rain"] if command == "generate" else [])]
    words += [chance.choice([*WORDS, str(kit.take)])] if command in ("reconstruct", "recipe") else []
    words += ["--preset", "opera"] if command == "benchmark" else []  # or else it would begin
    for option in chance.sample(options[command], min(len(options[command]), chance.randrange(4))):
        words += [option, chance.choice([*WORDS, "0", "1", "-1", "0.5"])]
    words += ["--out", str(folder / "out")] if command in ("import-dcase",) else []
    words += ["--checkpoint", str(folder)] if command in ("generate", "reconstruct", "evaluate", "recipe") else []
    error, output = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(output), contextlib.chdir(folder):
        try:
            code = main(words)
        except SystemExit as left:
            code = left.code
    if code not in (0, 2):
        raise NotHeldError(f"exit code {code}")
    text = error.getvalue()
    if code == 2:
        if not text.startswith("error: ") or text.count("\n") != 1:
            raise NotHeldError(f"not one sentence: {text[-200:]!r}")
        raise ValueError(text.strip())


def pages(chance: random.Random, kit: Kit, folder: Path) -> None:
    """The settings that a page or a file asks for, as plain values."""
    names = ["format", "sample_rate", "trim", "fade_in_s", "fade_out_s", "normalise", "level", "loop", "template", "x"]
    ExportSettings.from_dict({name: chance.choice(VALUES) for name in chance.sample(names, chance.randrange(4))})


AREAS: dict[str, tuple[Entry, int]] = {  # with their share of the inputs, of 100
    "recordings": (recordings, 22),
    "recipes in files": (recipes, 20),
    "libraries and their indexes": (libraries, 12),
    "configurations": (configurations, 10),
    "weights": (weights, 8),
    "files of the DCASE baseline": (baselines, 5),
    "datasets and manifests": (datasets, 8),
    "command line arguments": (arguments, 10),
    "export settings": (pages, 5),
}
