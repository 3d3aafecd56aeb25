"""What a visitor asks the model for, as values that can be handed to another process: each is called with a model."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.pipeline import Foley
from foley.prompts.reading import Prompt
from foley.prompts.say import SaySettings, Speaker, Spoken
from foley.sampling import Progress, SamplingSettings
from foley.takes.take import Take
from foley.ui.components.protocol import Continue, Edit, Region, Siblings
from foley.ui.session.stage import Stage

MOST_REDRAWS = 2  # times that nearly silent takes are drawn anew


@dataclass(frozen=True)
class Visit:
    """Who asks: the `stage` that is shown, the `token` of the library, the `model` chosen, and Gradio's `session`."""

    stage: Stage
    token: str
    model: str
    session: str


@dataclass(frozen=True)
class GenerateRequest:
    """`count` new takes of a class, with the seeds from `seed` on; with `any_seed` nobody asked for these very ones."""

    category: Category
    seed: int
    count: int
    temperature: float
    top_p: float
    knobs: tuple[tuple[str, float], ...] = ()
    any_seed: bool = False

    @property
    def title(self) -> str:
        """The class, in words."""
        return self.category.title

    def __call__(self, foley: Foley) -> Iterator[Progress | Take]:
        """Draw them, step by step. Raises ValueError for settings that cannot be."""
        settings = SamplingSettings(self.temperature, top_p=self.top_p)
        return foley.stream(self.category, self.seed, self.count, settings, Asked(knobs=dict(self.knobs)))


@dataclass(frozen=True)
class EditRequest:
    """`count` edits of a take, with the seeds from `seed` on; what `edit` says is drawn anew."""

    take: Take
    edit: Edit
    seed: int
    count: int
    temperature: float
    top_p: float

    @property
    def title(self) -> str:
        """The class, in words."""
        return self.take.category.title

    def __call__(self, foley: Foley) -> Iterator[Progress | Take]:
        """Draw them, step by step. Raises ValueError for an edit that cannot be."""
        how = (self.seed, self.count)
        settings = {"temperature": self.temperature, "top_p": self.top_p}
        match self.edit:
            case Siblings(distance=distance):
                return foley.stream_siblings(self.take, distance, *how, **settings)
            case Region(rows=rows, frames=frames):
                return foley.stream_region(self.take, rows, frames, *how, **settings)
            case Continue(seconds=seconds):
                return foley.stream_continuation(self.take, seconds, *how, **settings)


@dataclass(frozen=True)
class SayRequest:
    """The sounds of a sentence, each the best of several; `seed` is used where the sentence names none."""

    prompt: Prompt
    category: Category
    seed: int

    @property
    def title(self) -> str:
        """The class, in words."""
        return self.category.title

    @property
    def count(self) -> int:
        """How many sounds come."""
        return self.prompt.takes

    def __call__(self, foley: Foley) -> Iterator[float | Spoken]:
        """Make them, step by step: the share done, and the sounds. Raises ValueError for what cannot be."""
        return Speaker(foley).steps(self.prompt, SaySettings(self.seed))


Request = GenerateRequest | EditRequest | SayRequest


def parts(request: Request) -> list[Request]:
    """The first take alone, which is heard while the others are drawn, and the others. A take is the same in both."""
    if isinstance(request, SayRequest):
        return [request]
    first = replace(request, count=1)
    if request.count == 1:
        return [first]
    return [first, replace(request, seed=request.seed + 1, count=request.count - 1)]


def drawn(request: Request, draw: Callable[[Request], Any]) -> Generator[Any]:
    """The events of a request's parts, of which `draw` gives a generator each.

    Where any seed will do, a nearly silent take is left out and one of the next seed is drawn in its place, a few
    times at most: where the settings give hardly anything else, the last ones are what they are.
    """
    todo, seed = parts(request), request.seed + request.count
    redraws = MOST_REDRAWS if isinstance(request, GenerateRequest) and request.any_seed else 0
    while todo:
        silent = 0
        for part in todo:
            with closing(draw(part)) as events:
                for event in events:
                    if redraws and isinstance(event, Take) and event.is_nearly_silent:
                        silent += 1
                    else:
                        yield event
        todo = parts(replace(request, seed=seed, count=silent)) if silent else []
        seed, redraws = seed + silent, redraws - 1
