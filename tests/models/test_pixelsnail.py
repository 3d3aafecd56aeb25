"""The prior's causality, settled by gradients: logits at a position depend on the codes before it alone."""

import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from foley.models.pixelsnail import PixelSNAIL, shift
from foley.presets import PriorPreset

CODES = 5
GRIDS = [(1, 1), (1, 7), (6, 1), (3, 5), (4, 3)]  # few of them divisible by a zen factor
PRIORS = [
    PriorPreset(
        channels=8,
        residual_channels=4,
        blocks=2,
        residual_blocks=2,
        heads=2,
        output_residual_blocks=1,
        kernel_size=kernel_size,
        zen_factor=zen_factor,
        scan=scan,
    )
    for kernel_size, zen_factor, scan in itertools.product((3, 5), (1, 3, 4), ("rows", "frames"))
]


def logits_of_embedded(model: PixelSNAIL, one_hot: Tensor) -> Tensor:
    """Logits (positions, codebook size) of one-hot codes (height, width, codebook size) that may carry gradients."""
    features = model.input.bias.view(1, -1, 1, 1)
    for (up, right), table in zip(model.input.offsets, model.input.tables, strict=True):
        features = features + shift((one_hot @ table).permute(2, 0, 1)[None], up, right)
    return model.from_features(features, torch.tensor([2]))[0].flatten(1).T


def describe(preset: PriorPreset) -> str:
    return f"kernel {preset.kernel_size}, zen {preset.zen_factor}, {preset.scan}"


@pytest.mark.parametrize("preset", PRIORS, ids=describe)
def test_logits_have_no_gradient_from_their_own_or_any_later_code(preset):
    for grid in GRIDS:
        torch.manual_seed(sum(grid))
        model = PixelSNAIL(preset, grid, CODES).eval()
        codes = torch.randint(CODES, model.scan_shape)
        one_hot = F.one_hot(codes, CODES).float().requires_grad_()
        logits = logits_of_embedded(model, one_hot)
        assert torch.allclose(logits, model.scan_logits(codes[None], torch.tensor([2]))[0].flatten(1).T, atol=1e-5)
        for position, row in enumerate(logits):
            (gradient,) = torch.autograd.grad(row @ torch.randn(CODES), one_hot, retain_graph=True)
            gradient = gradient.flatten(0, 1)
            assert (gradient[position:] == 0).all(), f"{grid}: {position} sees itself or later"
            assert position == 0 or (gradient[:position] != 0).any(), f"{grid}: {position} sees nothing"


def test_full_attention_sees_every_code_before():
    torch.manual_seed(0)
    model = PixelSNAIL(PRIORS[0], (3, 5), CODES).eval()
    one_hot = F.one_hot(torch.randint(CODES, model.scan_shape), CODES).float().requires_grad_()
    last = logits_of_embedded(model, one_hot)[-1]
    (gradient,) = torch.autograd.grad(last @ torch.randn(CODES), one_hot)
    assert (gradient.flatten(0, 1)[:-1] != 0).any(dim=1).all()


@pytest.mark.parametrize("preset", PRIORS[:6], ids=describe)
def test_fewer_rows_give_the_same_logits(preset):
    torch.manual_seed(0)
    model = PixelSNAIL(preset, (4, 3), CODES).eval()
    codes, category = torch.randint(CODES, (1, *model.scan_shape)), torch.tensor([1])
    with torch.no_grad():
        whole, part = model.scan_logits(codes, category), model.scan_logits(codes[:, :2], category)
    assert torch.allclose(whole[:, :, :2], part, atol=1e-6)
