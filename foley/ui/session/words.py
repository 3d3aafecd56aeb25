"""A sentence as a request: of several takes for each that is asked for, the nearest to what was said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from foley.pipeline import Foley
from foley.prompts import Piece, Prompt, PromptError, parse
from foley.prompts.abilities import NO_CLASS
from foley.prompts.ranking import Ranker, Score, Wishes
from foley.prompts.say import BEST_OF, known_tags
from foley.sampling import Progress
from foley.takes.edits import LONGEST_S
from foley.takes.take import Take

_RANKER = Ranker()  # its networks are loaded once, whoever asks


def reading(text: str, dropped: tuple[int, ...] = (), values: Mapping[int, float] | None = None) -> Prompt:
    """A sentence as read, without the pieces that were dropped and with the numbers that were changed, by their place.

    Raises PromptError when it is too long, or a number cannot be.
    """
    prompt = parse(text)
    kept = []
    for place, piece in enumerate(prompt.pieces):
        if place not in dropped:
            changed = (values or {}).get(place)
            kept.append(piece if changed is None else replace(piece, value=_changed(piece, changed)))
    return replace(prompt, pieces=tuple(kept))


def place_of(piece: Piece, text: str) -> int:
    """Where a piece, changed or not, stands among all that were read in a sentence."""
    return next(place for place, other in enumerate(parse(text).pieces) if _name(other) == _name(piece))


def _name(piece: Piece) -> tuple:
    what = piece.value[0] if piece.kind == "knob" else piece.value if piece.kind == "tag" else ""
    return piece.start, piece.end, piece.kind, what


def number_of(piece: Piece) -> float | None:
    """The number of a piece, where it has one that can be changed."""
    value = piece.value[1] if piece.kind == "knob" else piece.value
    return float(value) if piece.kind in _NUMBERS else None


_NUMBERS = {"takes": (1, 64), "seed": (0, 2**53), "duration": (0.1, 300), "temperature": (0, 2), "knob": (0, 1)}


def _changed(piece: Piece, value: float) -> object:
    if piece.kind not in _NUMBERS:
        raise PromptError(f"“{piece.label}” holds no number that can be changed.")
    least, most = _NUMBERS[piece.kind]
    if not least <= value <= most:
        raise PromptError(f"{value:g} is asked for, but {piece.kind} goes from {least:g} to {most:g}.")
    if piece.kind == "knob":
        return piece.value[0], value
    return int(value) if piece.kind in ("takes", "seed") else value


@dataclass(frozen=True)
class WordsRequest:
    """`count` takes of a reading, each the best of `best_of`, with the seeds from `seed` on."""

    prompt: Prompt
    seed: int
    count: int
    temperature: float
    top_p: float
    best_of: int = BEST_OF
    ranker: Ranker = field(default=_RANKER, repr=False)

    @property
    def title(self) -> str:
        """The class, in words. Raises PromptError where none is named."""
        if self.prompt.category is None:
            raise PromptError(NO_CLASS)
        return self.prompt.category.title

    def __call__(self, foley: Foley) -> Iterator[Progress | Take]:
        """Draw the candidates and keep the best, step by step. Raises ValueError for settings that cannot be."""
        wishes, seconds = self._wishes(), self.prompt.duration_s
        best_of = self.best_of if wishes else 1
        for number in range(self.count):
            candidates = []
            first = self.seed + number * best_of
            for event in foley.draw(wishes.category, first, self.temperature, best_of, top_p=self.top_p):
                if isinstance(event, Take):
                    candidates.append(event)
                else:
                    yield event
            scores: list[Score] = self.ranker.scores([take.waveform for take in candidates], foley.sample_rate, wishes)
            best = candidates[max(range(best_of), key=lambda place: scores[place].total)]
            if seconds is None or seconds <= best.duration_s:
                yield best
            else:
                yield from foley.draw_continuation(best, min(seconds, LONGEST_S - 0.1), best.seed)

    def _wishes(self) -> Wishes:
        if self.prompt.category is None:
            raise PromptError(NO_CLASS)
        return Wishes(self.prompt.category, self.prompt.knobs, known_tags(self.prompt, self.ranker))
