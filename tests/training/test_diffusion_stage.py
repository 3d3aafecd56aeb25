"""Training of a diffusion prior: what is given, what is learned, and that it stands where PixelSNAIL stands."""

import json

import numpy as np
import pytest
import torch
from tiny import SECONDS, tiny_checkpoint, tiny_options

from foley import Foley
from foley.categories import Category
from foley.conditions.asked import Asked
from foley.models.vq_diffusion import VQDiffusion
from foley.presets import DiffusionPreset, PriorPreset
from foley.sampling import Sampler, SamplingSettings
from training.__main__ import main
from training.stages.diffusion import drawn_given

GRID = (4, 6)


def test_what_is_given_is_nothing_a_beginning_all_but_a_box_or_anything_and_never_all():
    random, kinds = np.random.default_rng(0), set()
    for _ in range(300):
        given = drawn_given(random, GRID, 0.7)
        assert not given.all()
        columns = np.array(given.all(axis=0))
        if not given.any():
            kinds.add("nothing")
        elif (given == columns).all() and columns[: columns.sum()].all():
            kinds.add("beginning")
        else:
            rows, frames = np.nonzero(~given)
            box = (np.ptp(rows) + 1) * (np.ptp(frames) + 1)
            kinds.add("box" if box == len(rows) else "scattered")
    assert kinds == {"nothing", "beginning", "box", "scattered"}
    assert not drawn_given(random, GRID, 0.0).any()


def test_a_bound_falls_and_takes_are_like_what_was_learned():
    """Codes of a clip follow from its class and its first code: what no code knows alone."""
    torch.manual_seed(0)
    codebook_size, rows, frames = 8, *GRID
    sizes = DiffusionPreset(steps=20, sampling_steps=20, channels=32, layers=1, heads=2)
    model = VQDiffusion(PriorPreset(kind="diffusion", condition_channels=8, dropout=0.0, diffusion=sizes), GRID, 8)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    pattern = torch.arange(rows)[:, None] + torch.arange(frames)

    def clips(categories: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
        return (pattern * (1 + categories % 2)[:, None, None] + first[:, None, None]) % codebook_size

    bounds = []
    for _ in range(220):
        categories, first = torch.randint(7, (32,)), torch.randint(codebook_size, (32,))
        codes, steps = clips(categories, first), 1 + torch.randint(sizes.steps, (32,))
        noisy = model.process.corrupt(codes, steps)
        guess = model(noisy, steps, categories).softmax(dim=-1)
        loss = sizes.steps * model.process.divergence(guess, codes, noisy, steps).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        bounds.append(float(loss.detach()))
    assert np.mean(bounds[:5]) > 1.8 and np.mean(bounds[-20:]) < 0.4
    model.eval()
    categories = [0, 1] * 8
    *_, last = Sampler(model).sample(categories, list(range(16)), SamplingSettings(top_p=1.0))
    expected = clips(torch.tensor(categories), last.codes[:, 0, 0])
    assert (last.codes == expected).float().mean() > 0.8
    assert len(set(last.codes[:, 0, 0].tolist())) > 3


@pytest.fixture(scope="module")
def model(dataset_folder, tmp_path_factory):
    """A model whose diffusion prior was trained by the command line, on the codes of a model with a PixelSNAIL."""
    folder = tmp_path_factory.mktemp("diffusion")
    start = tiny_checkpoint(folder / "start", SECONDS, hears=True)
    arguments = ["prior", "--run", str(folder / "run"), "--data", str(dataset_folder), "--init-from", str(start)]
    arguments += ["--views", "1", "--max-steps", "30", "--every", "15", "--set=prior.kind=diffusion"]
    options = [option for option in tiny_options() if "training.prior" in option]
    assert main([*arguments, *options, "--set=training.prior.average_decay=0.0"]) == 0
    return folder / "run" / "model"


def test_a_training_lowers_the_bound_and_goes_on_where_it_was(model):
    run = model.parent
    events = [json.loads(line) for line in (run / "prior" / "events.jsonl").read_text().splitlines()]
    validations = [event for event in events if event["kind"] == "validation"]
    assert validations[-1]["loss"] < validations[0]["loss"]
    assert {"entropy", "accuracy", "controlled_loss"} <= validations[0].keys()
    assert main(["prior", "--run", str(run), "--resume", "--max-steps", "32"]) == 0


def test_takes_edits_and_controls_work_as_with_the_other_prior(model):
    foley = Foley.from_pretrained(model)
    assert isinstance(foley.prior, VQDiffusion)
    take = foley.generate(Category.Rain, seed=3)[0]
    assert torch.equal(take.codes, foley.generate(Category.Rain, seed=3, count=2)[0].codes)
    assert torch.equal(foley.remake(take.recipe).waveform, take.waveform)
    rows, frames = take.codes.shape
    box = foley.redraw(take, (1, 5), (2, 9), seed=4)[0]
    outside = torch.ones(rows, frames, dtype=torch.bool)
    outside[1:5, 2:9] = False
    assert torch.equal(box.codes[outside], take.codes[outside])
    longer = foley.continue_(take, 2 * SECONDS, seed=5)[0]
    assert longer.codes.shape == (rows, 2 * frames)
    assert torch.equal(longer.codes[:, :frames], take.codes)
    sibling = foley.siblings(take, 0.3, seed=6)[0]
    assert (sibling.codes == take.codes).float().mean() > 0.69
    bright = foley.generate(Category.Rain, seed=3, asked=Asked(knobs={"brightness": 1.0}))[0]
    assert bright.codes.shape == take.codes.shape
