"""`say`: a sentence to sounds. Of several candidates for each sound, the nearest to what was said is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from foley.audio.files import peak_dbfs
from foley.audio.loudness import is_nearly_silent, loudness_lufs
from foley.categories import Category
from foley.conditions.asked import Asked
from foley.perform import EventList, PerformanceSettings
from foley.perform.output import save as save_performance
from foley.perform.performance import BED, Performance, stream_performance
from foley.pipeline import MOST_TAKES, Foley
from foley.prompts.abilities import CLIP_S, NO_CLASS
from foley.prompts.parser import parse
from foley.prompts.ranking import Ranker, Score, Wishes, WordScores
from foley.prompts.reading import Prompt
from foley.prompts.schedule import has_events, schedule
from foley.prompts.tags import TagError
from foley.prompts.tokens import PromptError
from foley.sampling import SamplingSettings
from foley.takes.edits import LONGEST_S as LONGEST_TAKE_S
from foley.takes.export import ExportSettings, export
from foley.takes.take import Take

BEST_OF = 8
MOST_CANDIDATES = 64


@dataclass(frozen=True)
class SaySettings:
    """How sounds are made of a reading. Raises PromptError for a number of candidates that cannot be.

    Args:
        seed: of the first candidate, where the sentence names none; the others count on from it.
        best_of: candidates for each sound, where the sentence says something to choose by.
        tags: further tags to choose by.
        words: scores of sounds against the words by a text encoder, where there is one.
    """

    seed: int = 0
    best_of: int = BEST_OF
    tags: tuple[str, ...] = ()
    words: WordScores | None = None

    def __post_init__(self):
        if not 1 <= self.best_of <= MOST_CANDIDATES:
            raise PromptError(f"The best of {self.best_of} cannot be had: choose among 1 to {MOST_CANDIDATES}.")


@dataclass(frozen=True)
class Spoken:
    """A sound, the best of `best_of` candidates, and its score."""

    sound: Take | Performance
    best_of: int
    score: Score
    prompt: Prompt

    @property
    def words(self) -> str:
        """How it was chosen, for people."""
        chosen = f"best of {self.best_of}" if self.best_of > 1 else "the only one drawn"
        return f"{chosen}: {self.score}" if str(self.score) else chosen

    def save(self, folder: str | Path) -> Path:
        """Write the sound into a folder, as a loop where that was said. Returns the path."""
        if isinstance(self.sound, Performance):
            return save_performance(self.sound, folder)["wav"]
        if self.prompt.loop:
            return export(self.sound, folder, ExportSettings(loop=True))
        return self.sound.save(folder)


@cache
def usual_ranker() -> Ranker:
    """The ranker by what ships, one for all: its network and statistics are loaded once."""
    return Ranker()


@dataclass
class Speaker:
    """Makes sounds of sentences with one model; what ranking needs is loaded once."""

    foley: Foley
    ranker: Ranker = field(default_factory=usual_ranker)

    def say(self, sentence: str | Prompt, settings: SaySettings | None = None) -> list[Spoken]:
        """The sounds that a sentence asks for. Raises PromptError when it names no class, ValueError as `generate`."""
        return [step for step in self.steps(sentence, settings) if isinstance(step, Spoken)]

    def steps(self, sentence: str | Prompt, settings: SaySettings | None = None) -> Iterator[float | Spoken]:
        """As `say`, step by step: the share that is done, from 0 to 1, and the sounds one by one."""
        prompt, settings = parse(sentence) if isinstance(sentence, str) else sentence, settings or SaySettings()
        wishes = self._wishes(prompt, settings)
        best_of = settings.best_of if wishes else 1
        seed = settings.seed if prompt.seed is None else prompt.seed
        for number in range(prompt.takes):
            candidates = []
            for step in self._candidates(prompt, wishes.category, seed + number * best_of, best_of):
                if isinstance(step, float):
                    yield (number + step) / prompt.takes
                else:
                    candidates.append(step)
            scores = self.ranker.scores([sound.waveform for sound in candidates], self.foley.sample_rate, wishes)
            heard = [_is_heard(sound) for sound in candidates]
            best = max(range(best_of), key=lambda place: (heard[place], scores[place].total))
            yield Spoken(candidates[best], best_of, scores[best], prompt)

    def _wishes(self, prompt: Prompt, settings: SaySettings) -> Wishes:
        if prompt.category is None:
            raise PromptError(NO_CLASS)
        if prompt.takes > MOST_TAKES:
            raise PromptError(f"{prompt.takes} takes are asked for: {MOST_TAKES} at once are the most.")
        tags = tuple(dict.fromkeys([*known_tags(prompt, self.ranker), *settings.tags]))
        return Wishes(prompt.category, prompt.knobs, tags, settings.words)

    def _candidates(
        self, prompt: Prompt, category: Category, seed: int, count: int
    ) -> Iterator[float | Take | Performance]:
        """So many sounds with the seeds from `seed` on, and between them the share that is done."""
        temperature = 1.0 if prompt.temperature is None else prompt.temperature
        events, seconds = None, prompt.duration_s
        if has_events(prompt):
            events = schedule(prompt, self.foley.hears_knobs)
        elif _is_a_bed(prompt, category):
            events = EventList((), seconds or CLIP_S)
        if events is None:
            yield from self._takes(prompt, category, seed, count)
            return
        knobs = tuple(prompt.knobs.items()) if self.foley.hears_knobs else ()
        for place in range(count):
            settings = PerformanceSettings(category, seed + place, temperature=temperature, knobs=knobs)
            for step in stream_performance(self.foley, events, settings):
                yield step if isinstance(step, Performance) else (place + step) / count

    def _takes(self, prompt: Prompt, category: Category, seed: int, count: int) -> Iterator[float | Take]:
        settings = SamplingSettings() if prompt.temperature is None else SamplingSettings(prompt.temperature)
        asked = Asked(knobs=prompt.knobs) if self.foley.hears_knobs else None
        for step in self.foley.stream(category, seed, count, settings, asked):
            if not isinstance(step, Take):
                yield step.done / step.total
            elif prompt.duration_s is None or prompt.duration_s <= step.duration_s:
                yield step
            else:
                seconds = min(prompt.duration_s, LONGEST_TAKE_S)
                yield self.foley.continue_(step, seconds, step.seed)[0]


def _is_heard(sound: Take | Performance) -> bool:
    """Whether there is more to be heard in a sound than near silence, which no wish is for."""
    return not is_nearly_silent(loudness_lufs(sound.waveform, sound.sample_rate), peak_dbfs(sound.waveform))


def _is_a_bed(prompt: Prompt, category: Category) -> bool:
    """Whether a sound goes on for a time that no take lasts, of a class that can."""
    seconds = prompt.duration_s
    usual = PerformanceSettings(category).chosen_way
    return usual == BED and not prompt.loop and seconds is not None and not CLIP_S <= seconds <= LONGEST_TAKE_S


def known_tags(prompt: Prompt, ranker: Ranker) -> tuple[str, ...]:
    """The tags of a reading that recordings of its class have; none where there are no statistics of tags."""
    category = prompt.category
    if category is None or not prompt.tags:
        return ()
    try:
        return tuple(tag for tag in prompt.tags if ranker.tags.get(category, tag) is not None)
    except TagError:
        return ()


def say(foley: Foley, sentence: str | Prompt, settings: SaySettings | None = None) -> list[Spoken]:
    """The sounds that a sentence asks for, each the best of several candidates.

    Raises PromptError when the sentence cannot be read or names no class.
    """
    return Speaker(foley).say(sentence, settings)
