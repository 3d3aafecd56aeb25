"""A listening test without sound, and raters whose biases are known."""

from dataclasses import dataclass

import numpy as np

from foley.categories import Category
from foley.listening.plan import ANCHOR, DIVERSITY, FIDELITY, FIT, RECORDING, SCALES, Item, ListeningTest
from foley.listening.ratings import Answer, Rater, Rating

TRUE_MEANS = {  # of systems, by scale
    "ours": {FIDELITY: 6.5, FIT: 7.0, DIVERSITY: 6.0},
    "second": {FIDELITY: 5.5, FIT: 6.0, DIVERSITY: 5.0},
    "baseline": {FIDELITY: 3.5, FIT: 4.5, DIVERSITY: 4.0},
    RECORDING: {FIDELITY: 8.0, FIT: 8.0, DIVERSITY: 7.0},
    ANCHOR: {FIDELITY: 2.0, FIT: 2.0, DIVERSITY: 2.0},
}
CLIP_SPREAD, NOISE = 0.8, 0.9

Qualities = dict[tuple[str, str], float]  # by item and scale


def small_test(classes: int = 3, clips: int = 4, sets: int = 2, seed: int = 0, **settings: int) -> ListeningTest:
    """Items of all systems of TRUE_MEANS, without files."""
    items, number = [], 0
    for category in list(Category)[:classes]:
        for system in TRUE_MEANS:
            for place in range(clips + sets):
                name, is_set = f"i{number:04d}", place >= clips
                names = tuple(f"{name}{letter}" for letter in ("abc" if is_set else "a"))
                items.append(Item(id=name, system=system, category=category, clips=names, is_set=is_set))
                number += 1
    chosen = {"repeats": 2, "classes_per_rater": 0} | settings
    return ListeningTest(seed=seed, items=tuple(items), **chosen)


@dataclass
class SimulatedRater:
    """Hears an item's true quality through a bias, and writes down a whole number."""

    mildness: float
    random: np.random.Generator
    habit: str = "careful"  # or "guessing", "always five"

    def score(self, quality: float) -> int:
        if self.habit == "guessing":
            return int(self.random.integers(0, 11))
        if self.habit == "always five":
            return 5
        return int(np.clip(np.rint(quality + self.mildness + self.random.normal(0, NOISE)), 0, 10))

    def answers(self, test: ListeningTest, rater: Rater, qualities: Qualities) -> list[Answer]:
        """Answers to all trials of a rater, in order."""
        answers = []
        for trial in test.trials(rater.number):
            scores = {scale: self.score(qualities[trial.item.id, scale]) for scale in trial.item.scales}
            answers.append(Answer(rater, trial, Rating(trial=trial.number, scores=scores, seconds=6.0)))
        return answers


def true_qualities(test: ListeningTest, random: np.random.Generator) -> Qualities:
    """The quality of every item on every scale: the system's mean, and what this clip has beside it."""
    return {
        (item.id, scale): TRUE_MEANS[item.system][scale] + random.normal(0, CLIP_SPREAD)
        for item in test.items
        for scale in SCALES
    }
