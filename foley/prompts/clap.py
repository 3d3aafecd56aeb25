"""CLAP, where the user has it: a network that hears sounds and reads words, to rank takes by any words at all.

It is not part of the studio and never fetched unasked: name a local folder or a name on the Hugging Face hub. Its
licence is its makers' (LAION's `clap-htsat-unfused` states Apache-2.0).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchaudio.functional
from torch import Tensor

from foley.checkpoints import read_licence


class ClapError(ValueError):
    """A CLAP that cannot be used; the message says which, and what to do."""


class Clap:
    """Similarities of sounds and words by transformers' `ClapModel`, with its processor.

    `name` is where it came from, `licence` what its model card states.
    """

    def __init__(self, model: Any, processor: Any, name: str, licence: str):
        self.model, self.processor, self.name, self.licence = model.eval(), processor, name, licence

    @classmethod
    def load(cls, folder_or_hub_name: str | Path, allow_download: bool = False) -> "Clap":
        """A CLAP from a local folder, or from the hub where that is allowed.

        Raises ClapError when it is not there or is none.
        """
        from transformers import ClapModel, ClapProcessor  # imported here: loading it takes seconds

        folder, name = Path(folder_or_hub_name), str(folder_or_hub_name)
        if not folder.is_dir() and not allow_download:
            raise ClapError(
                f"{name} is no folder here: name one with a CLAP model, or allow its download (--clap-download)."
            )
        try:
            model = ClapModel.from_pretrained(name, local_files_only=not allow_download)
            processor = ClapProcessor.from_pretrained(name, local_files_only=not allow_download)
        except Exception as error:  # transformers raises many kinds
            raise ClapError(f"{name} holds no CLAP model that can be read ({type(error).__name__}).") from None
        return cls(model, processor, folder.name if folder.is_dir() else name, _licence(name, folder, allow_download))

    @property
    def sample_rate(self) -> int:
        return self.processor.feature_extractor.sampling_rate

    @torch.inference_mode()
    def hear(self, waveforms: Sequence[Tensor], sample_rate: int) -> np.ndarray:
        """Embeddings (sounds, dimension) of length 1 of waveforms (samples,) at `sample_rate` Hz."""
        arrays = [
            torchaudio.functional.resample(waveform.float(), sample_rate, self.sample_rate).numpy()
            for waveform in waveforms
        ]
        inputs = self.processor(audio=arrays, sampling_rate=self.sample_rate, return_tensors="pt")
        return _unit(self.model.get_audio_features(**inputs))

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings (texts, dimension) of length 1 of sentences."""
        inputs = self.processor(text=list(texts), return_tensors="pt", padding=True, truncation=True)
        return _unit(self.model.get_text_features(**inputs))

    def closeness(self, waveforms: Sequence[Tensor], sample_rate: int, text: str) -> np.ndarray:
        """How near sounds come to a sentence, from -1 to 1: (sounds,)."""
        return self.hear(waveforms, sample_rate) @ self.read([text])[0]


def _unit(features: Any) -> np.ndarray:
    pooled = features if isinstance(features, Tensor) else features.pooler_output
    return torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()


def _licence(name: str, folder: Path, allow_download: bool) -> str:
    if folder.is_dir():
        return read_licence(folder)
    if not allow_download:
        return "not stated"
    try:
        from huggingface_hub import hf_hub_download

        return read_licence(Path(hf_hub_download(name, "README.md")).parent)
    except Exception:  # a card is no condition
        return "not stated"
