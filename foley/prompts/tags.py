"""Tags: how near a sound lies to recordings of which metadata says `gravel` or `pistol`.

Statistics alone are shipped: the mean embedding of each tag's training recordings, with how many there were, from how
many independent sources. No audio.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from foley.categories import Category
from foley.resources import TAG_STATISTICS
from foley.system.files import replacing, write_text

FEWEST_SOURCES = 5  # independent ones: a tag with fewer is weak, its mean may be that of one microphone
WEIGHTS, COUNTS = "tags.safetensors", "tags.json"


class TagError(ValueError):
    """Tags that cannot be used; the message says which, and what to do."""


@dataclass(frozen=True)
class Tag:
    """A tag of a class: how many training clips and independent sources are behind it."""

    category: Category
    name: str
    clips: int
    sources: int

    @property
    def weak(self) -> bool:
        return self.sources < FEWEST_SOURCES

    @property
    def support(self) -> str:
        """How well it is founded, for people."""
        words = f"{self.clips} clip{'s' * (self.clips != 1)} of {self.sources} source{'s' * (self.sources != 1)}"
        return f"weak: {words}" if self.weak else words


@dataclass(frozen=True)
class TagStatistics:
    """`means` (dimension,) of tags, `centres` and `spreads` (dimension,) of classes, in embeddings of one network.

    All means are over sources, each the mean of its clips, so that no source counts more for having more clips.
    """

    embedder: str
    tags: Mapping[tuple[Category, str], Tag]
    means: Mapping[tuple[Category, str], np.ndarray]
    centres: Mapping[Category, np.ndarray]
    spreads: Mapping[Category, np.ndarray]

    @classmethod
    def of(
        cls,
        embedder: str,
        embeddings: np.ndarray,
        categories: Sequence[Category],
        sources: Sequence[str],
        tags: Sequence[frozenset[str]],
    ) -> "TagStatistics":
        """The statistics of clips' embeddings (clips, dimension), each with its class, its source and its tags."""
        kinds, found, means, centres, spreads = np.array(categories), {}, {}, {}, {}
        for category in sorted(set(categories)):
            rows = np.flatnonzero(kinds == category).tolist()
            by_source = _by_source(embeddings, sources, rows)
            centres[category], spreads[category] = by_source.mean(axis=0), by_source.std(axis=0) + 1e-3
            for name in sorted(set().union(*(tags[row] for row in rows))):
                own = [row for row in rows if name in tags[row]]
                of_sources = _by_source(embeddings, sources, own)
                means[category, name] = of_sources.mean(axis=0)
                found[category, name] = Tag(category, name, len(own), len(of_sources))
        return cls(embedder, found, means, centres, spreads)

    def of_class(self, category: Category) -> list[Tag]:
        """The tags of a class, the best founded first."""
        return sorted((tag for tag in self.tags.values() if tag.category is category), key=lambda tag: -tag.sources)

    def get(self, category: Category, name: str) -> Tag | None:
        return self.tags.get((category, name))

    def closeness(self, embeddings: np.ndarray, category: Category, names: Sequence[str]) -> np.ndarray:
        """How near sounds (sounds, dimension) of a class lie to tags, from -1 to 1: (sounds,), the mean of the tags.

        It is the cosine of the angle, seen from the class's middle, between a sound and the tag's mean, each dimension
        measured by its spread. Raises TagError for a tag without recordings.
        """
        missing = [name for name in names if (category, name) not in self.tags]
        if missing or not names:
            known = ", ".join(tag.name for tag in self.of_class(category)) or "none"
            wrong = missing[0] if missing else ""
            raise TagError(f"No recordings of {category.title.lower()} are tagged {wrong!r}: there are {known}.")
        sounds = self._seen(embeddings, category)
        means = self._seen(np.stack([self.means[category, name] for name in names]), category)
        return (sounds @ means.T).mean(axis=1)

    def _seen(self, embeddings: np.ndarray, category: Category) -> np.ndarray:
        standard = (embeddings - self.centres[category]) / self.spreads[category]
        return standard / (np.linalg.norm(standard, axis=1, keepdims=True) + 1e-9)

    def save(self, folder: str | Path) -> Path:
        """Write the means and the counts into a folder. Returns it."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {f"{category.name}/{name}": mean for (category, name), mean in self.means.items()}
        arrays |= {f"{category.name}//centre": value for category, value in self.centres.items()}
        arrays |= {f"{category.name}//spread": value for category, value in self.spreads.items()}
        with replacing(folder / WEIGHTS) as temporary:
            save_file({name: value.astype(np.float32) for name, value in arrays.items()}, str(temporary))
        counts = [
            {"class": tag.category.name, "tag": tag.name, "clips": tag.clips, "sources": tag.sources}
            for tag in self.tags.values()
        ]
        write_text(
            folder / COUNTS, json.dumps({"format": 1, "embedder": self.embedder, "tags": counts}, indent=1) + "\n"
        )
        return folder

    @classmethod
    def load(cls, folder: str | Path = TAG_STATISTICS) -> "TagStatistics":
        """The statistics written by `save`; the shipped ones by default. Raises TagError when they cannot be read."""
        folder = Path(folder)
        try:
            data = json.loads((folder / COUNTS).read_text(encoding="utf-8"))
            arrays = load_file(folder / WEIGHTS)
            tags = {}
            for row in data["tags"]:
                tag = Tag(Category[row["class"]], str(row["tag"]), int(row["clips"]), int(row["sources"]))
                tags[tag.category, tag.name] = tag
            means = {key: arrays[f"{key[0].name}/{key[1]}"] for key in tags}
            kinds = sorted({category for category, _ in tags})
            centres = {category: arrays[f"{category.name}//centre"] for category in kinds}
            spreads = {category: arrays[f"{category.name}//spread"] for category in kinds}
            return cls(str(data["embedder"]), tags, means, centres, spreads)
        except FileNotFoundError:
            raise TagError(f"{folder} holds no tags: make them with python -m training tags --data FOLDER.") from None
        except (KeyError, TypeError, ValueError, AttributeError, SafetensorError):
            raise TagError(
                f"The tags in {folder} cannot be read: make them anew with python -m training tags."
            ) from None


def _by_source(embeddings: np.ndarray, sources: Sequence[str], rows: Sequence[int]) -> np.ndarray:
    """The mean embedding of each source among some rows: (sources, dimension)."""
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(sources[row], []).append(row)
    return np.stack([embeddings[members].mean(axis=0) for members in groups.values()])
