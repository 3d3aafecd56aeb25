"""Our ELU is torch's, forwards and backwards, in every precision."""

import pytest
import torch
from torch.nn import functional as F

from foley.models.activations import elu


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_torchs(dtype):
    x = torch.linspace(-20, 20, 4001, dtype=dtype, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    elu(x).square().sum().backward()
    F.elu(y).square().sum().backward()
    assert elu(x).dtype == dtype
    assert torch.allclose(elu(x), F.elu(y), atol=1e-6)
    assert torch.allclose(x.grad, y.grad, atol=1e-5)


def test_in_half_precision_small_values_keep_their_digits():
    x = torch.tensor([-0.001, -0.01, 0.5], dtype=torch.bfloat16, requires_grad=True)
    result = elu(x)
    result.sum().backward()
    assert torch.allclose(result, F.elu(x.detach().float()), atol=1e-6)
    assert x.grad.dtype == torch.bfloat16
