"""Takes of a diffusion prior: by the same sampler, with the same promises as those of PixelSNAIL."""

import dataclasses

import pytest
import torch

from foley.conditions.controls import no_controls
from foley.models.vq_diffusion import VQDiffusion
from foley.presets import DiffusionPreset, PriorPreset
from foley.sampling import Sampler, SamplingSettings
from foley.sampling.backends.diffusion import code_chances

GRID, CODES = (4, 9), 12
PRESET = PriorPreset(
    kind="diffusion",
    condition_channels=4,
    dropout=0.0,
    diffusion=DiffusionPreset(steps=10, sampling_steps=5, channels=16, layers=2, heads=2),
)
ALL = SamplingSettings(top_p=1.0)


def prior(preset: PriorPreset = PRESET) -> VQDiffusion:
    torch.manual_seed(0)
    model = VQDiffusion(preset, GRID, CODES).eval()
    for name, parameter in model.named_parameters():
        if "modulation" in name or name.startswith("logits"):  # before training nothing passes them
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def sample(model: VQDiffusion, *arguments, **options) -> torch.Tensor:
    *_, last = Sampler(model).sample(*arguments, **options)
    assert last.done == last.total == GRID[0] * GRID[1]
    assert last.codes.min() >= 0 and last.codes.max() < CODES
    return last.codes


def test_a_take_depends_on_its_own_class_and_seed_alone():
    model = prior()
    together = sample(model, [0, 3, 0], [7, 7, 8])
    for number, (category, seed) in enumerate(((0, 7), (3, 7), (0, 8))):
        assert torch.equal(sample(model, [category], [seed])[0], together[number])
    assert not torch.equal(together[0], together[1]) and not torch.equal(together[0], together[2])


def test_kept_codes_stay_in_every_step_and_lead_the_others():
    model = prior()
    given, keep = torch.randint(CODES, (1, *GRID)), torch.rand(1, *GRID) < 0.5
    for event in Sampler(model).sample([1], [5], None, given, keep):
        assert torch.equal(event.codes[keep], given[keep])
    other = torch.where(keep, (given + 1) % CODES, given)
    assert not torch.equal(event.codes[~keep], sample(model, [1], [5], None, other, keep)[~keep])
    unseen = torch.where(keep, given, (given + 1) % CODES)
    assert torch.equal(event.codes, sample(model, [1], [5], None, unseen, keep))


def test_progress_shows_masks_as_no_code_and_stops_when_it_is_closed():
    events = [(event.done, (event.codes < 0).sum()) for event in Sampler(prior()).sample([0], [0])]
    done, masks = zip(*events, strict=True)
    assert list(done) == sorted(done) and masks[0] > 0 and masks[-1] == 0
    steps = Sampler(prior()).sample([0], [0])
    next(steps)
    steps.close()


def test_takes_of_a_guess_that_never_changes_come_as_often_as_it_says():
    model = prior()
    with torch.no_grad():
        model.logits.weight.zero_()
        model.logits.bias.copy_(torch.arange(CODES) / 4)
    codes = sample(model, [0] * 30, list(range(30)), ALL)
    shares = torch.bincount(codes.flatten(), minlength=CODES) / codes.numel()
    assert torch.allclose(shares, torch.softmax(torch.arange(CODES) / 4, dim=0), atol=0.04)


def test_the_settings_say_which_codes_are_in_play():
    logits = torch.tensor([3.0, 1.0, 2.0, -1.0])
    assert code_chances(logits, SamplingSettings(temperature=0)).tolist() == [1, 0, 0, 0]
    assert torch.allclose(code_chances(logits, ALL), logits.softmax(0))
    assert torch.allclose(code_chances(logits, SamplingSettings(2.0, top_p=1.0)), (logits / 2).softmax(0))
    two = code_chances(logits, SamplingSettings(top_k=2, top_p=1.0), guidance=torch.tensor([0.0, 9.0, 1.0, 11.0]))
    assert torch.allclose(two, torch.tensor([0.0, 0.5, 0.0, 0.5]))  # what was asked for comes first


def test_a_knob_and_a_level_are_heard():

    model = prior(dataclasses.replace(PRESET, knob_bins=4, contour=True, control_channels=3))
    for parameter in model.condition.parameters():
        parameter.data.normal_()
    nothing = no_controls(1, GRID[1])
    asked = nothing._replace(knobs=torch.full_like(nothing.knobs, 2))
    quiet = nothing._replace(level=torch.full_like(nothing.level, 1))
    codes, steps = torch.full((1, *GRID), CODES), torch.tensor([10])
    plain = model(codes, steps, torch.tensor([0]))
    assert torch.allclose(plain, model(codes, steps, torch.tensor([0]), nothing), atol=1e-5)
    for controls in (asked, quiet):
        assert not torch.equal(plain, model(codes, steps, torch.tensor([0]), controls))


def test_a_given_code_is_another_input_than_a_code_that_may_be_wrong():
    model = prior()
    torch.nn.init.normal_(model.given)
    codes, steps, category = torch.randint(CODES, (1, *GRID)), torch.tensor([9]), torch.tensor([0])
    given = torch.zeros(1, *GRID, dtype=torch.bool)
    assert torch.equal(model(codes, steps, category), model(codes, steps, category, None, given))
    given[0, 1, 2] = True
    assert not torch.equal(model(codes, steps, category), model(codes, steps, category, None, given))


def test_other_samplers_are_refused_in_one_sentence():
    with pytest.raises(RuntimeError, match="torch alone"):
        Sampler(prior(), "compiled")
