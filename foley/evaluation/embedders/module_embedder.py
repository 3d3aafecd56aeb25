"""What makes an embedder of a network: checking, resampling, batches, and a fingerprint of its weights."""

import hashlib

import numpy as np
import torch
from torch import Tensor, nn

from foley.evaluation.embedders import waveforms as wave

BATCH_SIZE = 16
"""Clips that go through a network at a time: what bounds its memory."""


class ModuleEmbedder:
    """An `Embedder` round a module: (batch, samples) at `input_rate` Hz to (batch, windows, dimension)."""

    def __init__(self, name: str, module: nn.Module, *, input_rate: int, dimension: int) -> None:
        self.name = name
        self.dimension = dimension
        self.input_rate = input_rate
        self.module = module.eval().requires_grad_(False)
        self.fingerprint = _hash_of(module, name, input_rate)

    @torch.inference_mode()
    def embed(self, waveforms: Tensor, sample_rate: int) -> np.ndarray:
        """(batch, samples) at `sample_rate` Hz to float32 (batch, windows, dimension).

        Raises ValueError when the waveforms are not a finite, non-empty (batch, samples) tensor.
        """
        wave.check(waveforms, sample_rate)
        device = next(self.module.parameters()).device
        embedded = []
        for clips in waveforms.split(BATCH_SIZE):
            clips = wave.resample(clips.to(device, torch.float32), sample_rate, self.input_rate)
            embedded.append(self.module(clips).cpu().numpy())
        return np.concatenate(embedded)


def _hash_of(module: nn.Module, *settings: object) -> str:
    """A short hash of a module's weights, its configuration (`config`, if it has one) and `settings`."""
    digest = hashlib.sha256(repr((settings, getattr(module, "config", None))).encode())
    for key, tensor in sorted(module.state_dict().items()):
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
