"""Training on synthetic sounds with the tiny preset: every stage trains, resumes exactly, and exports a model."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from small_stage import SETTINGS, Line, weights
from tiny import SECONDS, tiny_options, tiny_preset

import training.pipeline
from foley import Foley
from foley.categories import Category
from foley.evaluation.evaluate import EvaluationSettings, evaluate
from foley.evaluation.report_files import save_report
from foley.presets import STAGES
from foley.presets.recipes import AugmentationRecipe
from training.__main__ import main
from training.augment import noise_floor, vary_recording
from training.batches import draw
from training.benchmark import PRECISIONS, benchmark, pace_of, table
from training.checkpoints import Checkpoints
from training.corpus import Corpus
from training.loop import TooManyBadStepsError, train
from training.run import Run
from training.settings import LoopSettings
from training.stages.prior import weights_of


def test_a_stage_learns_and_keeps_its_best(tmp_path):
    stage = Line()
    scores = train(stage, SETTINGS, tmp_path).scores
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    validations = [event for event in events if event["kind"] == "validation"]
    assert scores["score"] < validations[0]["score"]
    assert stage.saved == sum(event["best"] for event in validations) > 0
    assert {"step", "loss", "rate"} <= next(event for event in events if event["kind"] == "step").keys()


def test_a_resumed_run_ends_with_the_same_weights(tmp_path):
    straight, first, second = Line(), Line(), Line()
    train(straight, SETTINGS, tmp_path / "straight")
    train(first, LoopSettings(**{**vars(SETTINGS), "steps": 20}), tmp_path / "halves")
    train(second, SETTINGS, tmp_path / "halves")
    assert torch.equal(weights(straight), weights(second))
    assert not torch.equal(weights(first), weights(second))


def test_a_broken_checkpoint_is_named_and_the_one_before_it_is_used(tmp_path, capsys):
    train(Line(), SETTINGS, tmp_path)
    newest = sorted((tmp_path / "checkpoints").glob("step-*"))[-1]
    for file in newest.iterdir():
        file.write_bytes(b"")
    straight, resumed = Line(), Line()
    train(straight, SETTINGS, tmp_path / "straight")
    train(resumed, SETTINGS, tmp_path)
    assert newest.name in capsys.readouterr().out
    assert torch.equal(weights(straight), weights(resumed))


def test_a_resumed_run_takes_the_rate_that_is_asked_for(tmp_path):
    rates = []
    for steps, rate in ((20, 0.02), (40, 0.002)):
        settings = LoopSettings(**{**vars(SETTINGS), "steps": steps, "learning_rate": rate})
        train(Line(), settings, tmp_path)
        events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
        rates.append([event["rate"] for event in events if event["kind"] == "step"][-1])
    assert rates[1] < 0.002 < rates[0]


def test_a_run_that_is_there_is_gone_on_with_or_left_alone(trained, dataset_folder, capsys):
    before = (trained / "run.json").read_bytes()
    assert main(["prior", "--run", str(trained), "--data", str(dataset_folder), "--max-steps", "3"]) == 2
    assert "add --resume" in capsys.readouterr().err
    assert (trained / "run.json").read_bytes() == before


def test_weights_that_are_drawn_depend_on_the_seed_alone(dataset_folder, tmp_path):
    weights = []
    for name in ("one", "two"):
        torch.rand(len(weights) + 1)  # whatever was drawn before
        run = ["--run", str(tmp_path / name), "--data", str(dataset_folder), "--views", "1", "--max-steps", "1"]
        assert main(["encoder", *run, *tiny_options()]) == 0
        weights.append(load_file(tmp_path / name / "model" / "cembed.safetensors"))
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_half_written_checkpoint_is_no_checkpoint(tmp_path):
    (tmp_path / "checkpoints" / "writing-00000040").mkdir(parents=True)
    assert Checkpoints(tmp_path, accelerator=None).all() == []


def test_an_infinite_loss_skips_the_step_and_too_many_end_the_run(tmp_path):
    stage = Line(poison={3, 7})
    train(stage, SETTINGS, tmp_path / "few")
    assert torch.isfinite(weights(stage)).all()
    with pytest.raises(TooManyBadStepsError, match="learning rate"):
        train(Line(poison=set(range(40))), LoopSettings(**{**vars(SETTINGS), "most_bad_steps": 5}), tmp_path / "many")


def test_an_epoch_draws_every_clip_once():
    indices = torch.arange(100, 110)
    drawn = torch.cat([draw(indices, step, 4, seed=3).clips for step in range(5)])
    assert sorted(drawn[:10].tolist()) == sorted(drawn[10:].tolist()) == indices.tolist()
    assert drawn[:10].tolist() != drawn[10:].tolist()


def test_variations_keep_length_and_never_clip():
    waveform = 0.9 * torch.sin(torch.arange(96_000) / 20)
    for view in range(4):
        varied = vary_recording(waveform, 24_000, np.random.default_rng(view), AugmentationRecipe())
        assert varied.shape == waveform.shape
        assert varied.abs().max() < 1
    level = 20 * noise_floor(96_000, np.random.default_rng(0)).square().mean().sqrt().log10()
    assert -81 < level < -59


@pytest.fixture(scope="module")
def trained(dataset_folder, tmp_path_factory):
    """A run of all stages by the command line, two steps each, with the tiny sizes set by hand."""
    run = tmp_path_factory.mktemp("runs") / "tiny"
    arguments = ["all", "--run", str(run), "--data", str(dataset_folder), "--views", "2", "--max-steps", "2"]
    assert main([*arguments, *tiny_options()]) == 0
    return run


def test_all_stages_leave_a_model_that_generates(trained, tmp_path):
    assert main(["export", str(trained), str(tmp_path / "model")]) == 0
    card = (tmp_path / "model" / "README.md").read_text()
    assert "| Rain | 3 | 3 |" in card
    assert "| vocoder | 2 (best at 2)" in card
    for folder in (trained / "model", tmp_path / "model"):
        take = Foley.from_pretrained(folder).generate(Category.Rain, seed=1)[0]
        assert take.waveform.shape == (30_720,)
        assert torch.isfinite(take.waveform).all()


def test_the_card_shows_curves_and_scores_and_keeps_what_people_wrote(trained, checkpoint, dataset_folder, tmp_path):
    settings = EvaluationSettings(2, draws=3, parts=())
    report = evaluate(Foley.from_pretrained(trained / "model"), dataset_folder, tmp_path / "evaluation", settings)
    save_report(report, tmp_path / "evaluation")
    target = tmp_path / "model"
    target.mkdir()
    (target / "README.md").write_text("# Old\n\n## Known weaknesses\n\nDogs sound like doors.\n\n## Data\n\nold\n")
    assert main(["export", str(trained), str(target), "--report", str(tmp_path / "evaluation")]) == 0
    card = (target / "README.md").read_text()
    assert "Dogs sound like doors." in card
    assert "old" not in card.split("## Data")[1]
    assert re.search(r"\| DogBark \| \d+\.\d \(.*\) \|", card)
    assert "Share of takes with a defect" in card
    assert Image.open(target / "curves.png").width > 400

    run = ["--run", str(tmp_path / "finer"), "--data", str(dataset_folder), "--views", "1", "--max-steps", "1"]
    assert main(["prior", *run, "--start-from", str(target)]) == 0
    assert main(["export", str(tmp_path / "finer"), str(tmp_path / "finer model")]) == 0
    rows = [row for row in (tmp_path / "finer model" / "README.md").read_text().splitlines() if "best at" in row]
    stages = [row.split("|")[1].strip() for row in rows]
    assert stages == ["encoder", "vqvae", "prior", "decoder", "vocoder", "prior, fine-tuned"]


def test_the_decoder_is_trained_without_changing_a_code(trained):
    before = load_file(trained / "model" / "vqvae.safetensors")
    cached = sorted((trained / "cache").glob("codes-*"))
    step = json.loads((trained / "decoder" / "events.jsonl").read_text().splitlines()[-1])["step"]
    assert main(["decoder", "--run", str(trained), "--resume", "--max-steps", str(step + 20), "--every", "5"]) == 0
    after = load_file(trained / "model" / "vqvae.safetensors")
    changed = {name.partition(".")[0] for name in before if not before[name].equal(after[name])}
    assert changed == {"decoder"}
    assert sorted((trained / "cache").glob("codes-*")) == cached


def test_a_run_goes_on_where_it_stopped(trained):
    assert main(["vqvae", "--run", str(trained), "--resume", "--max-steps", "3"]) == 0
    events = [json.loads(line) for line in (trained / "vqvae" / "events.jsonl").read_text().splitlines()]
    assert [event["step"] for event in events if event["kind"] == "end"] == [2, 3]


def test_a_run_goes_on_from_the_weights_of_a_checkpoint(trained, dataset_folder, tmp_path, capsys):
    start = ["--data", str(dataset_folder), "--views", "1", "--init-from", str(trained / "model")]
    run = tmp_path / "finer"
    assert main(["all", "--run", str(run), "--max-steps", "1", *start]) == 0
    assert "vqvae: left as it is" in capsys.readouterr().out
    assert (run / "model" / "cembed.safetensors").read_bytes() == (trained / "model/cembed.safetensors").read_bytes()
    events = [json.loads(line) for line in (run / "prior" / "events.jsonl").read_text().splitlines()]
    before, after = (event for event in events if event["kind"] == "validation")
    assert (before["step"], before["best"], after["step"]) == (0, True, 1)
    assert main(["prior", "--run", str(tmp_path / "still"), "--max-steps", "0", *start]) == 0
    again = load_file(tmp_path / "still" / "model" / "prior.safetensors")
    for name, weight in load_file(trained / "model" / "prior.safetensors").items():
        assert torch.allclose(weight, again[name], atol=1e-6)
    assert main(["prior", "--run", str(tmp_path / "other"), *start, "--set", "prior.channels=24"]) == 2
    assert "does not fit the preset" in capsys.readouterr().err


@pytest.mark.parametrize(("stage", "precisions"), [("prior", PRECISIONS), ("vocoder", ("bf16",))])
def test_a_stage_is_timed_in_the_precisions_asked_for(trained, monkeypatch, stage, precisions):
    monkeypatch.setattr("training.benchmark.WARM_UP", 0)
    paces = [pace_of(Run.open(trained), stage, precision, 1, "cpu") for precision in precisions]
    assert all(pace.seconds_a_step > 0 and 0 < pace.data_share < 1 for pace in paces)
    names = {"bf16": "bf16", "no": "float32"}
    lines = list(table(paces))[-len(precisions) :]
    assert [line.split(" | ")[:2] for line in lines] == [[f"| {stage}", names[precision]] for precision in precisions]


def test_stages_are_timed_one_after_the_other_on_a_processor_with_bfloat16(monkeypatch):
    monkeypatch.setattr("training.benchmark.WARM_UP", 0)
    monkeypatch.setattr("training.benchmark.STAGES", ("encoder", "vqvae"))
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    paces = [(pace.stage, pace.precision) for pace in benchmark(tiny_preset(SECONDS), 1, "cpu")]
    assert paces == [("encoder", "bf16"), ("encoder", "no"), ("vqvae", "bf16"), ("vqvae", "no")]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["vqvae", "--run", "nowhere", "--resume"], "nowhere"),
        (["vqvae", "--run", "nowhere", "--data", "no-such-folder"], "no-such-folder"),
        (["export", "nowhere", "there"], "nowhere"),
    ],
)
def test_bad_arguments_get_one_sentence_and_exit_code_2(arguments, word, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert word in error


def test_every_stage_has_its_class_its_recipe_and_a_share_of_the_time():
    assert list(training.pipeline.STAGE_TYPES) == list(STAGES)
    assert sum(spec.time_share for spec in STAGES.values()) == pytest.approx(1)
    for name in STAGES:
        assert training.pipeline.stage_type(tiny_preset(), name).name == name
        assert tiny_preset().training.of(name).is_used


def test_silent_codes_weigh_less_and_beginnings_are_weighed_by_what_came_before():
    loud = torch.tensor([[[False, False, True, True, False, False]]])
    little = 0.3
    weights = weights_of(loud, 6, little)
    assert torch.allclose(weights[0, 0], torch.tensor([1, little, little, 1, 1, little]))
    assert torch.allclose(weights[0, 5], torch.tensor([1, little, 1, 1, 1, little]))
    assert torch.equal(weights_of(loud, 3, little), weights[:, :3])


def test_every_class_is_drawn_as_often(trained):
    corpus = Corpus(Run.open(trained))
    corpus.train = corpus.train[corpus.categories[corpus.train] != int(Category.Rain)]
    corpus.train = torch.cat([corpus.train, corpus.train[:2]])
    counts = corpus.categories[corpus.balanced()].bincount(minlength=len(Category))
    assert counts[int(Category.Rain)] == 0
    assert set(counts.tolist()) == {0, 5}


def test_takes_are_measured_against_recordings_when_it_is_due(trained, monkeypatch):
    class LevelEmbedder:
        def embed(self, waveforms, sample_rate):
            bands = waveforms[:, : waveforms.shape[1] // 16 * 16].unflatten(1, (2, 8, -1))
            return np.log(bands.abs().mean(dim=3).numpy() + 1e-6)

    monkeypatch.setattr("training.fad.load_embedder", lambda **_: LevelEmbedder())
    monkeypatch.setattr("training.fad.TAKES", 2)
    log = trained / "prior" / "events.jsonl"
    before = len(log.read_text().splitlines())
    step = json.loads(log.read_text().splitlines()[-1])["step"]
    every = ["--max-steps", str(step + 4), "--every", "1", "--fad-every", "2"]
    assert main(["prior", "--run", str(trained), "--resume", *every]) == 0
    events = [json.loads(line) for line in log.read_text().splitlines()[before:]]
    measured = {event["step"]: event for event in events if "fad" in event}
    assert list(measured) == [number for number in range(step + 1, step + 5) if number % 2 == 0]
    for event in measured.values():
        classes = [event[f"fad_{category.name}"] for category in Category]
        assert event["fad"] == pytest.approx(np.mean(classes))
        assert min(classes) > 0
