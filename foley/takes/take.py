"""What comes out of the pipeline: takes, and reconstructions of recordings, each with all that made it."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from torch import Tensor

from foley.audio.files import peak_dbfs, sound_bytes
from foley.audio.loudness import is_nearly_silent, loudness_lufs
from foley.categories import Category
from foley.system.files import cut_to_bytes, write_new
from foley.takes.edits import last_edit, source_of
from foley.takes.recipe import Recipe

MOST_WORDS_BYTES = 100  # in a file's name


@dataclass(frozen=True)
class Take:
    """A new sound: `waveform` (samples,), its `cembed` (rows, frames) standardised, and the `recipe` that made it.

    The same recipe with the same model gives the same take, in whatever batch.
    """

    waveform: Tensor
    sample_rate: int
    cembed: Tensor
    recipe: Recipe

    @property
    def category(self) -> Category:
        return self.recipe.category

    @property
    def seed(self) -> int:
        return self.recipe.seed

    @property
    def codes(self) -> Tensor:
        """Of shape (rows, frames)."""
        return self.recipe.codes

    @property
    def duration_s(self) -> float:
        return self.waveform.shape[0] / self.sample_rate

    @property
    def is_nearly_silent(self) -> bool:
        """Whether there is as good as nothing to be heard in it."""
        return is_nearly_silent(loudness_lufs(self.waveform, self.sample_rate), peak_dbfs(self.waveform))

    @property
    def file_name(self) -> str:
        """A name that says class, seed and temperature, and what was done: `DogBark_seed7_t0.90_sibling-0.30.wav`."""
        edit, source = last_edit(self.recipe.edits), Path(source_of(self.recipe.edits)).stem
        words = re.sub(r"[^\w.]+", "-", " ".join(filter(None, (edit, source and f"from {source}"))))
        what = cut_to_bytes(words, MOST_WORDS_BYTES).strip("-.")
        stem = f"{self.category.name}_seed{self.seed}_t{self.recipe.temperature:.2f}"
        return f"{stem}{'_' * bool(what)}{what}.wav"

    def save(self, folder_or_file: str | Path, made: datetime | None = None) -> Path:
        """Write the take with its recipe inside, 24-bit, into a folder under its own name or as the WAV or FLAC named.

        `made` is the time that the file tells, now when not given. Nothing is overwritten: where there is another file
        of that name, a number is added; a file that holds this very take counts as written. Returns the path.
        """
        path = Path(folder_or_file)
        if not re.fullmatch(r"\.(wav|flac)", path.suffix, re.IGNORECASE):
            path = path / self.file_name
        tags = self.recipe.tags(made=made or datetime.now())
        data = sound_bytes(self.waveform, self.sample_rate, path.suffix, tags=tags)
        return write_new(path, data, self.recipe.is_in)


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
