"""Which way of sampling runs here."""

import importlib.util
from collections.abc import Generator
from typing import Protocol

import torch

from foley.models.prior import Prior
from foley.models.vq_diffusion import VQDiffusion
from foley.sampling.backends.diffusion import DiffusionBackend
from foley.sampling.backends.torch_backend import TorchBackend
from foley.sampling.state import SamplingState
from foley.sampling.weights import Weights


class SamplerBackend(Protocol):
    """A way of sampling."""

    def run(self, state: SamplingState) -> Generator[int]:
        """Fill in the codes; yields the number of positions done, every few hundredths of a second."""
        ...


def make_backend(model: Prior, name: str) -> SamplerBackend:
    """The backend of that name with the model's weights; `auto` takes the fastest for the model's device.

    Raises ValueError when there is no such backend and RuntimeError when it cannot run here.
    """
    if isinstance(model, VQDiffusion):
        if name not in ("auto", "torch"):
            raise RuntimeError(f"A diffusion prior is sampled by torch alone: choose auto or torch, not {name}.")
        return DiffusionBackend(model)
    device, heads = next(model.parameters()).device, model.preset.heads
    has_numba = importlib.util.find_spec("numba") is not None
    if name == "auto":
        name = "cuda" if device.type == "cuda" else "compiled" if device.type == "cpu" and has_numba else "torch"
    if name == "torch":
        return TorchBackend(Weights.of(model, device), heads)
    if name == "compiled":
        if not has_numba:
            raise RuntimeError("The compiled sampler needs numba, which is not installed: pip install numba.")
        from foley.sampling.backends.cpu import CpuBackend

        return CpuBackend(Weights.of(model), heads)
    if name == "cuda":
        if not torch.cuda.is_available():
            raise RuntimeError("The cuda sampler needs an NVIDIA GPU, and torch finds none here.")
        from foley.sampling.backends.cuda_graphs import CudaGraphBackend

        return CudaGraphBackend(Weights.of(model, device if device.type == "cuda" else "cuda"), heads)
    raise ValueError(f"There is no sampler {name!r}: choose one of auto, compiled, torch, cuda.")
