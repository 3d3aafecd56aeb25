"""One interface for the networks that turn sounds into embeddings, and a cache in front of any of them."""

import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from foley.evaluation.embedders import aisfx, vggish
from foley.evaluation.embedders import waveforms as wave
from foley.system.files import replacing

NAMES = (aisfx.NAME, *vggish.FLAVOURS)


class Embedder(Protocol):
    """What turns waveforms into embeddings.

    `name` is what a report prints, `dimension` the length of one embedding. `fingerprint` changes whenever
    the same waveform would give another embedding (other weights, other settings): caches are keyed by it.
    """

    name: str
    dimension: int
    fingerprint: str

    def embed(self, waveforms: Tensor, sample_rate: int) -> np.ndarray:
        """(batch, samples) at `sample_rate` Hz to float32 (batch, windows, dimension).

        Raises ValueError when the waveforms are not a finite, non-empty (batch, samples) tensor.
        """
        ...


class CachedEmbedder:
    """An `Embedder` that keeps what another one computed in `folder`, a file for each waveform.

    The file's name is the hash of the samples, the sample rate and the embedder's fingerprint: a renamed
    recording is found again, a changed one is not. Files appear whole (written under a temporary name, then
    renamed), so several processes may share a folder; one that cannot be read is computed anew.
    """

    def __init__(self, embedder: Embedder, folder: str | Path) -> None:
        self.embedder = embedder
        self.name = embedder.name
        self.dimension = embedder.dimension
        self.fingerprint = embedder.fingerprint
        self.folder = Path(folder) / embedder.name
        self.folder.mkdir(parents=True, exist_ok=True)

    def embed(self, waveforms: Tensor, sample_rate: int) -> np.ndarray:
        """See `Embedder.embed`. Only clips that are not in the cache reach the network."""
        wave.check(waveforms, sample_rate)
        paths = [self._path(waveform, sample_rate) for waveform in waveforms]
        found = [self._read(path) for path in paths]
        missing = [index for index, embedding in enumerate(found) if embedding is None]
        if missing:
            computed = self.embedder.embed(waveforms[missing], sample_rate)
            for index, embedding in zip(missing, computed, strict=True):
                found[index] = embedding
                with replacing(paths[index]) as temporary, temporary.open("wb") as file:
                    np.save(file, embedding, allow_pickle=False)
        return np.stack(found)  # pyright: ignore[reportCallIssue, reportArgumentType]  none is missing by now

    def _path(self, waveform: Tensor, sample_rate: int) -> Path:
        samples = waveform.detach().cpu().contiguous().numpy()
        digest = hashlib.sha256(f"{self.fingerprint} {sample_rate} {samples.dtype} ".encode())
        digest.update(samples.tobytes())
        return self.folder / f"{digest.hexdigest()[:40]}.npy"

    def _read(self, path: Path) -> np.ndarray | None:
        try:
            embedding = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return embedding if embedding.ndim == 2 and embedding.shape[1] == self.dimension else None


def load_embedder(
    name: str = aisfx.NAME,
    *,
    weights: str | Path | None = None,
    cache: str | Path | None = None,
    device: str | torch.device = "cpu",
) -> Embedder:
    """The embedder called `name`, one of `NAMES`.

    `weights` is a folder for `aisfx` (`config.json` and `model.safetensors`) and a file for VGGish
    (`.safetensors`, or the `.pth` of torchvggish). Without it aiSFX is read from the shipped folder and
    VGGish from the web. With `cache`, a folder, embeddings are kept there.

    Raises ValueError for an unknown name, CheckpointError when the weights cannot be had or used.
    """
    if name == aisfx.NAME:
        embedder: Embedder = aisfx.load(weights, device=device)
    elif name in vggish.FLAVOURS:
        embedder = vggish.load(name, weights, device=device)
    else:
        raise ValueError(f"There is no embedder {name!r}: choose one of {', '.join(NAMES)}.")
    return CachedEmbedder(embedder, cache) if cache is not None else embedder
