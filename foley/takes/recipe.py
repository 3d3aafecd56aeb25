"""The recipe of a take: all that it takes to have the very same samples again, as words that a sound file carries."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foley.audio.metadata import Tags, read_recipe
from foley.categories import Category
from foley.sampling.noise import check_seed
from foley.sampling.settings import SamplingSettings

FORMAT = 1
LARGEST = 2**16  # codes are kept in two bytes


class RecipeError(ValueError):
    """A file without a usable recipe; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Recipe:
    """What made a take. `codes` (rows, frames) are kept themselves: an edit needs no history to be repeated.

    `noise_seed` gives the vocoder's noise, `edits` tell in words what was done, `title` is the name somebody gave it,
    `export` holds the settings under which the file was written (`foley.takes.export`), empty for the take as it is.
    """

    category: Category
    seed: int
    noise_seed: int
    temperature: float
    top_k: int
    top_p: float
    model: str
    licence: str
    codes: Tensor
    edits: tuple[str, ...] = ()
    title: str = ""
    export: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """All but the codes, as plain values."""
        values = {name: value for name, value in asdict(self).items() if name != "codes"}
        return {**values, "category": self.category.name, "edits": list(self.edits)}

    def with_export(self, export: dict[str, Any], title: str = "") -> "Recipe":
        """The same recipe for a file written under export settings, with the name that the take was given."""
        return replace(self, export=export, title=title)

    def to_json(self) -> str:
        codes = self.codes.numpy().astype("<u2")
        grid = {"shape": list(codes.shape), "data": base64.b64encode(codes.tobytes()).decode()}
        return json.dumps({"format": FORMAT, **self.settings, "codes": grid})

    @classmethod
    def from_json(cls, text: str, name: str = "The recipe") -> "Recipe":
        """The recipe written by `to_json`. Raises RecipeError when it is none."""
        try:
            data = json.loads(text)
            if data.pop("format") != FORMAT:
                raise RecipeError(f"{name} was written by a newer foley studio: bring this one up to date.")
            grid = data.pop("codes")
            codes = np.frombuffer(base64.b64decode(grid["data"], validate=True), "<u2").reshape(grid["shape"])
            if codes.ndim != 2 or not codes.size:
                raise ValueError
            SamplingSettings(float(data["temperature"]), int(data["top_k"]), float(data["top_p"]))
            return cls(
                category=Category.parse(data["category"]),
                seed=check_seed(data["seed"]),
                noise_seed=check_seed(data["noise_seed"]),
                temperature=float(data["temperature"]),
                top_k=int(data["top_k"]),
                top_p=float(data["top_p"]),
                model=str(data["model"]),
                licence=str(data["licence"]),
                codes=torch.from_numpy(codes.astype(np.int64)),
                edits=tuple(str(words) for words in data["edits"]),
                title=str(data["title"]),
                export=dict(data["export"]),
            )
        except RecipeError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            raise RecipeError(f"{name} holds a recipe that cannot be read: it was changed or cut off.") from None

    @classmethod
    def read(cls, path: str | Path) -> "Recipe":
        """The recipe inside a WAV or FLAC file. Raises RecipeError when there is none."""
        path = Path(path)
        if not path.is_file():
            raise RecipeError(f"{path} is not there: check the name of the file.")
        text = read_recipe(path)
        if not text:
            raise RecipeError(f"{path.name} carries no recipe: only WAV and FLAC files from foley studio do.")
        return cls.from_json(text, path.name)

    def tags(self, loops: bool = False) -> Tags:
        """The recipe as tags of a sound file, with words for people beside it."""
        words = [f"{self.category.title}, seed {self.seed}, temperature {self.temperature:.2f}", *self.edits]
        return Tags(
            title=self.title or f"{self.category.title} {self.seed}",
            description=f"{'; '.join(words)}; model {self.model}; licence of the model: {self.licence}",
            licence=self.licence,
            category=self.category.ucs,
            recipe=self.to_json(),
            loops=loops,
        )
