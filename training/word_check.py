"""Do words that set a knob move what is measured? Each word against its opposite, from the same seeds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from foley.categories import Category
from foley.conditions.attributes import measure
from foley.prompts.parser import parse
from foley.prompts.say import SaySettings, Speaker

OPPOSITES = {
    "pitch": ("low pitched", "high pitched"),
    "tone": ("noisy", "tonal"),
    "brightness": ("dark", "bright"),
    "loudness": ("quiet", "loud"),
    "density": ("sparse", "dense"),
    "tail": ("anechoic", "reverberant"),
}
PHRASES = {  # that name a class and no single events
    Category.DogBark: "dog barking",
    Category.Footstep: "walking",
    Category.GunShot: "gunfire",
    Category.Keyboard: "typing",
    Category.MovingMotorVehicle: "car driving",
    Category.Rain: "rain",
    Category.SneezeCough: "coughing and sneezing",
}


@dataclass(frozen=True)
class WordScore:
    """The share of pairs in which the take of the higher word measures higher than that of its opposite."""

    category: Category
    knob: str
    share: float
    takes: int

    def __str__(self) -> str:
        low, high = OPPOSITES[self.knob]
        return f"{self.category.name:20} {high:13} over {low:12} {self.share:6.1%} of {self.takes} pairs"


def word_scores(
    speaker: Speaker,
    category: Category,
    takes: int,
    best_of: int,
    progress: Callable[[int], object] = lambda done: None,
) -> Iterator[WordScore]:
    """A score for each knob, of so many pairs of takes, each the best of `best_of`.

    Both takes of a pair have the same seeds. `progress` is told of each take. Raises ValueError as `generate`.
    """
    for knob, words in OPPOSITES.items():
        measured = []
        for word in words:
            prompt = parse(f"{word} {PHRASES[category]}")
            found = []
            for number in range(takes):
                (spoken,) = speaker.say(prompt, SaySettings(number * best_of, best_of))
                found.append(measure(spoken.sound.waveform, speaker.foley.sample_rate)[knob])
                progress(1)
            measured.append(np.array(found))
        low, high = measured
        yield WordScore(category, knob, float(np.mean(high > low)), takes)
