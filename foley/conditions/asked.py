"""What a take is asked for beside its class, as people and recipes say it: knobs from 0 to 1, and a contour."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

import numpy as np
import torch
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from foley.conditions.contour import ANY, Contour, level_bins, onset_bins
from foley.conditions.controls import Controls, knob_bins
from foley.conditions.knobs import KNOBS
from foley.system.validation import first_problem

MOST_COLUMNS = 4096


def _known(knobs: dict[str, float]) -> dict[str, float]:
    if unknown := knobs.keys() - set(KNOBS):
        raise ValueError(f"there is no knob {min(unknown)!r}: choose among {', '.join(KNOBS)}")
    return knobs


Knob = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Knobs = Annotated[dict[str, Knob], Field(max_length=len(KNOBS)), AfterValidator(_known)]
Level = Annotated[float, Field(ge=-200, le=20, allow_inf_nan=False)]
Place = Annotated[float, Field(ge=-1, lt=1, allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Asked:
    """Knobs, levels and onsets; what is left out comes as it comes. Raises ValueError for what cannot be.

    Attributes:
        knobs: by name, from 0 to 1 where 0.5 is what is usual of the class.
        level_db: how loud each column of codes is, RMS in dBFS; None for any. Columns that are not there may be any.
        onset: where in each column a sound begins, 0 up to 1; -1 where none does, None for any.
    """

    knobs: Knobs = field(default_factory=dict)
    level_db: Annotated[tuple[Level | None, ...], Field(max_length=MOST_COLUMNS)] = ()
    onset: Annotated[tuple[Place | None, ...], Field(max_length=MOST_COLUMNS)] = ()

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.knobs or self.has_contour)

    @property
    def has_contour(self) -> bool:
        """Whether a level or an onset is asked for anywhere."""
        return any(value is not None for value in (*self.level_db, *self.onset))

    @classmethod
    def of_contour(cls, contour: Contour, knobs: Mapping[str, float] | None = None) -> "Asked":
        """Everything that a measured contour says, and knobs."""
        onset = tuple(-1.0 if np.isnan(place) else float(place) for place in contour.onset)
        return cls(knobs=dict(knobs or {}), level_db=tuple(map(float, contour.level_db)), onset=onset)

    def levels(self, columns: int) -> np.ndarray:
        """The levels (columns,) in dBFS of a take of so many columns, NaN for any."""
        return _padded(self.level_db, columns)

    def controls(self, columns: int, bins: int) -> Controls:
        """The controls of one take of so many columns, by a prior with so many bins a knob."""
        knobs = np.array([self.knobs.get(name, np.nan) for name in KNOBS])
        level = self.levels(columns)
        onset = _padded(self.onset, columns)
        places = np.where(onset < 0, np.nan, onset)
        onsets = np.where(np.isnan(onset), ANY, onset_bins(places))
        found = (knob_bins(knobs, max(1, bins)), level_bins(level), onsets)
        return Controls(*(torch.from_numpy(np.asarray(values, np.int64))[None] for values in found))


def asked_of(knobs: object) -> Asked:
    """Knobs by name, as a program sends them, checked. Raises ValueError saying which cannot be."""
    try:
        return _ASKED.validate_python({"knobs": knobs or {}})
    except ValidationError as error:
        raise ValueError(f"The knobs cannot be used: {first_problem(error)}.") from None


def _padded(values: tuple[float | None, ...], columns: int) -> np.ndarray:
    given = [np.nan if value is None else value for value in values[:columns]]
    return np.array([*given, *[np.nan] * (columns - len(given))])


_ASKED = TypeAdapter(Asked)
