"""What a listening test rates, and in which order each rater hears it; all of it follows from the test's file."""

import math
from functools import cached_property
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foley.categories import Category
from foley.system.files import shown, write_text
from foley.system.validation import first_problem

FIDELITY, FIT, DIVERSITY = SCALES = ("fidelity", "fit", "diversity")
WEIGHTS = {FIDELITY: 2, FIT: 2, DIVERSITY: 1}  # of DCASE 2023 Task 7
LOWEST, HIGHEST = 0, 10  # of every scale, in whole steps
RECORDING, ANCHOR = "recording", "anchor"  # the hidden reference, and what is clearly bad on every scale
TEST, CLIPS = "test.json", "clips"
MOST_ITEMS, MOST_TEST_BYTES = 20_000, 2**24

Name = Annotated[str, Field(min_length=1, max_length=100)]


class Item(BaseModel):
    """What one trial rates: a clip, or a set of clips whose diversity is rated.

    Attributes:
        id: says nothing about where the item comes from.
        clips: names of files in the test's folder `clips`, without ending; one, or those of a set.
        sources: the files that they were made of, for the organiser.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name
    system: Name
    category: Category
    clips: tuple[Name, ...] = Field(min_length=1, max_length=20)
    sources: tuple[str, ...] = ()
    is_set: bool = False

    @property
    def scales(self) -> tuple[str, ...]:
        """The scales on which the item is rated."""
        return (DIVERSITY,) if self.is_set else (FIDELITY, FIT)


class Trial(NamedTuple):
    """One question to a rater. A repeat asks again what was asked before, and does not count in the means."""

    number: int
    item: Item
    is_repeat: bool


class ListeningTest(BaseModel):
    """A prepared test: its items and how they are dealt out.

    Attributes:
        repeats: clips of each class that a rater is asked about twice.
        classes_per_rater: how many classes each rater gets; all where it is 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    seed: int = Field(ge=0)
    repeats: int = Field(ge=0, le=100)
    classes_per_rater: int = Field(ge=0, le=len(Category))
    items: tuple[Item, ...] = Field(min_length=1, max_length=MOST_ITEMS)

    @classmethod
    def read(cls, folder: str | Path) -> "ListeningTest":
        """The test in a folder. Raises ValueError with a sentence when there is none or its file is damaged."""
        path = Path(folder) / TEST
        if not path.is_file() or path.stat().st_size > MOST_TEST_BYTES:
            raise ValueError(
                f"{shown(folder, whole=True)} holds no listening test: prepare one with `listening-test prepare`."
            )
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise ValueError(f"{shown(path, whole=True)} is damaged: {first_problem(error)}.") from None

    def save(self, folder: str | Path) -> Path:
        """Write the test's file. Returns its path."""
        return write_text(Path(folder) / TEST, self.model_dump_json(indent=1) + "\n")

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """All systems by name, the hidden reference and the anchor last."""
        names = {item.system for item in self.items}
        return (*sorted(names - {RECORDING, ANCHOR}), *(name for name in (RECORDING, ANCHOR) if name in names))

    @cached_property
    def categories(self) -> tuple[Category, ...]:
        return tuple(sorted({item.category for item in self.items}))

    def trials(self, rater: int) -> list[Trial]:
        """The questions to the rater of a number, always the same ones in the same order.

        Classes follow each other in blocks: first a class's clips in random order, then its sets. Raters of
        neighbouring numbers get classes in turn, so that each class has as many raters as any other.
        """
        random = np.random.default_rng([self.seed, rater])
        asked = [each for category in self._categories_of(rater) for each in self._block(category, random)]
        return [Trial(number, *each) for number, each in enumerate(asked)]

    def _categories_of(self, rater: int) -> list[Category]:
        order = np.random.default_rng(self.seed).permutation(len(self.categories))
        count = min(self.classes_per_rater or len(order), len(order))
        mine = [order[(rater * count + place) % len(order)] for place in range(count)]
        return [self.categories[place] for place in np.random.default_rng([self.seed, rater, 1]).permutation(mine)]

    def _block(self, category: Category, random: np.random.Generator) -> list[tuple[Item, bool]]:
        clips = [item for item in self.items if item.category == category and not item.is_set]
        sets = [item for item in self.items if item.category == category and item.is_set]
        order = [clips[place] for place in random.permutation(len(clips))]
        early, late = order[: math.ceil(len(order) / 2)], order[math.ceil(len(order) / 2) :]
        again = random.permutation(len(early))[: self.repeats]
        second = [(item, False) for item in late] + [(early[place], True) for place in again]
        return [
            *((item, False) for item in early),
            *(second[place] for place in random.permutation(len(second))),
            *((sets[place], False) for place in random.permutation(len(sets))),
        ]
