"""Do takes asked for with a tag lie nearer to held-out recordings of that tag than takes of other tags?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from foley.categories import Category
from foley.prompts.tags import TagStatistics


@dataclass(frozen=True)
class TagResult:
    """The share of pairs that a tag wins, of takes asked for with it against takes asked for with other tags."""

    category: Category
    name: str
    share: float
    takes: int
    held_out: int
    sources: int

    def __str__(self) -> str:
        return (
            f"{self.category.name:20} {self.name:14} {self.share:6.1%} of pairs, {self.takes} takes, "
            f"{self.held_out} held-out clips of {self.sources} sources"
        )


@dataclass(frozen=True)
class HeldOut:
    """Held-out recordings: embeddings (clips, dimension), and each one's class, source and tags."""

    embeddings: np.ndarray
    categories: list[Category]
    sources: list[str]
    tags: list[frozenset[str]]


def check_tags(
    statistics: TagStatistics,
    takes: Mapping[Category, np.ndarray],
    held_out: HeldOut,
    best_of: int = 8,
    draws: int = 100,
    seed: int = 0,
) -> Iterator[TagResult]:
    """A result for each tag that has held-out recordings and a rival in its class.

    `takes` holds embeddings (takes, dimension) of takes drawn for the class alone. Asking for a tag is to draw
    `best_of` of them at random and to keep the nearest to the tag, `draws` times. A pair is a take asked for with the
    tag against one asked for with another; the nearer one to the held-out mean of the tag, in cosine seen from the
    held-out class's middle, wins.
    """
    random = np.random.default_rng(seed)
    for category, own in takes.items():
        names = [tag.name for tag in statistics.of_class(category)]
        means = {name: _mean_of(held_out, category, name) for name in names}
        held = {name: found for name, found in means.items() if found is not None}
        chosen = {}
        for name in held:
            closeness = statistics.closeness(own, category, [name])
            rows = np.stack([random.choice(len(own), best_of, replace=False) for _ in range(draws)])
            chosen[name] = own[rows[np.arange(draws), closeness[rows].argmax(axis=1)]]
        middle = np.stack([mean for mean, _, _ in held.values()]).mean(axis=0) if held else None
        for name, (mean, clips, sources) in held.items():
            rivals = [other for other in held if other != name]
            if not rivals or middle is None:
                continue
            near = _cosine(chosen[name], mean, middle)
            wins = [np.mean(near[:, None] > _cosine(chosen[other], mean, middle)[None, :]) for other in rivals]
            yield TagResult(category, name, float(np.mean(wins)), draws, clips, sources)


def _mean_of(held_out: HeldOut, category: Category, name: str) -> tuple[np.ndarray, int, int] | None:
    by_source: dict[str, list[np.ndarray]] = {}
    for embedding, kind, source, tags in zip(
        held_out.embeddings, held_out.categories, held_out.sources, held_out.tags, strict=True
    ):
        if kind is category and name in tags:
            by_source.setdefault(source, []).append(embedding)
    if not by_source:
        return None
    means = np.stack([np.mean(rows, axis=0) for rows in by_source.values()])
    return means.mean(axis=0), sum(map(len, by_source.values())), len(by_source)


def _cosine(sounds: np.ndarray, mean: np.ndarray, middle: np.ndarray) -> np.ndarray:
    sounds, direction = sounds - middle, mean - middle
    return sounds @ direction / (np.linalg.norm(sounds, axis=1) * np.linalg.norm(direction) + 1e-9)
