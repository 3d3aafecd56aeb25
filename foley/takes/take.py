"""What comes out of the pipeline: takes, and reconstructions of recordings, each with all that made it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from foley.audio.files import sound_bytes
from foley.categories import Category
from foley.system.files import write_new
from foley.takes.recipe import Recipe

# what a take and its recipe both hold
MADE_BY = (
    "category", "seed", "noise_seed", "temperature", "top_k", "top_p", "model", "licence", "codes", "edits",
)  # fmt: skip


@dataclass(frozen=True)
class Take:
    """A new sound: `waveform` (samples,), `codes` (rows, frames), `cembed` (rows, frames) standardised, and its recipe.

    The same recipe with the same model gives the same take, in whatever batch.
    """

    waveform: Tensor
    sample_rate: int
    codes: Tensor
    cembed: Tensor
    category: Category
    seed: int
    temperature: float
    top_k: int
    top_p: float
    model: str
    noise_seed: int  # of the vocoder's noise: an edit keeps that of its take, so that what it leaves alone stays
    licence: str = ""  # of the model
    edits: tuple[str, ...] = ()  # in words, one after the other

    @property
    def duration_s(self) -> float:
        return self.waveform.shape[0] / self.sample_rate

    @property
    def made_by(self) -> Recipe:
        """What it takes to make this sound again."""
        return Recipe(**{name: getattr(self, name) for name in MADE_BY})

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe without the codes, as plain values."""
        return {name: value for name, value in self.made_by.settings.items() if name not in ("title", "export")}

    @property
    def file_name(self) -> str:
        """A name that says class, seed and temperature: `DogBark_seed7_t0.90.wav`."""
        return f"{self.category.name}_seed{self.seed}_t{self.temperature:.2f}.wav"

    def save(self, folder_or_file: str | Path) -> Path:
        """Write the take with its recipe inside, 24-bit, into a folder under its own name or as the WAV or FLAC named.

        Nothing is overwritten: where there is another file of that name, a number is added. Returns the path.
        """
        path = Path(folder_or_file)
        if not re.fullmatch(r"\.(wav|flac)", path.suffix, re.IGNORECASE):
            path = path / self.file_name
        return write_new(path, sound_bytes(self.waveform, self.sample_rate, path.suffix, tags=self.made_by.tags()))


@dataclass(frozen=True)
class Reconstruction:
    """A recording through the whole chain and back, with every stop on the way.

    `original` and `waveform` (samples,); `cembed` and `decoded` (rows, frames) standardised, before and after the
    codebook; `codes` (rows, frames); `class_shares` of the class head, by category, or empty without one.
    """

    original: Tensor
    waveform: Tensor
    sample_rate: int
    cembed: Tensor
    decoded: Tensor
    codes: Tensor
    class_shares: dict[Category, float]
    log_mel_l1: float  # between the log-mels of original and output, natural logarithm

    def save(self, path: str | Path) -> Path:
        """Write the reconstructed sound, 24-bit; never over another file, as `Take.save`. Returns the path."""
        path = Path(path)
        return write_new(path, sound_bytes(self.waveform, self.sample_rate, path.suffix))
