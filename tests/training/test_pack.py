"""Packs: what comes out is what went in, damage is one sentence, and training from one needs no decoder of sound."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import tiny_options, tiny_preset

from foley.audio.lossless import compress, decompress
from foley.dataset import clip_digest, clip_waveform, load_dataset
from foley.licences import is_permissive
from foley.packs import find_pack
from training.__main__ import main
from training.corpus import Corpus
from training.run import Options, Run

AUDIO = tiny_preset().audio
ABSENT = ("soundfile", "librosa", "soxr", "gradio", "matplotlib", "PIL", "av", "mido", "pyloudnorm", "pandas")
WITHOUT = f"""
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in {ABSENT} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from training.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def packed(dataset_folder, tmp_path_factory) -> Path:
    """The dataset of the tests as a pack of several parts."""
    folder = tmp_path_factory.mktemp("pack")
    assert main(["pack", "--data", str(dataset_folder), "--out", str(folder), "--part-mib", "1"]) == 0
    return folder


def test_compression_is_lossless_for_any_samples():
    random = np.random.default_rng(0)
    noise = random.integers(-32_768, 32_768, 5000)
    loud = np.where(np.arange(5000) % 2, 32_767, -32_768)
    clips = np.stack([noise, loud, np.full(5000, 32_767), np.zeros(5000)]).astype(np.int16)
    np.testing.assert_array_equal(decompress(*compress(clips), clips.shape), clips, strict=True)


def test_tones_become_small():
    clips = (8000 * np.sin(np.arange(96_000) / 20)).astype(np.int16)[None]
    assert sum(map(len, compress(clips))) < clips.nbytes / 4


def test_packed_clips_are_the_clips(dataset_folder, packed):
    assert len(find_pack(packed)) > 1
    folder, pack = load_dataset(dataset_folder, AUDIO), load_dataset(packed, AUDIO)
    assert [(c.category, c.split, c.group, c.path.name) for c in pack.clips] == [
        (c.category, c.split, c.group, c.path.name) for c in folder.clips
    ]
    for clip, again in zip(folder.clips, pack.clips, strict=True):
        assert torch.equal(clip_waveform(again, AUDIO), clip_waveform(clip, AUDIO))
        assert clip_digest(again) == clip_digest(clip)
    assert load_dataset(find_pack(packed)[0], AUDIO).clips == pack.clips


def test_a_missing_part_is_named(packed, tmp_path):
    parts = find_pack(packed)
    for path in (parts[0], *parts[2:]):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ValueError, match=f"lacks part 2 of {len(parts)}"):
        load_dataset(tmp_path, AUDIO)


def test_one_wrong_byte_is_found(packed, tmp_path):
    parts = find_pack(packed)
    for path in parts:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = bytearray(parts[-1].read_bytes())
    content[-1] ^= 1
    (tmp_path / parts[-1].name).write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        load_dataset(tmp_path, AUDIO)


def test_a_pack_in_the_way_stays(dataset_folder, packed, capsys):
    before = [path.stat().st_mtime_ns for path in find_pack(packed)]
    assert main(["pack", "--data", str(dataset_folder), "--out", str(packed)]) == 2
    assert "holds a pack already" in capsys.readouterr().err
    assert [path.stat().st_mtime_ns for path in find_pack(packed)] == before


def test_permissive_licences_ask_for_a_name_at_most():
    free = ("CC0-1.0", "MIT", "BSD-3-Clause", "CC-BY", "CC-BY-3.0", "CC BY 4.0", "Public-Domain")
    bound = ("", "CC-BY-SA-4.0", "CC-BY-NC-3.0", "GPL-2.0-or-later", "LAL-1.3", "MIT AND GPL-3.0-only")
    assert all(map(is_permissive, free))
    assert not any(map(is_permissive, bound))


def test_only_permissive_recordings_are_packed_and_trained_on(dataset_folder, tmp_path):
    folder = load_dataset(dataset_folder, AUDIO)
    rows = [
        f"{clip.path},{clip.category.name},{clip.split},{'GPL-3.0-only' if number % 3 == 0 else 'CC0-1.0'}"
        for number, clip in enumerate(folder.clips)
    ]
    data = tmp_path / "data"
    data.symlink_to(dataset_folder)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("file,category,split,licence\n" + "\n".join(rows).replace(str(dataset_folder), "data"))
    assert main(["pack", f"--data={tmp_path}", f"--out={tmp_path / 'pack'}", "--licences=permissive"]) == 0
    packed = load_dataset(tmp_path / "pack", AUDIO).clips
    splits = {clip.path.name + clip.category.name: clip.split for clip in folder.clips}
    assert 0 < len(packed) < len(folder.clips)
    assert all(splits[clip.path.name + clip.category.name] == clip.split for clip in packed)
    options = Options(str(tmp_path), licences="permissive")
    corpus = Corpus(Run.create(tmp_path / "run", tiny_preset(), options))
    assert [clip.path.name for clip in corpus.dataset.clips] == [clip.path.name for clip in packed]


def test_views_do_not_depend_on_how_many_cores_make_them(packed, tmp_path, monkeypatch):
    corpora = []
    for cores in (1, 3):
        monkeypatch.setattr("foley.system.threads.usable_cores", lambda cores=cores: cores)
        run = Run.create(tmp_path / str(cores), tiny_preset(), Options(str(packed), views=2))
        corpora.append(Corpus(run).waveforms(floor=True))
    np.testing.assert_array_equal(*corpora)


def test_every_stage_trains_from_a_pack_without_what_reads_or_draws(packed, tmp_path):
    options = ["--run", str(tmp_path), "--data", str(packed), "--views=1", "--batch=2", "--device=cpu"]
    command = [sys.executable, "-c", WITHOUT, "all", *options, "--max-steps=1", "--every=1", *tiny_options()]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "No pictures and sounds of the progress: matplotlib is not installed." in done.stdout
    assert {path.stem for path in (tmp_path / "model").glob("*.safetensors")} >= {"cembed", "vqvae", "prior", "vocoder"}
