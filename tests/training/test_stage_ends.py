"""What ends a stage: what is left to do is done even after a kill, and a new kind of score begins anew."""

import json
from pathlib import Path

import pytest
from small_stage import SETTINGS, Line

from foley.runs.events import read_events
from foley.runs.view import EVENTS, StageView
from training.loop import train
from training.sample_logger import SampleFolder
from training.settings import LoopSettings
from training.stages.vqvae import VQVAEStage
from training.trackers import Trackers


def view(folder: Path) -> StageView:
    return StageView(folder.name, folder, read_events(folder / EVENTS))


class Finishing(Line):
    @staticmethod
    def finish(corpus):
        pass


def test_a_stage_that_has_something_left_to_do_is_not_finished_before_it_is_done(tmp_path):
    train(Finishing(), SETTINGS, tmp_path / "with")
    train(Line(), SETTINGS, tmp_path / "without")
    assert view(tmp_path / "without").is_finished
    assert not view(tmp_path / "with").is_finished
    with (tmp_path / "with" / EVENTS).open("a") as file:
        file.write(json.dumps({"kind": "finish", "time": 1e12, "step": 40}) + "\n")
    assert view(tmp_path / "with").is_finished


def test_logs_from_before_there_was_anything_left_to_do_count_as_finished(tmp_path):
    events = [{"kind": "begin", "time": 1.0, "step": 0}, {"kind": "end", "time": 2.0, "step": 9, "reason": "steps"}]
    (tmp_path / EVENTS).write_text("".join(json.dumps(event) + "\n" for event in events))
    assert view(tmp_path).is_finished


def test_the_class_head_that_a_kill_kept_from_being_fitted_is_fitted_by_the_next_start(
    dataset_folder, tmp_path, monkeypatch
):
    from tiny import tiny_options

    from training.__main__ import main

    run, fitted = tmp_path / "run", []

    def killed(corpus):
        raise KeyboardInterrupt

    arguments = ["--run", str(run), "--max-steps", "1"]
    first = ["all", *arguments, "--data", str(dataset_folder), "--views", "1", *tiny_options()]
    with monkeypatch.context() as kill:
        kill.setattr(VQVAEStage, "finish", staticmethod(killed))
        assert main(first) == 130
    with monkeypatch.context() as watch:
        watch.setattr(VQVAEStage, "finish", staticmethod(lambda corpus: fitted.append(corpus)))
        watch.setattr("training.pipeline.PriorStage.of", lambda corpus: pytest.exit)
        with pytest.raises(AttributeError):
            main(["all", *arguments, "--resume"])
    assert len(fitted) == 1


def test_a_best_score_of_another_definition_is_forgotten(tmp_path, capsys):
    class Lenient(Line):
        def validate(self, model):
            return {"score": -1.0}

    class Strict(Line):
        score_definition = "squared error, doubled"

    train(Lenient(), LoopSettings(**{**vars(SETTINGS), "steps": 20}), tmp_path)
    same, other = Line(), Strict()
    train(same, LoopSettings(**{**vars(SETTINGS), "steps": 30}), tmp_path)
    assert same.saved == 0
    train(other, SETTINGS, tmp_path)
    assert other.saved == 1
    assert "begins anew" in capsys.readouterr().out
    assert view(tmp_path).best["step"] == 40


def test_samples_of_early_steps_are_kept_at_growing_distances(tmp_path):
    folder = SampleFolder(tmp_path)
    for step in range(0, 401, 10):
        assert folder.write(Line(), None, step) == {"Line": f"shown/step-{step:08d}/line.txt"}
    steps = [int(path.name[5:]) for path in sorted((tmp_path / "shown").iterdir())]
    assert steps == [0, 10, 20, 40, 80, 160, *range(290, 401, 10)]


def test_pictures_and_sounds_reach_tensorboard(tmp_path):
    import numpy as np
    import soundfile
    from accelerate import Accelerator
    from PIL import Image
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    Image.new("RGB", (8, 4), "red").save(tmp_path / "codes.png")
    soundfile.write(tmp_path / "rain.wav", np.zeros(100), 24_000)
    trackers = Trackers(Accelerator(cpu=True, log_with="tensorboard", project_dir=str(tmp_path)), ("tensorboard",))
    trackers.log_samples(tmp_path, {"Codes": "codes.png", "Rain": "rain.wav"}, 5)
    trackers.close()
    logs = EventAccumulator(str(next(tmp_path.rglob("events.out.tfevents.*")).parent)).Reload()
    assert logs.Images("Codes")[0].step == 5
    assert (logs.Images("Codes")[0].width, logs.Images("Codes")[0].height) == (
        8,
        4,
    )
    assert logs.Audio("Rain")[0].sample_rate == 24_000


def test_numbers_pictures_and_sounds_reach_weights_and_biases_offline(tmp_path, monkeypatch, capfd):
    pytest.importorskip("wandb")
    import numpy as np
    import soundfile
    from accelerate import Accelerator
    from PIL import Image

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    Image.new("RGB", (8, 4), "red").save(tmp_path / "codes.png")
    soundfile.write(tmp_path / "rain.wav", np.zeros(100), 24_000)
    trackers = Trackers(Accelerator(cpu=True, log_with="wandb", project_dir=str(tmp_path)), ("wandb",))
    trackers.log_numbers("step", {"loss": 1.5, "words": "no number"}, 5)
    trackers.log_samples(tmp_path, {"Codes": "codes.png", "Rain": "rain.wav"}, 5)
    trackers.close()
    said = "".join(capfd.readouterr())
    assert "step/loss 1.5" in said and "step/words" not in said
    (log,) = tmp_path.rglob("*.wandb")
    assert log.stat().st_size > 0
    assert next(log.parent.rglob("Codes_5_*.png")) and next(log.parent.rglob("Rain_5_*.wav"))
