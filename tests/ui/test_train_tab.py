"""The train tab without a browser: its processes, what it finds on disk, what it says, and when it starts nothing."""

import json
import shutil
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
from safetensors.torch import load_file, save_file

from foley import Foley
from foley.dataset import load_dataset
from foley.presets import STAGES, STUDIO
from foley.runs.events import read_events
from foley.runs.process import Process
from foley.runs.view import RunView, find_runs
from foley.ui.access import Mode
from foley.ui.components import run_view
from foley.ui.components.loss_curves import curve_svg
from foley.ui.session import trainer
from foley.ui.session.models import Models
from foley.ui.session.trainer import Order, Trainer, why_no_training
from foley.ui.studio import build_studio

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True)); "
STUBBORN += "print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def no_training_program(monkeypatch):
    """In place of the training, a process that notes SIGTERM and goes on."""
    monkeypatch.setattr(trainer, "PROGRAM", (sys.executable, "-c", STUBBORN))


def wait_for(what, seconds: float = 20) -> None:
    due = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < due, "it did not come"
        time.sleep(0.05)


def write_run(folder: Path, events: list[dict], stage: str = "prior") -> RunView:
    (folder / stage).mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"preset": STUDIO.to_dict(), "options": {"data": "sounds"}}))
    (folder / stage / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return RunView(folder)


@pytest.mark.parametrize(
    ("asked", "mode", "word"),
    [
        (False, Mode.OWN, ""),
        (True, Mode.OWN, "--no-training"),
        (False, Mode.SHARED, "Others can open this page"),
        (False, Mode.SPACE, "Space"),
    ],
)
def test_why_nothing_is_trained_is_said(asked, mode, word):
    why = why_no_training(asked, mode)
    assert word in why and bool(why) == bool(word)


def test_a_tab_without_training_explains_itself_and_has_nothing_to_press(checkpoint):
    foley = Foley.from_pretrained(checkpoint, "cpu")
    config = build_studio(foley, no_training="Because of <b>rain</b>.").get_config_file()
    text = json.dumps(config["components"], default=str)
    assert "Because of &lt;b&gt;rain" in text and "python -m training all" in text
    assert "train-start" not in text and "train-run" not in text


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ({"name": "../up"}, "letters"),
        ({"name": ""}, "letters"),
        ({"data": "  "}, "folder of your recordings"),
        ({"data": "/no/such/folder"}, "/no/such/folder"),
        ({"name": "old"}, "already"),
        ({"more": "--set 'a"}, "quote"),
        ({"begin": "checkpoints/studio", "stage": "vqvae"}, "leaves the vqvae as it is"),
    ],
)
def test_an_order_that_cannot_be_starts_nothing(tmp_path, order, word):
    (tmp_path / "old").mkdir()
    with pytest.raises(ValueError, match=word):
        Trainer(tmp_path).start(Order(**{"name": "new", "data": str(tmp_path), **order}))
    assert not (tmp_path / "new").exists()


def test_a_run_is_asked_to_stop_and_then_ended_and_another_app_sees_it(tmp_path, no_training_program):
    ours, another_app = Trainer(tmp_path), Trainer(tmp_path)
    run = ours.start(Order("first", str(tmp_path), device="cpu", minutes=5))
    try:
        wait_for(lambda: run.log() == ["ready"])
        seen = another_app.run(None)
        assert (seen.name, seen.state, seen.process.minutes) == ("first", "running", 5)
        with pytest.raises(ValueError, match="first is being trained on cpu"):
            another_app.start(Order("second", str(tmp_path), device="cpu"))
        ours.stop(run)
        wait_for(lambda: run.log()[-1] == "asked")
        assert ours.is_stopping(run)
        ours.stop(run)
        wait_for(lambda: not run.process.alive)
    finally:
        if run.process.alive:
            psutil.Process(run.process.pid).kill()
    assert another_app.run("first").state == "killed"


def test_a_number_that_went_to_another_process_is_no_running_run(tmp_path):
    own = Process.this_one(("prior",), "cpu", None)
    run = write_run(tmp_path / "run", [])
    Process(own.pid, own.created - 1000, own.stages).write(run.folder)
    assert RunView(run.folder).state == "killed"
    own.write(run.folder)
    assert RunView(run.folder).state == "running"
    own.ended("failed", "It rained.").write(run.folder)
    assert run_view.overview(RunView(run.folder), "prior")["text"] == "It rained."


def test_a_line_cut_by_a_kill_and_steps_done_again_are_left_out(tmp_path):
    path = tmp_path / "events.jsonl"
    lines = [{"kind": "begin", "step": 0}, {"kind": "step", "step": 10}, {"kind": "step", "step": 20}]
    lines += [{"kind": "begin", "step": 10}, {"kind": "step", "step": 20, "loss": 1.0}]
    path.write_text("\n".join(map(json.dumps, lines)) + '\n{"kind": "st')
    assert [event["step"] for event in read_events(path)] == [0, 10, 10, 20]
    assert read_events(path)[-1]["loss"] == 1.0


def test_runs_come_newest_first_and_other_folders_not_at_all(tmp_path):
    for name in ("older", "newer"):
        write_run(tmp_path / name, [{"kind": "begin", "step": 0, "time": 1.0}])
        time.sleep(0.02)
    (tmp_path / "other").mkdir()
    assert [run.name for run in find_runs(tmp_path)] == ["newer", "older"]
    assert find_runs(tmp_path / "nowhere") == []


def test_a_running_run_says_how_far_it_is(tmp_path):
    now = time.time()
    events = [{"kind": "begin", "time": now, "step": 0, "steps": 400}]
    events += [
        {"kind": "step", "time": now, "step": 100, "loss": 2.0, "seconds_a_step": 0.5, "left_s": 150.0, "rate": 0.1},
        {"kind": "validation", "time": now, "step": 100, "best": True, "score": 1.5, "loss": 1.5},
    ]
    run = write_run(tmp_path / "run", events)
    Process.this_one(("prior",), "cpu", None).write(run.folder)
    head = run_view.overview(run, "prior")
    assert head["text"] == "Prior, step 100 of 400 · 0.5 s a step · 2 min left"
    assert head["share"] == 0.25
    prior = next(stage for stage in head["stages"] if stage["name"] == "prior")
    assert prior == {
        "name": "prior", "title": "Prior", "state": "active", "words": "100 steps", "score": "best 1.5", "chosen": True
    }  # fmt: skip
    pictures = run_view.curves(run.stages["prior"])
    assert pictures.count("<figure") == 1 and "seconds" not in pictures


def test_a_training_that_prepares_says_so_plainly(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.txt").write_text("/home/me: 3%|##  | 7/200 [00:01<00:30]")
    Process.this_one(tuple(STAGES), "cpu", 60.0).write(tmp_path / "run")
    words = run_view.overview(RunView(tmp_path / "run"), "")["text"]
    assert words.startswith("Preparing Encoder · stage 1 of 5: the recordings are read and made ready · ")
    assert "left of 60 min" in words and "7/200" not in words


def test_the_form_says_what_will_happen_for_how_long_and_from_which_model():
    new = run_view.plan("", "all", "cpu", 60, "mine")
    assert "from nothing" in new and "Prior 18 min" in new and "runs/mine/model" in new
    finer = run_view.plan("/models/studio", "all", "cuda:0", 60, "mine")
    assert "weights of studio, which itself stays as it is" in finer
    assert "Encoder and MVQVAE stay as they are" in finer and "Prior 30 min, Decoder 10 min, Vocoder 20 min" in finer
    assert "as long as the recipe says" in run_view.plan("", "prior", "cpu", 0, "mine")
    assert "wrong" in run_view.plan("/models/studio", "vqvae", "cpu", 60, "mine")


def test_fine_tuning_takes_the_models_own_preset(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(Trainer, "_launch", lambda self, run, *order: started.append(order[3]) or run)
    Trainer(tmp_path).start(Order("new", str(tmp_path), begin="/models/studio"))
    Trainer(tmp_path).start(Order("new", str(tmp_path)))
    assert "--init-from" in started[0] and "--preset" not in started[0]
    assert "--preset" in started[1] and "--init-from" not in started[1]


def test_an_unfinished_run_is_not_offered_as_a_model(checkpoint, tmp_path):
    for name in ("whole", "half"):
        shutil.copytree(checkpoint, tmp_path / name / "model")
        (tmp_path / name / "log.txt").touch()
    (tmp_path / "half" / "model" / "vocoder.safetensors").unlink()
    models = Models(Foley.from_pretrained(checkpoint, "cpu"), runs=tmp_path)
    models.first.name = "another@0"
    offered = [words for words, _ in (*models.choices(), *models.folders())]
    assert any("whole/model" in words for words in offered) and not any("half" in words for words in offered)


def test_every_stage_has_a_name_on_the_page():
    assert tuple(run_view.TITLES) == tuple(STAGES)


def test_curves_are_pictures_of_all_their_points():
    training = [(step, 5 / (1 + step / 100)) for step in range(10, 5000, 10)]
    held_out = [(step, 5 / (1 + step / 100)) for step in range(200, 5000, 200)]
    svg = ElementTree.fromstring(curve_svg("class_loss", training, held_out)).find("svg")
    assert len(svg.findall("circle")) == len(held_out)
    heights = [float(circle.get("cy")) for circle in svg.findall("circle")]
    assert heights == sorted(heights), "a falling loss falls"
    for few in ([], [(10, 1.0)], [(10, 1.0), (20, 1.0)]):
        ElementTree.fromstring(curve_svg("loss", few, []))


def test_what_a_folder_holds_is_shown_with_what_was_left_out(dataset_folder, tmp_path):
    place = tmp_path / "data"
    place.symlink_to(dataset_folder)
    mixed = tmp_path / "mixed"
    (mixed / "rain").mkdir(parents=True)
    (mixed / "rain" / "1.wav").write_bytes((place / "Rain" / "000.wav").read_bytes())
    (mixed / "rain" / "<b>.wav").write_bytes(b"no sound")
    table = run_view.dataset_table(load_dataset(mixed, STUDIO.audio))
    assert "<th>Rain</th><td>1</td><td>0</td>" in table and "1 left out" in table
    assert "&lt;b&gt;.wav is no sound file" in table
    assert "Without a recording to train on: Dog bark" in table and "too few to hold one back: Rain" in table


def test_a_model_that_was_trained_further_is_read_again_when_it_is_opened(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    models = Models(Foley.from_pretrained(checkpoint, "cpu"))
    before = models.open(str(folder))
    assert models.open(str(folder)) is before
    weights = load_file(folder / "vocoder.safetensors")
    save_file({name: 0.5 * tensor for name, tensor in weights.items()}, folder / "vocoder.safetensors")
    assert models.get(str(folder)) is before  # who works with it is not disturbed
    after = models.open(str(folder))
    assert after.name != before.name and models.get(str(folder)) is after
    assert (str(folder), str(folder)) in models.choices()
