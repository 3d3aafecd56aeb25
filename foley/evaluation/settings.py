"""What an evaluation measures."""

from dataclasses import dataclass

from foley.evaluation.chain import PARTS
from foley.sampling import TOP_P, SamplingSettings
from foley.sampling.noise import check_seed


@dataclass(frozen=True)
class EvaluationSettings:
    """What to measure: takes a class with seeds from `seed` on, draws for the intervals, parts of the chain.

    Raises ValueError for less than one take or draw, and for what cannot be sampled with.
    """

    per_class: int = 32
    seed: int = 0
    temperature: float = 1.0
    top_p: float = TOP_P
    draws: int = 200
    parts: tuple[str, ...] = PARTS

    def __post_init__(self) -> None:
        if self.per_class < 1 or self.draws < 1:
            raise ValueError(f"{self.per_class} takes and {self.draws} draws were asked for: ask for one at least.")
        check_seed(self.seed)
        SamplingSettings(self.temperature, 0, self.top_p)

    @property
    def seeds(self) -> range:
        """The seeds of the takes of a class."""
        return range(self.seed, self.seed + self.per_class)
