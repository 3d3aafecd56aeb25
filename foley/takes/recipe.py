"""The recipe of a take: all that it takes to have the very same samples again, as words that a sound file carries."""

import base64
import binascii
import json
import math
import os
from dataclasses import asdict, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import from_json
from torch import Tensor

from foley.audio.embedded import read_recipe
from foley.audio.metadata import Tags, plain_text, rights_sentence
from foley.categories import Category
from foley.conditions.asked import Asked, Knobs
from foley.conditions.knobs import USUAL_ROWS
from foley.sampling.noise import check_seed
from foley.sampling.settings import SamplingSettings
from foley.system.files import shown
from foley.system.validation import first_problem

FORMAT = 1
LARGEST = 2**16  # codes are kept in two bytes
MOST_ROWS, MOST_FRAMES = 1024, 4096  # of codes: 30 s have some 560 frames, 2,600 in the finest grid
MOST_EDITS = 1000


class RecipeError(ValueError):
    """A file without a usable recipe; the message says which, why, and what to do."""


def _codes(grid: Any) -> Tensor:
    """Codes (rows, frames), given as a tensor or as `to_json` writes them."""
    if isinstance(grid, Tensor):
        codes = grid
    elif isinstance(grid, dict):
        shape, data = grid.get("shape"), grid.get("data")
        if not (isinstance(shape, list) and isinstance(data, str) and all(type(size) is int for size in shape)):
            raise ValueError("they need a shape and data")
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("they are no base64") from None
        if len(shape) != 2 or min(shape) < 1 or math.prod(shape) * 2 != len(content):
            raise ValueError("their number does not fit their shape")
        codes = torch.from_numpy(np.frombuffer(content, "<u2").reshape(shape).astype(np.int64))
    else:
        raise ValueError("they are no grid")
    if codes.dim() != 2 or not codes.numel():
        raise ValueError("they are no grid of rows and frames")
    if codes.shape[0] > MOST_ROWS or codes.shape[1] > MOST_FRAMES:
        raise ValueError(f"they have {codes.shape[0]} rows and {codes.shape[1]} frames, too many for 30 s of sound")
    return codes


Text = Annotated[str, StringConstraints(max_length=500), AfterValidator(plain_text)]
Seed = Annotated[int, BeforeValidator(check_seed)]


@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Recipe:
    """What made a take. `codes` (rows, frames) are kept themselves: an edit needs no history to be repeated.

    `noise_seed` gives the vocoder's noise, `edits` tell in words what was done, `title` is the name somebody gave it,
    `asked` is what it was asked for beside its class, `drawn` are knobs that nobody asked for, which it got as
    recordings of its class have them, `contour_of` likewise which of the model's usual contours it follows,
    `samples` is how long the sound is where its last code reaches further, `export`
    holds the settings under which the file was written (`foley.takes.export`), empty for the take as it is.
    Raises ValueError for values that cannot be.
    """

    category: Annotated[Category, BeforeValidator(Category.parse)]
    seed: Seed
    noise_seed: Seed
    temperature: float
    top_k: int
    top_p: float
    model: Text
    licence: Text
    codes: Annotated[Tensor, BeforeValidator(_codes)]
    edits: Annotated[tuple[Text, ...], Field(max_length=MOST_EDITS)] = ()
    title: Text = ""
    export: Annotated[dict[Text, bool | int | float | Text], Field(max_length=50)] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)
    drawn: Knobs = field(default_factory=dict)
    contour_of: Annotated[int, Field(ge=0, lt=USUAL_ROWS)] | None = None
    samples: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _can_be_sampled(self) -> "Recipe":
        _ = self.sampling
        return self

    @property
    def sampling(self) -> SamplingSettings:
        """How its codes were drawn."""
        return SamplingSettings(self.temperature, self.top_k, self.top_p)

    @property
    def settings(self) -> dict[str, Any]:
        """All but the codes, as plain values."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "codes"}
        del values["asked"]
        seldom = {name: values.pop(name) for name in ("drawn", "contour_of", "samples")}
        given = {name: value for name, value in seldom.items() if value not in ({}, None)}
        asked = {"asked": asdict(self.asked)} if self.asked else {}
        return {**values, "category": self.category.name, "edits": list(self.edits), **asked, **given}

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
            data = from_json(text)  # of bounded depth
            if data.get("format") != FORMAT:
                raise RecipeError(f"{name} was written by another version of foley studio: bring this one up to date.")
            return _RECIPE.validate_python(data)
        except RecipeError:
            raise
        except ValidationError as error:
            raise RecipeError(f"{name} holds a recipe that cannot be used: {first_problem(error)}.") from None
        except (ValueError, TypeError, AttributeError):
            raise RecipeError(f"{name} holds a recipe that cannot be read: it was changed or cut off.") from None

    @classmethod
    def read(cls, path: str | Path) -> "Recipe":
        """The recipe inside a WAV or FLAC file. Raises RecipeError when there is none."""
        path = Path(path)
        if not os.path.isfile(path):
            raise RecipeError(f"{shown(path, whole=True)} is not there: check the name of the file.")
        text = read_recipe(path)
        name = shown(path)
        if not text:
            raise RecipeError(f"{name} carries no recipe: only WAV and FLAC files from foley studio do.")
        return cls.from_json(text, name)

    def is_in(self, path: Path) -> bool:
        """Whether a file holds this very recipe, whenever it was written."""
        try:
            return Recipe.read(path).to_json() == self.to_json()
        except RecipeError:
            return False

    def tags(self, loops: bool = False, made: datetime | None = None) -> Tags:
        """The recipe as tags of a sound file made at a local time, with words for people beside it."""
        rights = rights_sentence(self.licence)
        words = [f"{self.category.title}, seed {self.seed}, temperature {self.temperature:.2f}", *self.edits]
        return Tags(
            title=self.title or f"{self.category.title} {self.seed}",
            description=f"{'; '.join(words)}; model {self.model}. {rights}",
            rights=rights,
            category=self.category.ucs,
            recipe=self.to_json(),
            loops=loops,
            made=made,
        )


_RECIPE = TypeAdapter(Recipe)
