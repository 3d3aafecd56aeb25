"""What the sampler keeps between codes: one definition for every backend."""

from typing import Generic, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from foley.sampling.state import SamplingState
from foley.sampling.weights import Array, Weights
from foley.sampling.winograd import filtering


class Caches(NamedTuple, Generic[Array]):
    """Tensors or arrays for N takes of a grid (height, width); the other letters are those of `Weights`.

    `features` and `hidden` are what the causal convolutions of the R residual blocks read, after their ELU: of the
    row being sampled, with zeros at both ends up to the padded width, that of its tiles and 2 (k // 2) more. Of the
    k - 1 rows above they are kept at the points of the `winograd` filtering, row i in place i modulo k - 1. `above1`,
    `above2` and `start` are what this row takes from the rows above, bias and condition included.

    Keys and values are those of the T = height x width positions, or one for every s positions in zen mode. They
    are made of the `key_inputs` of the newest s positions: features before the block, after its causal part, and
    coordinates. In zen mode `spread_now` is what coarse results add to the s positions from the newest coarse one on,
    `spread_next` to the s after.
    """

    codes: Array  # (N, k // 2 + height, width + 2 (k // 2)) int64; code V where there is none (yet)
    condition: Array  # (N, height or 1, width or 1, condition channels)
    start: Array  # (N, width, C)
    features: Array  # (R, N, padded width, C)
    hidden: Array  # (R, N, padded width, H)
    features_above: Array  # (R, k - 1, points, N x tiles, C)
    hidden_above: Array  # (R, k - 1, points, N x tiles, H)
    above1: Array  # (R, N, tiles x outputs, H)
    above2: Array  # (R, N, tiles x outputs, 2 C)
    keys: Array  # (B, N, A, T)
    values: Array  # (B, N, A, T)
    key_inputs: Array  # (B, N, s, K)
    spread_now: Array  # (B, N, s, A)
    spread_next: Array  # (B, N, s, A)

    @classmethod
    def of(
        cls, state: SamplingState, weights: Weights[Tensor], device: torch.device | str, multiple: int = 1
    ) -> "Caches[Tensor]":
        """Caches before the first code, for weights of these shapes; above1 and above2 are padded to a multiple."""
        takes, height, width = state.codes.shape
        residuals, points, up, channels, hidden = weights.above1.shape
        kernel, half = up + 1, up // 2
        tiles, outputs = filtering(kernel).tiles(width), filtering(kernel).outputs
        blocks, factor, _, attention = weights.query.shape
        positions = -(-height * width // factor)
        padded = tiles * outputs + 2 * half
        shapes = {
            "start": (takes, width, channels),
            "features": (residuals, takes, padded, channels),
            "hidden": (residuals, takes, padded, hidden),
            "features_above": (residuals, up, points, takes * tiles, channels),
            "hidden_above": (residuals, up, points, takes * tiles, hidden),
            "above1": (residuals, takes, tiles * outputs, -(-hidden // multiple) * multiple),
            "above2": (residuals, takes, tiles * outputs, -(-2 * channels // multiple) * multiple),
            "keys": (blocks, takes, attention, positions),
            "values": (blocks, takes, attention, positions),
            "key_inputs": (blocks, takes, factor, weights.key.shape[2]),
            "spread_now": (blocks, takes, factor, attention),
            "spread_next": (blocks, takes, factor, attention),
        }
        return Caches(
            codes=F.pad(state.known, (half, half, half, 0), value=state.codebook_size).to(device),
            condition=state.condition.to(device).contiguous(),
            **{name: torch.zeros(shape, device=device) for name, shape in shapes.items()},
        )
