"""What trains and what was trained: checkpoints of any origin, files of the DCASE baseline, packs, runs and reports."""

import hashlib
import json
import lzma
import os
import random
import shutil
from pathlib import Path

import numpy as np
import psutil
import torch
from broken_files import VALUES, WORDS, broken_bytes, broken_json, write_table
from kit import Kit, NotHeldError
from safetensors.torch import load_file, save_file

from foley.checkpoints import CONFIG, CheckpointError, built_stage, read_config
from foley.dcase.baseline import BaselineFiles, import_dcase
from foley.evaluation.report import CLIPS, REPORT, ClipRow
from foley.evaluation.report_files import kept_reports
from foley.evaluation.report_pages import report_markdown
from foley.models.vqvae import VQVAE
from foley.packs import MAGIC, Pack, find_pack, read_pack, write_pack
from foley.presets import STAGES
from foley.runs.process import PROCESS
from foley.runs.view import EVENTS, SETTINGS, find_runs
from foley.ui.components import report_view, run_view

DCASE = Path(__file__).parents[1] / "data" / "dcase"


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


def packs(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Packs of recordings: damaged, or made by somebody who knows how the checksum is computed."""
    rows = [{"file": f"Rain/{number}.wav", "category": "Rain"} for number in range(2)]
    pack = Pack(24_000, rows, np.arange(2000, dtype=np.int16).reshape(2, 1000))
    (path,) = write_pack(pack, folder)
    content = path.read_bytes()
    start = len(MAGIC) + 32
    if chance.random() < 0.4:
        content = broken_bytes(content, chance)
    else:
        length = int.from_bytes(content[start : start + 8], "little")
        header = lzma.decompress(content[start + 8 : start + 8 + length]).decode()
        packed = lzma.compress(broken_json(header, chance).encode("utf-8", "replace"))
        body = len(packed).to_bytes(8, "little") + packed + content[start + 8 + length :]
        content = MAGIC + hashlib.sha256(body).digest() + body
    path.unlink()
    path.with_name(chance.choice([path.name, "x-1-of-2.pack", "x.pack", "x-0-of-0.pack"])).write_bytes(content)
    pack = read_pack(find_pack(folder) or [path])
    if pack.pcm.shape[0] != len(pack.rows):
        raise NotHeldError("clips without a row")


def runs(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Folders of trainings, as a page shows them: their settings, processes and events."""
    run = folder / "mine"
    stage = chance.choice(list(STAGES))
    (run / stage).mkdir(parents=True)
    settings = json.dumps({"preset": {"name": "studio"}, "options": {"data": "/sounds"}})
    process = json.dumps(
        {"pid": os.getpid(), "created": psutil.Process().create_time(), "stages": [stage], "minutes": 1.0}
    )
    steps = [
        {"kind": "step", "time": 2.0, "step": n, "loss": 1.0, "seconds_a_step": 0.1, "left_s": 5.0} for n in (1, 2)
    ]
    events = [
        {"kind": "begin", "time": 1.0, "step": 0, "steps": 10, "minutes": None, "new_score": False},
        *steps,
        {"kind": "validation", "time": 3.0, "step": 2, "score": 0.5, "best": True},
        {"kind": "samples", "time": 3.0, "step": 2, "shown": {"A": "a.png"}},
        {"kind": "end", "time": 4.0, "step": 2, "finish_pending": True},
    ]
    files = {SETTINGS: settings, PROCESS: process, f"{stage}/{EVENTS}": "\n".join(map(json.dumps, events))}
    for name in chance.sample(sorted(files), chance.choice([1, 1, 2])):
        text = files[name]
        if name.endswith(EVENTS) and chance.random() < 0.7:
            lines = text.splitlines()
            at = chance.randrange(len(lines))
            lines[at] = broken_json(lines[at], chance)
            files[name] = "\n".join(lines)
        else:
            files[name] = broken_json(text, chance) if name != f"{stage}/{EVENTS}" else text + "\n{"
    for name, text in files.items():
        (run / name).write_text(text, encoding="utf-8", errors="replace")
    (found,) = find_runs(folder)
    json.dumps(run_view.overview(found, stage)).encode()
    for each in found.stages.values():
        run_view.curves(each).encode()
        json.dumps(run_view.samples(each)).encode()


def reports(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Reports of evaluations, as a page shows them."""
    scores = {"generated_fad": {"value": 1.0, "low": 0.5, "high": 2.0}}
    report = {
        "model": "tiny@0", "reference": "sounds", "embedder": "aisfx", "minutes": 1.0, "flags": ["few"],
        "settings": {"temperature": 1.0, "top_p": 0.9, "seed": 0, "draws": 10, "per_class": 2},
        "classes": {"Rain": scores}, "mean": scores, "clips": {"Rain": {"generated": 2, "real": 2}},
    }  # fmt: skip
    (folder / REPORT).write_text(broken_json(json.dumps(report), chance), encoding="utf-8", errors="replace")
    if chance.random() < 0.5:
        write_table(folder / CLIPS, chance, "Rain,generated,a.wav,Rain,-1,-20,", list(ClipRow._fields))
    for report in kept_reports(folder).values():
        report_view.chart(report, "fad").encode()
        report_markdown(report).encode()
