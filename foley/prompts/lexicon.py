"""What words mean: which class, tag, knob, pace or number of events each English word or phrase stands for.

Knobs go from 0 to 1, with 0.5 for what is usual of the class: `pitch` low to high, `tone` noise to tone, `brightness`
dark to bright, `loudness` quiet to loud, `density` sparse to dense, `tail` dry to long.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from foley.categories import Category
from foley.prompts import vocabulary as words
from foley.prompts.vocabulary import CAR, COUGH, GUN, HIGH, HINT, KEY, LIKELY, LOW, RAIN, STEP

LONGEST_PHRASE = 4  # words


@dataclass(frozen=True)
class Meaning:
    """What a word or phrase stands for.

    `one` and `many`: it names an event of its class that can be counted, in the singular or plural. `place`: a room in
    which things sound. `only_with`: it means nothing unless the sentence is of this class. `per_class` replaces the
    meaning in sentences of some classes.
    """

    category: Category | None = None
    weight: float = 0.0
    one: bool = False
    many: bool = False
    tags: tuple[str, ...] = ()
    knobs: Mapping[str, float] = field(default_factory=dict)
    pace: str = ""
    temperature: float | None = None
    loop: bool = False
    filler: bool = False
    place: bool = False
    only_with: Category | None = None
    per_class: Mapping[Category, "Meaning"] = field(default_factory=dict)

    def within(self, category: Category | None) -> "Meaning | None":
        """What it means in a sentence of a class, or None where it means nothing there."""
        if self.only_with is not None and self.only_with is not category:
            return None
        return self.per_class.get(category, self) if category is not None else self


def _simple() -> dict[str, Meaning]:
    """The phrases of the tables: one meaning each, whatever the sentence is of."""
    table: dict[str, Meaning] = {}

    def add(phrases: str, meaning: Meaning) -> None:
        table.update(dict.fromkeys(phrases.split("|"), meaning))

    add("|".join(words.FILLERS), Meaning(filler=True))
    add(words.FILE_ENDINGS, Meaning(filler=True))
    for knob, value, phrases in words.KNOBS:
        add(phrases, Meaning(knobs={knob: value}))
    add(words.PLACES, Meaning(knobs={"tail": HIGH}, place=True))
    add(words.FAR, Meaning(knobs={"loudness": LOW, "brightness": words.FAR_BRIGHTNESS}))
    add(words.CLOSE, Meaning(knobs={"loudness": words.CLOSE_LOUDNESS, "tail": LOW}))
    for pace, phrases in words.PACES:
        add(phrases, Meaning(pace=pace))
    for temperature, phrases in words.TEMPERATURES:
        add(phrases, Meaning(temperature=temperature))
    add(words.LOOPS, Meaning(loop=True))
    for category, weight, phrases in words.CLASSES:
        add(phrases, Meaning(category, weight))
    for tag, phrases, category, weight in words.TAGS:
        add(phrases, Meaning(category, weight, tags=(tag,)))
    for category, weight, one, many in words.EVENTS:
        add(one, Meaning(category, weight, one=True))
        add(many, Meaning(category, weight, many=True))
    for tag, one, many, category, weight in words.EVENT_TAGS:
        add(one, Meaning(category, weight, one=True, tags=(tag,)))
        add(many, Meaning(category, weight, many=True, tags=(tag,)))
    return table


def _by_class() -> dict[str, Meaning]:
    """Words that mean different things in sentences of different classes, or nothing in most."""
    loud, quiet = Meaning(knobs={"loudness": HIGH}), Meaning(knobs={"loudness": LOW})
    low, high = Meaning(knobs={"pitch": LOW}), Meaning(knobs={"pitch": HIGH})
    dry, filler = Meaning(knobs={"tail": LOW}), Meaning(filler=True)
    heavy, light = Meaning(tags=("heavy",)), Meaning(tags=("light",))
    running = Meaning(STEP, LIKELY, pace="fast")
    of_engines = {CAR: filler}  # an engine runs, too
    meanings = {
        "heavy|heavily": replace(low, per_class={RAIN: heavy, KEY: loud, COUGH: loud}),
        "light|lightly|gentle|gently": replace(quiet, per_class={RAIN: light}),
        "hard|strong": replace(loud, per_class={RAIN: heavy}),
        "dry": replace(dry, per_class={COUGH: Meaning(tags=("dry",))}),
        "big|large|huge|giant": replace(low, per_class={COUGH: loud}),
        "small|tiny": replace(high, per_class={COUGH: quiet}),
        "running": replace(running, per_class=of_engines),
        "run|runs|sprint": replace(running, weight=HINT, per_class=of_engines),
        "jog|jogs|jogging|sprinting": running,
        "tiptoeing": Meaning(STEP, LIKELY, pace="slow", knobs={"loudness": LOW}),
        "stomping": Meaning(STEP, LIKELY, knobs={"loudness": HIGH}),
        "stomp": Meaning(STEP, HINT, one=True, knobs={"loudness": HIGH}),
        "stomps": Meaning(STEP, HINT, many=True, knobs={"loudness": HIGH}),
        "firing|fires|fired|fire": replace(filler, only_with=GUN),
        "key|keys": replace(filler, only_with=KEY),
        "road": replace(filler, only_with=CAR),
    }
    return {phrase: meaning for phrases, meaning in meanings.items() for phrase in phrases.split("|")}


LEXICON = {**_simple(), **_by_class()}
