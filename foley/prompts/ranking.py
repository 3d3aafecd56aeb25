"""Which of several sounds is nearest to what was asked for: by measured knobs, by tags, or by words (CLAP)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foley.categories import Category
from foley.conditions.attributes import measure
from foley.conditions.scales import KnobScales
from foley.evaluation.embedders.registry import Embedder, load_embedder
from foley.prompts.tags import TagStatistics

WordScores = Callable[[Sequence[Tensor], int], np.ndarray]


@dataclass(frozen=True)
class Wishes:
    """What sounds of a class are ranked by; tags must be of `TagStatistics`. `words` scores by a text encoder."""

    category: Category
    knobs: Mapping[str, float]
    tags: tuple[str, ...] = ()
    words: WordScores | None = None

    def __bool__(self) -> bool:
        return bool(self.knobs or self.tags or self.words)


@dataclass(frozen=True)
class Score:
    """How near a sound comes: `total` from 0 to 1, the knobs it has (0 to 1), and its closeness to tags and words."""

    total: float
    knobs: Mapping[str, float]
    tags: float | None = None
    words: float | None = None

    def __str__(self) -> str:
        parts = [f"{name} {value:.2f}" for name, value in self.knobs.items()]
        parts += [f"tags {self.tags:+.2f}"] if self.tags is not None else []
        parts += [f"words {self.words:+.2f}"] if self.words is not None else []
        return ", ".join(parts)


class Ranker:
    """Scores sounds; the networks and statistics that it needs are loaded once, when they are first needed."""

    def __init__(
        self,
        scales: KnobScales | None = None,
        tags: TagStatistics | None = None,
        embedder: Embedder | None = None,
    ):
        self._scales, self._tags, self._embedder = scales, tags, embedder

    @property
    def scales(self) -> KnobScales:
        self._scales = self._scales or KnobScales.load()
        return self._scales

    @property
    def tags(self) -> TagStatistics:
        self._tags = self._tags or TagStatistics.load()
        return self._tags

    @property
    def embedder(self) -> Embedder:
        self._embedder = self._embedder or load_embedder(self.tags.embedder)
        return self._embedder

    def scores(self, waveforms: Sequence[Tensor], sample_rate: int, wishes: Wishes) -> list[Score]:
        """A score for each waveform (samples,). Raises TagError and ScalesError for what was never measured."""
        knobs = [self._knobs(waveform, sample_rate, wishes) for waveform in waveforms]
        tags = self._closeness(waveforms, sample_rate, wishes) if wishes.tags else None
        words = wishes.words(waveforms, sample_rate) if wishes.words else None
        scores = []
        for number, own in enumerate(knobs):
            parts = [1 - abs(own[name] - asked) for name, asked in wishes.knobs.items()]
            near = None if tags is None else float(tags[number])
            said = None if words is None else float(words[number])
            parts += [] if near is None else [(near + 1) / 2] * len(wishes.tags)
            parts += [] if said is None else [(said + 1) / 2]
            scores.append(Score(float(np.mean(parts)) if parts else 1.0, own, near, said))
        return scores

    def _knobs(self, waveform: Tensor, sample_rate: int, wishes: Wishes) -> dict[str, float]:
        if not wishes.knobs:
            return {}
        measured = measure(waveform, sample_rate)
        return {name: self.scales.knob(wishes.category, name, measured[name]) for name in wishes.knobs}

    def _closeness(self, waveforms: Sequence[Tensor], sample_rate: int, wishes: Wishes) -> np.ndarray:
        embeddings = [embed(self.embedder, waveform, sample_rate) for waveform in waveforms]
        return self.tags.closeness(np.stack(embeddings), wishes.category, wishes.tags)


def embed(embedder: Embedder, waveform: Tensor, sample_rate: int) -> np.ndarray:
    """One embedding (dimension,) of a waveform (samples,): the mean of its windows."""
    with torch.inference_mode():
        return embedder.embed(waveform.unsqueeze(0), sample_rate)[0].mean(axis=0)
