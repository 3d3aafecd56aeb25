"""How events become sound: class, seed, one-shots or a bed, how codes are chosen, and knobs."""

from dataclasses import dataclass, replace

from foley.categories import Category
from foley.conditions.asked import Asked, asked_of
from foley.perform.events import Event, Knobs
from foley.sampling import TOP_P, SamplingSettings
from foley.sampling.noise import check_seed

ONE_SHOTS, BED = "one-shots", "bed"
WAYS = (ONE_SHOTS, BED)
USUAL_WAY = {Category.Rain: BED, Category.MovingMotorVehicle: BED}  # all others: one-shots


@dataclass(frozen=True)
class PerformanceSettings:
    """How events become sound. `way` is "one-shots", "bed", or empty for what suits the class.

    `knobs` are names and values from 0 to 1 of what all sounds are asked for; those of an event go before them.
    Raises ValueError.
    """

    category: Category
    seed: int = 0
    way: str = ""
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = TOP_P
    knobs: Knobs = ()

    def __post_init__(self):
        object.__setattr__(self, "category", Category.parse(self.category))
        check_seed(self.seed)
        if self.way not in ("", *WAYS):
            raise ValueError(f"There is no way {self.way!r} to perform: choose one of {', '.join(WAYS)}.")
        SamplingSettings(self.temperature, self.top_k, self.top_p)
        object.__setattr__(self, "knobs", tuple(sorted(self.asked.knobs.items())))

    @property
    def asked(self) -> Asked:
        """What all sounds are asked for beside their class."""
        return asked_of(dict(self.knobs))

    def of(self, event: Event) -> "PerformanceSettings":
        """Those by which an event's own sound is made: its class and its knobs before those of all."""
        category = self.category if event.category is None else Category(event.category)
        return replace(self, category=category, way="", knobs=tuple((dict(self.knobs) | dict(event.knobs)).items()))

    @property
    def sampling(self) -> SamplingSettings:
        """How codes are chosen."""
        return SamplingSettings(self.temperature, self.top_k, self.top_p)

    @property
    def way_words(self) -> str:
        """The way it sounds, for people."""
        return "one by one" if self.chosen_way == ONE_SHOTS else "a steady sound"

    @property
    def chosen_way(self) -> str:
        """The way asked for, else the one that suits the class."""
        return self.way or USUAL_WAY.get(self.category, ONE_SHOTS)
