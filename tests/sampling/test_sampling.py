"""The incremental sampler against the full network, and what a take may depend on."""

import importlib.util
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis.strategies import randoms
from torch import Tensor

from foley.models.pixelsnail import PixelSNAIL
from foley.models.weight_norm import add_weight_norm
from foley.presets import PriorPreset
from foley.sampling import Sampler, SamplingSettings, white_noise
from foley.sampling import sampler as sampler_module
from foley.sampling.backends.choice import make_backend
from foley.sampling.backends.cpu import backend as cpu_backend
from foley.sampling.gumbel import gumbel_max
from foley.sampling.noise import GRAIN_SAMPLES, grainy_noise, gumbel_noise

BACKENDS = ["compiled", "torch"]
CODES = 11


def random_model(choice: random.Random, grid: tuple[int, int] | None = None, **fixed) -> PixelSNAIL:
    """A small prior of random shape and weights, its logits spread out."""
    drawn = {
        "channels": choice.choice((4, 6, 8)),
        "residual_channels": choice.choice((4, 5)),
        "kernel_size": choice.choice((3, 5)),
        "blocks": choice.choice((1, 2)),
        "residual_blocks": choice.choice((1, 2)),
        "output_residual_blocks": choice.choice((0, 0, 1, 2)),
        "zen_factor": choice.choice((1, 2, 3, 4)),
        "scan": choice.choice(("rows", "frames")),
        "condition": choice.choice(("embedding", "map")),
        "condition_channels": choice.choice((1, 3)),
    }
    if drawn["condition"] == "map":
        drawn["condition_channels"] = 1
    drawn |= fixed
    drawn["heads"] = choice.choice([heads for heads in (1, 2, 3) if drawn["channels"] // 2 % heads == 0])
    grid = grid or (choice.randint(1, 6), choice.randint(1, 6))
    torch.manual_seed(choice.randrange(2**31))
    model = PixelSNAIL(PriorPreset(**drawn), grid, CODES).eval()
    with torch.no_grad():
        model.logits.weight *= 10
    return model


def some_settings(choice: random.Random) -> SamplingSettings:
    return SamplingSettings(choice.choice((0, 0.5, 1.0, 2.0)), choice.choice((0, 0, 1, 4)), choice.choice((1.0, 0.8)))


def sample(model: PixelSNAIL, backend: str, *arguments, **options) -> Tensor:
    *_, last = Sampler(model, backend).sample(*arguments, **options)
    assert last.done == last.total
    return last.codes


def full_logits(model: PixelSNAIL, codes: Tensor, categories: list[int]) -> Tensor:
    """Logits (takes, height, width, codebook size) of the whole network, in scan order."""
    with torch.no_grad():
        return model.scan_logits(model.to_scan(codes), torch.tensor(categories)).movedim(1, -1)


def all_noise(model: PixelSNAIL, seeds: list[int]) -> Tensor:
    height, width = model.scan_shape
    noise = np.stack([gumbel_noise(seed, 0, height * width, model.codebook_size) for seed in seeds])
    return torch.from_numpy(noise).view(len(seeds), height, width, -1)


def naive(model: PixelSNAIL, categories: list[int], seeds: list[int], settings: SamplingSettings) -> Tensor:
    """The whole network once for every code, on all rows so far."""
    height, width = model.scan_shape
    codes = torch.zeros(len(seeds), height, width, dtype=torch.long)
    noise = all_noise(model, seeds)
    for row in range(height):
        for column in range(width):
            logits = full_logits(model, model.from_scan(codes[:, : row + 1]), categories)
            codes[:, row, column] = gumbel_max(logits[:, row, column], noise[:, row, column], settings)
    return model.from_scan(codes)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_codes_are_those_of_the_naive_loop(backend):
    for number in range(25):
        choice = random.Random(number)
        model, settings = random_model(choice), some_settings(choice)
        arguments = ([choice.randrange(7) for _ in range(2)], [number, 2**63 - 1 - number], settings)
        assert torch.equal(sample(model, backend, *arguments), naive(model, *arguments)), number


def check_logits_and_codes(choice: random.Random, backend: str) -> None:
    """Given the sampler's own codes one forward has all logits; codes chosen from them must be the same ones again."""
    model, settings = random_model(choice), some_settings(choice)
    takes = choice.randint(1, 3)
    categories, seeds = [choice.randrange(7) for _ in range(takes)], [choice.randrange(2**63) for _ in range(takes)]
    shape = (takes, *model.from_scan(torch.zeros(model.scan_shape)).shape)
    known, keep = torch.randint(CODES, shape), torch.rand(shape) < choice.choice((0, 0.3, 0.9, 1))
    sampler = Sampler(model, backend)
    state = sampler.initial_state(categories, seeds, settings, known, keep)
    state.logits = torch.zeros(*state.codes.shape, CODES)
    for _ in sampler.backend.run(state):
        pass
    logits = full_logits(model, model.from_scan(state.codes), categories)
    difference = (state.logits - logits).flatten(1, 2)[:, : state.positions].abs()
    assert state.positions == 0 or difference.max() <= 1e-4
    chosen = gumbel_max(logits, all_noise(model, seeds), settings)
    assert torch.equal(state.codes, torch.where(state.keep, model.to_scan(known), chosen))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(choice=randoms(use_true_random=False))
def test_compiled_logits_and_codes_are_those_of_one_full_forward(choice):
    check_logits_and_codes(choice, "compiled")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(choice=randoms(use_true_random=False))
def test_logits_and_codes_of_torch_are_those_of_one_full_forward(choice):
    check_logits_and_codes(choice, "torch")


@pytest.mark.parametrize("zen_factor", [1, 4])
def test_a_take_does_not_depend_on_its_batch_to_the_last_bit(zen_factor):
    model = random_model(random.Random(0), (5, 6), channels=24, residual_channels=20, zen_factor=zen_factor)
    sampler = Sampler(model, "compiled")

    def run(categories: list[int], seeds: list[int]) -> tuple[Tensor, Tensor]:
        state = sampler.initial_state(categories, seeds, SamplingSettings(), None, None)
        state.logits = torch.zeros(*state.codes.shape, CODES)
        list(sampler.backend.run(state))
        return state.codes, state.logits

    categories, seeds = [n % 7 for n in range(13)], [100 + n for n in range(13)]
    codes, logits = run(categories, seeds)
    assert len({tuple(take.flatten().tolist()) for take in codes}) == 13
    for first, last in ((0, 1), (4, 5), (12, 13), (2, 4), (5, 12)):
        alone_codes, alone_logits = run(categories[first:last], seeds[first:last])
        assert torch.equal(alone_codes, codes[first:last])
        assert torch.equal(alone_logits, logits[first:last])


@pytest.mark.parametrize(("channels", "zen_factor"), [(24, 4), (128, 1), (128, 4)])  # of 128 it shares products, too
def test_a_second_thread_that_helps_changes_nothing(channels, zen_factor, monkeypatch):
    threads = torch.get_num_threads()
    model = random_model(random.Random(3), (11, 13), channels=channels, zen_factor=zen_factor)
    draws = []
    try:
        for count, worth_help in ((1, 1e9), *[(2, 0)] * 5):
            torch.set_num_threads(count)
            monkeypatch.setattr(cpu_backend, "_WORTH_HELP", worth_help)
            draws.append(sample(model, "compiled", [1, 2], [5, 6]))
        assert all(torch.equal(each, draws[0]) for each in draws)
    finally:
        torch.set_num_threads(threads)


def test_the_same_seed_gives_the_same_codes_on_every_backend():
    model = random_model(random.Random(5), (5, 5))
    assert torch.equal(sample(model, "compiled", [3], [8]), sample(model, "torch", [3], [8]))


def test_the_category_and_the_seed_matter():
    model = random_model(random.Random(11), (4, 4), channels=16, condition="embedding")
    with torch.no_grad():
        model.condition.network.weight *= 20
    codes = sample(model, "compiled", [0, 0, 1], [1, 2, 1], SamplingSettings(temperature=5))
    assert not torch.equal(codes[0], codes[1])
    assert not torch.equal(codes[0], codes[2])


@pytest.mark.parametrize("backend", BACKENDS)
def test_kept_codes_stay_and_a_sound_can_be_continued(backend):
    model = random_model(random.Random(2), (3, 8), scan="frames")
    whole = sample(model, backend, [1], [3])
    keep = torch.zeros(whole.shape, dtype=torch.bool)
    keep[:, :, : whole.shape[2] // 2] = True
    assert torch.equal(sample(model, backend, [1], [3], given=whole, keep=keep), whole), (
        "the same seed samples the same rest"
    )
    other = sample(model, backend, [1], [4], given=whole, keep=keep)
    assert torch.equal(other[keep], whole[keep])
    everything = torch.ones_like(keep)
    assert torch.equal(sample(model, backend, [1], [9], given=whole, keep=everything), whole)


@pytest.mark.parametrize("backend", BACKENDS)
def test_progress_goes_on_to_the_end_and_shows_the_codes_so_far(backend, monkeypatch):
    monkeypatch.setattr(sampler_module, "PROGRESS_INTERVAL_S", 0.0)
    model = random_model(random.Random(7), (6, 5), scan="rows")
    events = list(Sampler(model, backend).sample([0, 1], [0, 1]))
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == events[-1].total == model.scan_shape[0] * model.scan_shape[1]
    for event in events:
        flat = event.codes.flatten(1)
        assert event.codes.shape == (2, *model.scan_shape)
        assert event.codes.dtype == torch.int64
        assert (flat[:, : event.done] >= 0).all()
    assert (events[0].codes < 0).any()
    assert not (events[-1].codes < 0).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_closing_ends_the_backend_at_once(backend, monkeypatch):
    sampler, inside, ended = Sampler(random_model(random.Random(9), (6, 5)), backend), [], []
    run = sampler.backend.run

    def watched(state):
        try:
            yield from run(state)
        finally:
            ended.append(state.codes.min())

    def remembered(state):
        inside.append(watched(state))  # as long as this is held, only an explicit close ends it
        return inside[-1]

    monkeypatch.setattr(sampler.backend, "run", remembered)
    steps = sampler.sample([0], [0])
    next(steps)
    assert not ended
    steps.close()
    assert ended == [-1]  # before the last code was there
    assert next(steps, None) is None


def test_a_closed_sampler_lets_no_thread_wait_for_columns_that_will_not_come(monkeypatch):
    lanes, real = [], cpu_backend.Lane
    monkeypatch.setattr(cpu_backend, "Lane", lambda *arguments: lanes.append(real(*arguments)) or lanes[-1])
    model = random_model(random.Random(9), (24, 75))
    for seed in range(20):  # how far the threads are at the first report differs from machine to machine
        lanes.clear()
        steps = Sampler(model, "compiled").sample([0, 1], [seed, seed + 1])
        next(steps)
        interrupted = any((lane.queue.columns_done < model.scan_shape[1]).any() for lane in lanes)
        steps.close()
        assert all((lane.queue.columns_done == model.scan_shape[1]).all() for lane in lanes)
        if interrupted:
            return
    pytest.skip("this machine finishes every row before the first report")


def test_weight_norm_is_folded():
    model = random_model(random.Random(1), (4, 4))
    plain = sample(model, "torch", [0], [1])
    assert torch.equal(sample(add_weight_norm(model), "torch", [0], [1]), plain)


def test_a_sampler_does_not_follow_later_changes_of_the_model():
    model = random_model(random.Random(1), (4, 4))
    sampler = Sampler(model, "torch")
    *_, before = sampler.sample([0], [1])
    with torch.no_grad():
        model.logits.weight.neg_()
    *_, after = sampler.sample([0], [1])
    assert torch.equal(before.codes, after.codes)


def test_a_captured_step_would_find_the_caches_as_they_were():
    """What a GPU does around a capture, with the step itself in the place of its graph."""
    from foley.sampling.backends.torch_backend import Steps, TorchBackend

    class Rehearsal(TorchBackend):
        def stepper(self, steps: Steps):
            for coarse in (True, False, True):
                steps.column.zero_()
                steps.position.zero_()
                steps.code(coarse)
            steps.forget()
            return steps.code

    model = random_model(random.Random(12), (4, 5), zen_factor=3)
    sampler = Sampler(model, "torch")
    *_, plain = sampler.sample([2], [3])
    sampler.backend = Rehearsal(sampler.backend.weights, sampler.backend.heads)
    *_, rehearsed = sampler.sample([2], [3])
    assert torch.equal(plain.codes, rehearsed.codes)


def test_noise_is_a_function_of_seed_and_position():
    whole = gumbel_noise(5, 0, 40, 19)
    assert whole.shape == (40, 19)
    assert whole.dtype == np.float32
    assert np.array_equal(gumbel_noise(5, 13, 4, 19), whole[13:17])
    assert not np.array_equal(gumbel_noise(6, 0, 40, 19), whole)
    many = gumbel_noise(2**63 - 1, 0, 500, 512).astype(np.float64)
    assert np.isfinite(many).all()
    assert abs(many.mean() - np.euler_gamma) < 0.01
    assert abs(many.var() - np.pi**2 / 6) < 0.02


def test_gumbel_noise_chooses_by_probability():
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0])
    codes = gumbel_max(
        logits.expand(40_000, -1), torch.from_numpy(gumbel_noise(1, 0, 40_000, 4)), SamplingSettings(1.5, top_p=1.0)
    )
    share = torch.bincount(codes, minlength=4) / len(codes)
    assert torch.allclose(share, torch.softmax(logits / 1.5, dim=0), atol=0.01)


def test_white_noise_begins_the_same_however_long_it_is():
    noise = white_noise(3, 96_001)
    assert noise.shape == (96_001,)
    assert noise.dtype == np.float32
    assert np.array_equal(white_noise(3, 1001), noise[:1001])
    assert not np.array_equal(white_noise(4, 1001), noise[:1001])
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02
    assert abs(noise).max() < 7
    assert abs(np.corrcoef(noise[:-1], noise[1:])[0, 1]) < 0.02


def test_grainy_noise_has_the_power_of_white_noise_and_begins_the_same_however_long_it_is():
    noises = [grainy_noise(seed, 96_000, 0.4) for seed in range(12)]
    assert np.mean([noise.std() for noise in noises]) == pytest.approx(1, abs=0.05)
    assert np.array_equal(grainy_noise(3, 1001, 0.4), noises[3][:1001])
    assert np.array_equal(grainy_noise(3, 1001, 0.0), white_noise(3, 1001))
    spreads = [np.log(noise.reshape(-1, GRAIN_SAMPLES).std(axis=1)).std() for noise in noises]
    even = np.log(white_noise(3, 96_000).reshape(-1, GRAIN_SAMPLES).std(axis=1)).std()
    assert all(spread > even for spread in spreads) and max(spreads) > 2 * min(spreads)  # another in every take


def test_settings_leave_few_codes_in_play():
    logits, noise = torch.tensor([3.0, 2.0, 1.0, 0.0]), torch.tensor([0.0, 0.0, 0.0, 99.0])
    assert gumbel_max(logits, noise, SamplingSettings(top_p=1.0)) == 3
    assert gumbel_max(logits, noise, SamplingSettings(temperature=0)) == 0
    assert gumbel_max(logits, torch.tensor([0.0, 5.0, 9.0, 99.0]), SamplingSettings(top_k=2)) == 1
    probability = torch.softmax(logits, dim=0)
    assert gumbel_max(logits, noise, SamplingSettings(top_p=float(probability[0]) - 0.01)) == 0
    assert (
        gumbel_max(logits, torch.tensor([0.0, 5.0, 9.0, 99.0]), SamplingSettings(top_p=float(probability[0]) + 0.01))
        == 1
    )


@pytest.mark.parametrize("wrong", [{"temperature": -0.1}, {"temperature": float("nan")}, {"top_p": 0.0},
                                   {"top_p": 1.1}, {"top_p": float("nan")}, {"top_k": -1}, {"top_k": 2.5}])  # fmt: skip
def test_settings_out_of_range_are_refused_in_a_sentence(wrong):
    with pytest.raises(ValueError, match="but must"):
        SamplingSettings(**wrong)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "7"])
def test_seeds_that_are_none_are_refused(seed):
    with pytest.raises(ValueError, match="The seed is"):
        Sampler(random_model(random.Random(0)), "torch").sample([0], [seed])


def test_arguments_that_do_not_fit_are_refused_at_once():
    model = random_model(random.Random(0), scan="rows")
    sampler, shape = Sampler(model, "torch"), (1, *model.scan_shape)
    keep, codes = torch.ones(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.long)
    for arguments, words in [
        (([], []), "every take needs one of each"),
        (([0, 1], [0]), "every take needs one of each"),
        (([7], [0]), "The categories are"),
        (([0], [0], None, codes), "Codes that stay need both"),
        (([0], [0], None, None, keep), "Codes that stay need both"),
        (([0], [0], None, codes[0], keep[0]), "must both have the shape"),
        (([0], [0], None, codes + CODES, keep), "not in the codebook"),
    ]:
        with pytest.raises(ValueError, match=words):
            sampler.sample(*arguments)


def test_a_backend_that_cannot_run_says_so(monkeypatch):
    model = random_model(random.Random(0))
    with pytest.raises(ValueError, match="choose one of auto"):
        make_backend(model, "fast")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="finds none here"):
        make_backend(model, "cuda")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="pip install numba"):
        make_backend(model, "compiled")
    assert type(make_backend(model, "auto")).__name__ == "TorchBackend"
