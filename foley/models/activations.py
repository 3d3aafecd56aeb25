"""Activations that torch has, too, but slower on a CPU."""

import torch
from torch import Tensor
from torch.nn import functional as F


def elu(x: Tensor) -> Tensor:
    """ELU, x above 0 and exp(x) - 1 below, of any shape; on a CPU the result is float32.

    torch's own goes through expm1, which takes ten times as long as exp here and is a third of a prior's step. The
    difference is at most 1e-7.
    """
    return _ELU.apply(x) if x.device.type == "cpu" else F.elu(x)


class _ELU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        result = wide.clamp(max=0).exp().sub_(1).add_(F.relu(x))
        ctx.save_for_backward(result)
        ctx.dtype = x.dtype
        return result

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (result,) = ctx.saved_tensors
        return (gradient * (result.clamp(max=0) + 1)).to(ctx.dtype)
