"""What all stages have in common: a corpus, their recipe, and a score that says what it is of."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor

from training.batches import Draw, draw
from training.corpus import Corpus
from training.settings import LoopSettings
from training.stage import Stage


class CorpusStage(Stage):
    """A stage that is trained on the recordings of a corpus; `finish` is what is left to do when it has ended."""

    finish: ClassVar[Callable[[Corpus], None] | None] = None

    def __init__(self, corpus: Corpus):
        self.corpus, self.preset = corpus, corpus.preset
        self.recipe: Any = corpus.preset.training.of(self.name)
        self.clips = self.training_clips(corpus)
        self.settings = LoopSettings.of(self.recipe, len(self.clips), 1, {})

    @classmethod
    def of(cls, corpus: Corpus) -> "CorpusStage":
        """The stage on what those before it have left in the run."""
        raise NotImplementedError

    @staticmethod
    def training_clips(corpus: Corpus) -> Tensor:
        """The clips of an epoch."""
        return corpus.train

    @property
    def score_definition(self) -> str:
        return json.dumps([self.name, self.score_weights(), self.corpus.validation_key])

    def score_weights(self) -> dict[str, float]:
        """The terms of a validation that make its score, and their weights."""
        raise NotImplementedError

    def score(self, terms: dict[str, Any]) -> Any:
        """The score of a validation: its terms by their weights."""
        return sum(weight * terms[name] for name, weight in self.score_weights().items())

    def draw(self, number: int) -> Draw:
        """The clips of the batch of that number, and the randomness of each."""
        return draw(self.clips, number, self.settings.batch, self.settings.seed)
