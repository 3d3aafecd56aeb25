"""Training on synthetic sounds with the tiny preset: every stage trains, resumes exactly, and exports a model."""

import json

import pytest
import torch
from torch import nn

import training.pipeline
from foley import Foley
from foley.categories import Category
from training.__main__ import main
from training.augment import mask_cembed, noise_floor, vary_recording
from training.loop import Checkpoints, LoopSettings, TooManyBadSteps, Turn, draw, train


class Line:
    """The smallest stage: fit a line to noisy points, with dropout so that randomness matters."""

    name = "line"

    def __init__(self, poison: set[int] = frozenset()):
        torch.manual_seed(1)
        self.parts = nn.ModuleDict({"line": nn.Sequential(nn.Linear(4, 16), nn.Dropout(0.5), nn.Linear(16, 1))})
        self.poison, self.saved = poison, 0

    def batch(self, step):
        points = torch.randn(8, 4)
        target = points.sum(dim=1, keepdim=True) * (float("nan") if step in self.poison else 1.0)
        return points, target

    def turns(self, batch):
        loss = (self.parts["line"](batch[0]) - batch[1]).square().mean()
        yield Turn("line", loss, {"loss": loss.detach()})

    def validate(self, model):
        points = torch.ones(2, 4)
        return {"score": float((model(points) - 4).square().mean())}

    def save(self, model):
        self.saved += 1


SETTINGS = LoopSettings(steps=40, learning_rate=0.02, cycle_up=5, cycle_down=50, interval=10, average_decay=0.9)


def weights(stage):
    return torch.cat([parameter.detach().flatten() for parameter in stage.parts.parameters()])


def test_a_stage_learns_and_keeps_its_best(tmp_path):
    stage = Line()
    scores = train(stage, SETTINGS, tmp_path)
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


def test_a_half_written_checkpoint_is_no_checkpoint(tmp_path):
    (tmp_path / "checkpoints" / "writing-00000040").mkdir(parents=True)
    assert Checkpoints(tmp_path, accelerator=None).all() == []


def test_an_infinite_loss_skips_the_step_and_too_many_end_the_run(tmp_path):
    stage = Line(poison={3, 7})
    train(stage, SETTINGS, tmp_path / "few")
    assert torch.isfinite(weights(stage)).all()
    with pytest.raises(TooManyBadSteps, match="learning rate"):
        train(Line(poison=set(range(40))), LoopSettings(**{**vars(SETTINGS), "most_bad_steps": 5}), tmp_path / "many")


def test_an_epoch_draws_every_clip_once():
    indices = torch.arange(100, 110)
    drawn = torch.cat([draw(indices, step, 4, seed=3) for step in range(5)])
    assert sorted(drawn[:10].tolist()) == sorted(drawn[10:].tolist()) == indices.tolist()
    assert drawn[:10].tolist() != drawn[10:].tolist()


def test_masks_blank_both_parts_apart_and_leave_the_original():
    cembed = torch.ones(64, 192, 300)
    masked = mask_cembed(cembed, mel_rows=129, generator=torch.Generator().manual_seed(0))
    assert (cembed == 1).all()
    mel, embedding = (masked[:, :129] == 0), (masked[:, 129:] == 0)
    frames = [part.all(dim=1).sum(dim=1) for part in (mel, embedding)]
    rows = [part.all(dim=2).sum(dim=1) for part in (mel, embedding)]
    assert all(0 < f.max() <= 25 for f in frames)
    assert rows[0].max() <= 25 and 0 < rows[1].max() <= 16
    assert not torch.equal(frames[0], frames[1])
    assert 0.4 < (frames[0] > 0).float().mean() < 0.75


def test_variations_keep_length_and_never_clip():
    random = torch.Generator().manual_seed(0)
    waveform = 0.9 * torch.sin(torch.arange(96_000) / 20) * torch.rand((), generator=random)
    import numpy as np

    for view in range(4):
        varied = vary_recording(waveform, 24_000, np.random.default_rng(view), strength=1.0)
        assert varied.shape == waveform.shape
        assert varied.abs().max() < 1
    level = 20 * noise_floor(96_000, np.random.default_rng(0)).square().mean().sqrt().log10()
    assert -81 < level < -59


@pytest.fixture(scope="module")
def trained(dataset_folder, tmp_path_factory):
    """A run of all stages by the command line, two steps each, with the tiny sizes set by hand."""
    run = tmp_path_factory.mktemp("runs") / "tiny"
    sizes = {
        "encoder.hidden_size": 64,
        "encoder.layers": 1,
        "encoder.heads": 2,
        "encoder.feed_forward": 64,
        "encoder.convolution_channels": [4, 4, 8, 8, 8, 8, 16],
        "vqvae.channels": 8,
        "vqvae.codebook_size": 32,
        "prior.channels": 16,
        "prior.blocks": 1,
        "prior.heads": 2,
        "vocoder.channels": 16,
        "vocoder.residual_kernels": [3],
    }
    changes = [argument for name, value in sizes.items() for argument in ("--set", f"{name}={value}")]
    arguments = ["all", "--run", str(run), "--data", str(dataset_folder), "--views", "2", "--max-steps", "2"]
    assert main([*arguments, *changes]) == 0
    return run


def test_all_stages_leave_a_model_that_generates(trained, tmp_path):
    assert main(["export", str(trained), str(tmp_path / "model")]) == 0
    card = (tmp_path / "model" / "README.md").read_text()
    assert "| Rain | 3 | 3 |" in card and "| vocoder | 2 (best at 2)" in card
    for folder in (trained / "model", tmp_path / "model"):
        take = Foley.from_pretrained(folder).generate(Category.Rain, seed=1)[0]
        assert take.waveform.shape == (96_000,)
        assert torch.isfinite(take.waveform).all()


def test_a_run_goes_on_where_it_stopped(trained):
    assert main(["vqvae", "--run", str(trained), "--resume", "--max-steps", "3"]) == 0
    events = [json.loads(line) for line in (trained / "vqvae" / "events.jsonl").read_text().splitlines()]
    assert [event["step"] for event in events if event["kind"] == "end"] == [2, 3]


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
    assert error.startswith("error: ") and word in error


def test_every_stage_has_a_share_of_the_time():
    assert set(training.pipeline.TIME_SHARES) == set(training.pipeline.STAGE_NAMES) == set(training.pipeline.TRAINERS)
