"""The prior's weights as the sampler reads them: a layer is a matrix (inputs, outputs), like layers are stacked."""

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from foley.models.pixelsnail import PixelSNAIL
from foley.models.weight_norm import folded_state
from foley.sampling.winograd import filtering

Array = TypeVar("Array", Tensor, np.ndarray)


class Weights(NamedTuple, Generic[Array]):
    """Float32 tensors or arrays; weight norm is folded. A gated residual has its layers `1` (in) and `2` (out, gated).

    B blocks, R = B x residual blocks, E output residual blocks; C channels, H hidden channels, A attention
    channels, K and Q channels of keys and queries, s the zen factor, k the kernel size, P the points of the `winograd`
    filtering of its rows, V the codebook size.
    """

    tables: Array  # (offsets, V + 1, C): code V is "no code" and adds nothing
    input_bias: Array  # (C,)
    above1: Array  # (R, P, k - 1, C, H): the k taps of each row above, at the points
    left1: Array  # (R, k // 2, C, H)
    bias1: Array  # (R, H)
    above2: Array  # (R, P, k - 1, H, 2 C)
    left2: Array  # (R, k // 2, H, 2 C)
    bias2: Array  # (R, 2 C)
    condition: Array  # (R, condition channels, 2 C)
    key1: Array  # (B, K, C)
    key1_bias: Array
    key2: Array  # (B, C, 2 K)
    key2_bias: Array
    query1: Array  # (B, Q, C)
    query1_bias: Array
    query2: Array  # (B, C, 2 Q)
    query2_bias: Array
    query: Array  # (B, s, Q, A): the last of the s taps is the newest position
    query_bias: Array
    key: Array  # (B, s, K, A)
    key_bias: Array
    value: Array  # (B, s, K, A)
    value_bias: Array
    spread: Array  # (B, A, 2 s, A): what a coarse result adds to the next 2 s positions; else empty
    spread_bias: Array
    output1: Array  # (B, C, C)
    auxiliary: Array  # (B, A, C)
    output1_bias: Array  # of both
    output2: Array  # (B, C, 2 C)
    output2_bias: Array
    tail1: Array  # (E, C, H)
    tail1_bias: Array
    tail2: Array  # (E, H, 2 C)
    tail2_bias: Array
    logits: Array  # (C, V)
    logits_bias: Array
    coordinates: Array  # (height x width, 2)

    @classmethod
    def of(cls, model: PixelSNAIL, device: torch.device | str = "cpu") -> "Weights[Tensor]":
        """A copy of the model's weights, which may be in any precision and on any device."""
        with torch.no_grad():
            return Weights(*(x.to(device, torch.float32, copy=True).contiguous() for x in _weights(model)))


def _weights(model: PixelSNAIL) -> Weights[Tensor]:
    preset, layers = model.preset, _Layers(folded_state(model))
    blocks = [f"blocks.{number}" for number in range(preset.blocks)]
    residuals = [f"{block}.residuals.{number}" for block in blocks for number in range(preset.residual_blocks)]
    outputs = layers.gated([f"{block}.output_residual" for block in blocks])
    auxiliary = [f"{block}.output_residual.auxiliary" for block in blocks]
    tail = [f"output.{number}" for number in range(preset.output_residual_blocks)]
    tables = layers.state["input.tables"]
    return Weights(
        tables=torch.cat([tables, torch.zeros_like(tables[:, :1])], dim=1),
        input_bias=layers.state["input.bias"],
        **layers.causal([f"{residual}.conv1" for residual in residuals], "1"),
        **layers.causal([f"{residual}.conv2" for residual in residuals], "2"),
        condition=layers.conditions(residuals, preset.control_channels > 0),
        **layers.gated([f"{block}.key_residual" for block in blocks], "key"),
        **layers.gated([f"{block}.query_residual" for block in blocks], "query"),
        **layers.taps([f"{block}.attention.query" for block in blocks], "query"),
        **layers.taps([f"{block}.attention.key" for block in blocks], "key"),
        **layers.taps([f"{block}.attention.value" for block in blocks], "value"),
        **layers.spread([f"{block}.attention" for block in blocks], preset.zen_factor > 1),
        output1=outputs["1"],
        auxiliary=layers.matrices(auxiliary),
        output1_bias=outputs["1_bias"] + layers.stack(auxiliary, "bias"),
        output2=outputs["2"],
        output2_bias=outputs["2_bias"],
        **(layers.gated(tail, "tail") if tail else _no_tail(preset.channels, preset.residual_channels)),
        logits=layers.matrices(["logits"])[0],
        logits_bias=layers.state["logits.bias"],
        coordinates=model.coordinates[0].flatten(1).T,
    )


def _no_tail(channels: int, hidden: int) -> dict[str, Tensor]:
    """The weights of no residual block at the output."""
    shapes = {"1": (channels, hidden), "1_bias": (hidden,), "2": (hidden, 2 * channels), "2_bias": (2 * channels,)}
    return {f"tail{name}": torch.zeros(0, *shape) for name, shape in shapes.items()}


@dataclass(frozen=True)
class _Layers:
    """A model's state by name; layers that are alike, given by their names, are stacked."""

    state: dict[str, Tensor]

    def stack(self, names: list[str], parameter: str = "weight") -> Tensor:
        return torch.stack([self.state[f"{name}.{parameter}"] for name in names])

    def matrices(self, names: list[str]) -> Tensor:
        """1x1 convolutions as matrices (layers, inputs, outputs)."""
        return self.stack(names)[..., 0, 0].mT

    def conditions(self, residuals: list[str], with_controls: bool) -> Tensor:
        """Of the class and, below it, of the controls: both are channels of one condition."""
        parts = ("condition", "controls") if with_controls else ("condition",)
        return torch.cat([self.matrices([f"{name}.{part}" for name in residuals]) for part in parts], dim=1)

    def gated(self, names: list[str], title: str = "") -> dict[str, Tensor]:
        """Both 1x1 layers of gated residuals."""
        convolutions = {number: [f"{name}.conv{number}" for name in names] for number in (1, 2)}
        return {
            **{f"{title}{number}": self.matrices(layers) for number, layers in convolutions.items()},
            **{f"{title}{number}_bias": self.stack(layers, "bias") for number, layers in convolutions.items()},
        }

    def causal(self, names: list[str], title: str) -> dict[str, Tensor]:
        """Both parts of causal convolutions: what is above a code, and what is left of it."""
        return {
            f"above{title}": torch.stack([_at_points(self.state[f"{name}.above.weight"]) for name in names]),
            f"left{title}": self.stack([f"{name}.left" for name in names])[:, :, :, 0].permute(0, 3, 2, 1),
            f"bias{title}": self.stack([f"{name}.above" for name in names], "bias"),
        }

    def taps(self, names: list[str], title: str) -> dict[str, Tensor]:
        """Strided convolutions as (layers, taps, inputs, outputs); a linear layer is one with a single tap."""
        weights = self.stack(names)
        weights = weights if weights.ndim == 4 else weights.unsqueeze(-1)
        return {title: weights.permute(0, 3, 2, 1), f"{title}_bias": self.stack(names, "bias")}

    def spread(self, names: list[str], zen: bool) -> dict[str, Tensor]:
        """What spreads coarse results in zen mode; empty without."""
        if not zen:
            no_bias = torch.zeros_like(self.stack(names, "value.bias"))
            return {"spread": torch.zeros(len(names), 0, 0, 0), "spread_bias": no_bias}
        weights = self.stack(names, "spread.weight").permute(0, 1, 3, 2)
        return {"spread": weights, "spread_bias": self.stack(names, "spread.bias")}


def _at_points(weight: Tensor) -> Tensor:
    """(outputs, inputs, rows, taps) to (points, rows, inputs, outputs)."""
    tap_points = torch.from_numpy(filtering(weight.shape[3]).tap_points).to(weight.device)
    return torch.einsum("oirt,pt->prio", weight.double(), tap_points).float()
