"""VQ-Diffusion's process against its transition matrices, written out and multiplied."""

import itertools

import pytest
import torch
from torch import Tensor

from foley.models.mask_and_replace import MaskAndReplace
from foley.presets import DiffusionPreset

CODES, STEPS = 5, 7
PROCESS = MaskAndReplace(DiffusionPreset(steps=STEPS, sampling_steps=STEPS, replaced=0.2), CODES)


def matrix(kept: float, spread: float, masked: float) -> Tensor:
    """Chances from each code (columns; the mask last) to each code: Gu et al., equation 8."""
    result = torch.full((CODES + 1, CODES + 1), spread, dtype=torch.float64)
    result += torch.diag(torch.full((CODES + 1,), kept, dtype=torch.float64))
    result[CODES] = masked
    result[:, CODES] = 0
    result[CODES, CODES] = 1  # masked for good
    return result


def step_matrix(step: int) -> Tensor:
    chances = PROCESS.between(torch.tensor([step - 1]), torch.tensor([step]))
    return matrix(*(float(chance) for chance in chances))


def whole_matrix(step: int) -> Tensor:
    chances = PROCESS.after(torch.tensor([step]))
    return matrix(*(float(chance) for chance in chances))


def test_steps_lead_to_chances_and_their_products_are_what_comes_after_them():
    product = torch.eye(CODES + 1, dtype=torch.float64)
    for step in range(1, STEPS + 1):
        transition = step_matrix(step)
        assert (transition >= 0).all()
        assert torch.allclose(transition.sum(dim=0), torch.ones(CODES + 1, dtype=torch.float64))
        product = transition @ product
        assert torch.allclose(product, whole_matrix(step))


def test_after_the_last_step_nothing_is_left_of_the_clip():
    last = whole_matrix(STEPS)
    assert torch.equal(last[:, :CODES], last[:, :1].expand(-1, CODES))
    assert last[CODES, 0] == pytest.approx(0.8)


@pytest.mark.parametrize(("before", "step"), [(0, 1), (2, 3), (1, 5), (0, STEPS), (STEPS - 1, STEPS)])
def test_the_posterior_is_bayes_rule_over_all_codes(before, step):
    way = torch.eye(CODES + 1, dtype=torch.float64)
    for number in range(before + 1, step + 1):
        way = step_matrix(number) @ way
    guess = torch.rand(CODES, dtype=torch.float64, generator=torch.Generator().manual_seed(step))
    guess /= guess.sum()
    for noisy in range(CODES + 1):
        expected = torch.zeros(CODES + 1, dtype=torch.float64)
        for code, earlier in itertools.product(range(CODES), range(CODES + 1)):
            joint = way[noisy, earlier] * whole_matrix(before)[earlier, code]
            expected[earlier] += guess[code] * joint / whole_matrix(step)[noisy, code]
        found = PROCESS.posterior(
            guess.view(1, 1, 1, -1), torch.tensor([[[noisy]]]), torch.tensor([step]), torch.tensor([before])
        )
        assert torch.allclose(found.flatten(), expected)
        assert float(found.sum()) == pytest.approx(1)


def test_spoiled_codes_come_as_often_as_the_matrices_say():
    codes = torch.arange(CODES).view(1, -1, 1).expand(2, -1, 40_000)
    noisy = PROCESS.corrupt(codes, torch.tensor([2, 6]), torch.Generator().manual_seed(0))
    for clip, step in enumerate((2, 6)):
        for code in range(CODES):
            shares = torch.bincount(noisy[clip, code], minlength=CODES + 1) / noisy.shape[2]
            assert torch.allclose(shares.double(), whole_matrix(step)[:, code], atol=0.01)


def test_the_divergence_is_that_of_two_posteriors_and_nothing_for_who_knows_the_clip():
    random = torch.Generator().manual_seed(0)
    codes = torch.randint(CODES, (STEPS, 3, 4), generator=random)
    steps = torch.arange(1, STEPS + 1)
    noisy = PROCESS.corrupt(codes, steps, random)
    guess = torch.rand(STEPS, 3, 4, CODES, dtype=torch.float64, generator=random).softmax(dim=-1)
    certain = torch.nn.functional.one_hot(codes, CODES).double()
    true, found = (PROCESS.posterior(each, noisy, steps, steps - 1) for each in (certain, guess))
    expected = torch.where(true > 0, true * (true / found).log(), 0.0).sum(dim=-1)
    assert torch.allclose(PROCESS.divergence(guess, codes, noisy, steps), expected)
    assert PROCESS.divergence(certain, codes, noisy, steps).abs().max() < 1e-12
    first = PROCESS.divergence(guess, codes, noisy, steps)[0]  # from step 1 to the clip: how likely the clip itself is
    masked = noisy[0] == CODES
    assert torch.allclose(first[masked], -guess[0].gather(-1, codes[0, ..., None]).squeeze(-1).log()[masked])
