"""Where a sound stands among recordings of its class: from an attribute's value to a knob from 0 to 1."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foley.categories import Category
from foley.conditions.knobs import KNOBS
from foley.resources import KNOB_SCALES
from foley.system.files import write_text

QUANTILES = 21  # from the least to the most, in steps of 5 %


class ScalesError(ValueError):
    """Scales that cannot be used; the message says which, and what to do."""


@dataclass(frozen=True)
class KnobScales:
    """Quantiles (21,) of each attribute over the training recordings of each class, and how many there were."""

    quantiles: Mapping[Category, Mapping[str, tuple[float, ...]]]
    clips: Mapping[Category, int]

    @classmethod
    def of(cls, measured: Mapping[Category, list[dict[str, float]]]) -> "KnobScales":
        """The scales of measured recordings, for the classes that have some."""
        levels = np.linspace(0, 1, QUANTILES)
        quantiles = {
            category: {
                knob: tuple(np.quantile([values[knob] for values in rows], levels).round(4).tolist()) for knob in KNOBS
            }
            for category, rows in measured.items()
            if rows
        }
        return cls(quantiles, {category: len(rows) for category, rows in measured.items() if rows})

    def knob(self, category: Category, name: str, value: float) -> float:
        """The knob, 0 to 1, that an attribute's value stands for in a class. Raises ScalesError without recordings."""
        if category not in self.quantiles:
            raise ScalesError(f"No recordings of {category.title.lower()} were measured: its knobs have no scale.")
        quantiles = self.quantiles[category][name]
        return float(np.interp(value, quantiles, np.linspace(0, 1, len(quantiles))))

    def save(self, path: str | Path) -> Path:
        """Write the scales as JSON. Returns the path."""
        data = {
            category.name: {"clips": self.clips[category], "quantiles": dict(self.quantiles[category])}
            for category in self.quantiles
        }
        return write_text(Path(path), json.dumps({"format": 1, "classes": data}, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path = KNOB_SCALES) -> "KnobScales":
        """The scales written by `save`; the shipped ones by default. Raises ScalesError when they cannot be read."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))["classes"]
            quantiles = {
                Category[name]: {knob: tuple(map(float, entry["quantiles"][knob])) for knob in KNOBS}
                for name, entry in data.items()
            }
            return cls(quantiles, {Category[name]: int(entry["clips"]) for name, entry in data.items()})
        except FileNotFoundError:
            raise ScalesError(f"{path} is not there: make it with python -m training tags --data FOLDER.") from None
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ScalesError(f"{path} holds no scales of knobs: make it anew with python -m training tags.") from None
