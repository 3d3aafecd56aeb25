"""The prior's weights as the sampler reads them: a layer is a matrix (inputs, outputs), like layers are stacked."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from foley.models.pixelsnail import CausalConv2d, PixelSNAIL
from foley.sampling.winograd import filtering


class Weights(NamedTuple):
    """Float32 tensors; weight norm is folded. A gated residual has its layers `1` (in) and `2` (out, gated).

    B blocks, R = B x residual blocks, E output residual blocks; C channels, H hidden channels, A attention
    channels, K and Q channels of keys and queries, s the zen factor, k the kernel size, P the points of the `winograd`
    filtering of its rows, V the codebook size.
    """

    tables: Tensor  # (offsets, V + 1, C): code V is "no code" and adds nothing
    input_bias: Tensor  # (C,)
    above1: Tensor  # (R, P, k - 1, C, H): the k taps of each row above, at the points
    left1: Tensor  # (R, k // 2, C, H)
    bias1: Tensor  # (R, H)
    above2: Tensor  # (R, P, k - 1, H, 2 C)
    left2: Tensor  # (R, k // 2, H, 2 C)
    bias2: Tensor  # (R, 2 C)
    condition: Tensor  # (R, condition channels, 2 C)
    key1: Tensor  # (B, K, C)
    key1_bias: Tensor
    key2: Tensor  # (B, C, 2 K)
    key2_bias: Tensor
    query1: Tensor  # (B, Q, C)
    query1_bias: Tensor
    query2: Tensor  # (B, C, 2 Q)
    query2_bias: Tensor
    query: Tensor  # (B, s, Q, A): the last of the s taps is the newest position
    query_bias: Tensor
    key: Tensor  # (B, s, K, A)
    key_bias: Tensor
    value: Tensor  # (B, s, K, A)
    value_bias: Tensor
    spread: Tensor  # (B, A, 2 s, A): what a coarse result adds to the next 2 s positions; else empty
    spread_bias: Tensor
    output1: Tensor  # (B, C, C)
    auxiliary: Tensor  # (B, A, C)
    output1_bias: Tensor  # of both
    output2: Tensor  # (B, C, 2 C)
    output2_bias: Tensor
    tail1: Tensor  # (E, C, H)
    tail1_bias: Tensor
    tail2: Tensor  # (E, H, 2 C)
    tail2_bias: Tensor
    logits: Tensor  # (C, V)
    logits_bias: Tensor
    coordinates: Tensor  # (height x width, 2)

    @classmethod
    def of(cls, model: PixelSNAIL, device: torch.device | str = "cpu") -> "Weights":
        """A copy of the model's weights, which may be in any precision and on any device."""
        with torch.no_grad():
            return cls(*(x.to(device, torch.float32, copy=True).contiguous() for x in _weights(model)))


def _weights(model: PixelSNAIL) -> "Weights":
    blocks = list(model.blocks)
    residuals = [residual for block in blocks for residual in block.residuals]
    channels, hidden = model.preset.channels, model.preset.residual_channels
    attention = [block.attention for block in blocks]
    keys = _gated([block.key_residual for block in blocks])
    queries = _gated([block.query_residual for block in blocks])
    outputs = _gated([block.output_residual for block in blocks])
    tail = _gated(list(model.output), (channels, hidden))
    zen = model.preset.zen_factor > 1
    spread = [layer.spread.weight.permute(0, 2, 1) if zen else torch.zeros(0, 0, 0) for layer in attention]
    tables = model.input.tables
    return Weights(
        tables=torch.cat([tables, torch.zeros_like(tables[:, :1])], dim=1),
        input_bias=model.input.bias,
        **_causal([residual.conv1 for residual in residuals], "1"),
        **_causal([residual.conv2 for residual in residuals], "2"),
        condition=torch.stack([_matrix(residual.condition) for residual in residuals]),
        **{f"key{name}": value for name, value in keys.items()},
        **{f"query{name}": value for name, value in queries.items()},
        **_taps([layer.query for layer in attention], "query"),
        **_taps([layer.key for layer in attention], "key"),
        **_taps([layer.value for layer in attention], "value"),
        spread=torch.stack(spread),
        spread_bias=torch.stack([layer.spread.bias if zen else layer.value.bias * 0 for layer in attention]),
        output1=outputs["1"],
        auxiliary=torch.stack([_matrix(block.output_residual.auxiliary) for block in blocks]),
        output1_bias=outputs["1_bias"] + torch.stack([b.output_residual.auxiliary.bias for b in blocks]),
        output2=outputs["2"],
        output2_bias=outputs["2_bias"],
        **{f"tail{name}": value for name, value in tail.items()},
        logits=_matrix(model.logits),
        logits_bias=model.logits.bias,
        coordinates=model.coordinates[0].flatten(1).T,
    )


def _matrix(convolution: nn.Conv2d) -> Tensor:
    """The (inputs, outputs) matrix of a 1x1 convolution."""
    return convolution.weight[:, :, 0, 0].T


def _gated(residuals: list[nn.Module], sizes: tuple[int, int] = (0, 0)) -> dict[str, Tensor]:
    """Both 1x1 layers of gated residuals, stacked; `sizes` (channels, hidden) say what none would be."""
    if not residuals:
        channels, hidden = sizes
        shapes = {
            "1": (channels, hidden),
            "1_bias": (hidden,),
            "2": (hidden, 2 * channels),
            "2_bias": (2 * channels,),
        }
        return {name: torch.zeros(0, *shape) for name, shape in shapes.items()}
    return {
        "1": torch.stack([_matrix(residual.conv1) for residual in residuals]),
        "1_bias": torch.stack([residual.conv1.bias for residual in residuals]),
        "2": torch.stack([_matrix(residual.conv2) for residual in residuals]),
        "2_bias": torch.stack([residual.conv2.bias for residual in residuals]),
    }


def _causal(convolutions: list[CausalConv2d], name: str) -> dict[str, Tensor]:
    return {
        f"above{name}": torch.stack([_at_points(conv.above.weight) for conv in convolutions]),
        f"left{name}": torch.stack([conv.left.weight[:, :, 0].permute(2, 1, 0) for conv in convolutions]),
        f"bias{name}": torch.stack([conv.above.bias for conv in convolutions]),
    }


def _at_points(weight: Tensor) -> Tensor:
    """(outputs, inputs, rows, taps) to (points, rows, inputs, outputs)."""
    tap_points = torch.from_numpy(filtering(weight.shape[3]).tap_points).to(weight.device)
    return torch.einsum("oirt,pt->prio", weight.double(), tap_points).float()


def _taps(layers: list[nn.Conv1d | nn.Linear], name: str) -> dict[str, Tensor]:
    """Strided convolutions as (taps, inputs, outputs); a linear layer is one with a single tap."""
    weights = [layer.weight.unflatten(1, (-1, 1)) if layer.weight.dim() == 2 else layer.weight for layer in layers]
    return {
        name: torch.stack([weight.permute(2, 1, 0) for weight in weights]),
        f"{name}_bias": torch.stack([layer.bias for layer in layers]),
    }
