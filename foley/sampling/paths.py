"""Which way of sampling runs here."""

import importlib.util
from collections.abc import Iterator
from typing import Protocol

import torch

from foley.models.pixelsnail import PixelSNAIL
from foley.sampling.draft import Draft
from foley.sampling.incremental import TorchPath
from foley.sampling.weights import Weights


class Path(Protocol):
    """A way of sampling."""

    def run(self, draft: Draft) -> Iterator[int]:
        """Fill in the draft's codes; yields the number of positions done, every few hundredths of a second."""
        ...


def make_path(model: PixelSNAIL, name: str) -> Path:
    """The path of that name with the model's weights; `auto` takes the fastest for the model's device.

    Raises ValueError when there is no such path and RuntimeError when it cannot run here.
    """
    device, heads = next(model.parameters()).device, model.preset.heads
    has_numba = importlib.util.find_spec("numba") is not None
    if name == "auto":
        name = "cuda" if device.type == "cuda" else "compiled" if device.type == "cpu" and has_numba else "torch"
    if name == "torch":
        return TorchPath(Weights.of(model, device), heads)
    if name == "compiled":
        if not has_numba:
            raise RuntimeError("The compiled sampler needs numba, which is not installed: pip install numba.")
        from foley.sampling.compiled import CompiledPath

        return CompiledPath(Weights.of(model), heads)
    if name == "cuda":
        if not torch.cuda.is_available():
            raise RuntimeError("The cuda sampler needs an NVIDIA GPU, and torch finds none here.")
        from foley.sampling.graphs import GraphPath

        return GraphPath(Weights.of(model, device if device.type == "cuda" else "cuda"), heads)
    raise ValueError(f"There is no sampler {name!r}: choose one of auto, compiled, torch, cuda.")
