"""Bad recordings, folders and disks: a sentence each, and nothing lost."""

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from foley.categories import Category
from foley.dataset import TRAIN, load_dataset
from foley.presets import STUDIO
from foley.runs.process import Process
from foley.runs.view import RunView
from training.__main__ import main, sentence
from training.corpus import Corpus, recall
from training.loop import STEPS, Outcome
from training.run import Options, Run

RATE = 24_000
GOOD = 0.1 * np.random.default_rng(0).standard_normal(RATE)


@pytest.fixture
def sounds(tmp_path) -> Path:
    """Two short recordings a class."""
    for category in Category:
        (tmp_path / "sounds" / category.name).mkdir(parents=True)
        for number in range(2):
            tone = np.sin(np.arange(RATE // 4) * (0.02 + 0.01 * category + 0.003 * number))
            soundfile.write(tmp_path / "sounds" / category.name / f"{number}.wav", 0.3 * tone, RATE)
    return tmp_path / "sounds"


@pytest.fixture
def preparing(monkeypatch):
    """In place of a stage, only what comes before it: the recordings' variations. Returns what was computed."""
    seen = []

    def prepare(corpus, name, limits):
        seen.append(corpus.waveforms(floor=True))
        return Outcome(STEPS, 0)

    monkeypatch.setattr("training.pipeline.train_stage", prepare)
    return seen


def start(run: Path, sounds: Path) -> int:
    return main(["vqvae", "--run", str(run), "--data", str(sounds), "--views", "1"])


def the_sentence(capsys) -> str:
    lines = [line for line in capsys.readouterr().err.replace("\r", "\n").splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0][7:]


def recording(path: Path, kind: str) -> None:
    """Write one recording of an unusual or useless kind."""
    match kind:
        case "unreadable":
            path.write_bytes(b"RIFF and nothing else")
        case "empty":
            path.write_bytes(b"")
        case "no samples":
            soundfile.write(path, np.zeros(0), RATE)
        case "silent":
            soundfile.write(path, np.zeros(RATE), RATE)
        case "NaN":
            soundfile.write(path, np.where(np.arange(RATE) == 7, np.nan, GOOD), RATE, subtype="FLOAT")
        case "8 bit":
            soundfile.write(path, GOOD, RATE, subtype="PCM_U8")
        case "8 kHz stereo":
            soundfile.write(path, np.stack([GOOD, GOOD], axis=1), 8_000)
        case "float":
            soundfile.write(path, GOOD, 96_000, subtype="FLOAT")


@pytest.mark.parametrize("kind", ["unreadable", "empty", "no samples", "silent", "NaN"])
def test_a_useless_recording_is_left_out_by_name_and_the_others_are_used(sounds, tmp_path, preparing, capsys, kind):
    recording(sounds / "Rain" / "odd.wav", kind)
    assert start(tmp_path / "run", sounds) == 0
    assert "odd.wav" in capsys.readouterr().out
    assert preparing[0].shape == (1, 14, STUDIO.audio.samples)


@pytest.mark.parametrize("kind", ["8 bit", "8 kHz stereo", "float"])
def test_any_depth_rate_and_number_of_channels_is_used(sounds, tmp_path, preparing, kind):
    recording(sounds / "Rain" / "odd.wav", kind)
    assert start(tmp_path / "run", sounds) == 0
    assert preparing[0].shape[1] == 15


def test_an_empty_class_and_one_of_a_single_clip_are_named(sounds, tmp_path, preparing, capsys):
    shutil.rmtree(sounds / "Keyboard")
    (sounds / "Keyboard").mkdir()
    (sounds / "Rain" / "1.wav").unlink()
    assert start(tmp_path / "run", sounds) == 0
    said = capsys.readouterr().out
    assert "Without a recording to train on: Keyboard." in said
    assert "With too few to hold one back: Rain." in said


def test_one_clip_alone_cannot_be_trained_on(tmp_path, capsys):
    (tmp_path / "sounds" / "Rain").mkdir(parents=True)
    soundfile.write(tmp_path / "sounds" / "Rain" / "only.wav", GOOD, RATE)
    assert start(tmp_path / "run", tmp_path / "sounds") == 2
    assert "too few recordings" in the_sentence(capsys)


def test_a_folder_that_goes_while_it_is_read_is_a_sentence_and_the_run_goes_on_when_it_is_back(
    sounds, tmp_path, preparing, monkeypatch, capsys
):
    check = Corpus.waveforms

    def gone(corpus, floor):
        sounds.rename(tmp_path / "elsewhere")
        return check(corpus, floor)

    with monkeypatch.context() as away:
        away.setattr(Corpus, "waveforms", gone)
        assert start(tmp_path / "run", sounds) == 2
    assert ".wav is not there" in the_sentence(capsys)
    run = RunView(tmp_path / "run")
    assert run.state == "failed"
    assert "is not there" in run.process.message
    (tmp_path / "elsewhere").rename(sounds)
    assert main(["vqvae", "--run", str(tmp_path / "run"), "--resume"]) == 0
    assert len(preparing) == 1
    assert RunView(tmp_path / "run").state == "done"


def test_networks_hear_a_noise_floor_and_are_to_give_silence_back(tmp_path):
    half_silent = np.concatenate([0.3 * np.sin(np.arange(RATE) * 0.1), np.zeros(RATE)])
    for number in range(2):
        path = tmp_path / "sounds" / "DogBark" / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, half_silent * (1 - 0.1 * number), RATE)
    run = Run.create(tmp_path / "run", STUDIO, Options(str(tmp_path / "sounds"), views=2))
    corpus = Corpus(run)
    heard, wanted = (corpus.waveforms(floor).astype(float) / 32767 for floor in (True, False))
    last = slice(round(1.5 * RATE), 2 * RATE)  # behind any delay and any stretching of the tone
    assert not wanted[:, :, last].any()
    level = 20 * np.log10(np.sqrt(np.square(heard[:, :, last]).mean(axis=2)))
    assert ((level > -82) & (level < -58)).all()
    assert 0 < np.abs(heard - wanted).max() < 0.02  # nothing else differs


def test_recordings_that_went_after_they_were_read_are_not_missed(sounds, tmp_path, preparing):
    assert start(tmp_path / "run", sounds) == 0
    corpus = Corpus(Run.open(tmp_path / "run"))
    shutil.rmtree(sounds)
    assert np.array_equal(corpus.waveforms(floor=True), preparing[0])
    assert recall(corpus.run) == corpus.dataset


def test_a_cache_that_finds_no_room_is_a_sentence(sounds, tmp_path, preparing, monkeypatch, capsys):
    monkeypatch.setattr("training.cache.shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(10, 10, 0))
    assert start(tmp_path / "run", sounds) == 2
    assert "The cache of waveforms needs" in the_sentence(capsys)


def test_a_run_that_is_being_trained_is_not_trained_twice(sounds, tmp_path, preparing, capsys, monkeypatch):
    assert start(tmp_path / "run", sounds) == 0
    parent = Process.this_one(("vqvae",), "cpu", None)
    monkeypatch.setattr("training.__main__.Process.this_one", lambda *_: Process(1, 0.0))
    parent.write(tmp_path / "run")
    assert main(["vqvae", "--run", str(tmp_path / "run"), "--resume"]) == 2
    assert f"by process {parent.pid}" in the_sentence(capsys)
    assert Process.read(tmp_path / "run") == parent


def test_a_folder_that_is_no_class_and_a_line_of_no_class_are_named(sounds, tmp_path):
    (sounds / "Whales").mkdir()
    assert any(
        "Whales is not called after a class" in reason for _, reason in load_dataset(sounds, STUDIO.audio).left_out
    )
    (sounds / "manifest.csv").write_text("file,category\nRain/0.wav,Rain\nRain/1.wav,Whale\n", encoding="utf-8-sig")
    dataset = load_dataset(sounds, STUDIO.audio)
    assert len(dataset.of(TRAIN)) == 1
    assert "Line 3 of manifest.csv" in dataset.left_out[0][1]
    (sounds / "manifest.csv").write_bytes(b"file,category\n\xff\xfe,Rain\n")
    with pytest.raises(ValueError, match="UTF-8"):
        load_dataset(sounds, STUDIO.audio)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "/runs/a"), "no room left for /runs/a"),
        (FileNotFoundError(2, "No such file", "/sounds/a.wav"), "/sounds/a.wav is gone"),
        (torch.OutOfMemoryError("CUDA out of memory"), "--batch"),
        (ValueError("One thing.\nAnother thing."), "One thing."),
    ],
)
def test_errors_of_the_machine_become_sentences(error, words):
    assert words in sentence(error)
    assert "\n" not in sentence(error)
    assert sentence(KeyError("a mistake of ours")) is None


def test_what_is_logged_elsewhere_is_only_what_was_asked_for(sounds, tmp_path, preparing, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert main(["vqvae", "--run", str(tmp_path / "run"), "--data", str(sounds), "--log", "wandb"]) == 2
    assert "pip install wandb" in the_sentence(capsys)


def test_events_reach_tensorboard_when_asked(tmp_path):
    from small_stage import SETTINGS, Line
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from training.loop import train
    from training.settings import LoopSettings

    train(Line(), LoopSettings(**{**vars(SETTINGS), "trackers": ("tensorboard",)}), tmp_path)
    logs = EventAccumulator(str(next(tmp_path.rglob("events.out.tfevents.*")).parent)).Reload()
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    scores = [event["score"] for event in events if event["kind"] == "validation"]
    assert [round(point.value, 4) for point in logs.Scalars("validation/score")] == [
        round(score, 4) for score in scores
    ]
    assert [point.step for point in logs.Scalars("step/loss")] == [10, 20, 30, 40]
    assert all(event["left_s"] >= 0 for event in events if event["kind"] == "step")
    assert time.time() - events[-1]["time"] < 60
