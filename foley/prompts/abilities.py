"""How far today's chain follows a reading: by what means each piece of it is met, or why it is not.

The model itself is asked for a class, a seed, a temperature and, where it hears them, knobs. All else is met around it:
events are cut from fresh takes and placed; knobs and tags choose among several takes; a longer sound is a continuation;
a loop is an export.
"""

from dataclasses import dataclass, replace
from functools import cache

from foley.perform.events import LONGEST_S, MOST_EVENTS
from foley.perform.settings import USUAL_WAY
from foley.pipeline import MOST_TAKES
from foley.prompts.reading import Piece, Prompt
from foley.prompts.schedule import has_events
from foley.prompts.tags import TagError, TagStatistics
from foley.takes.edits import LONGEST_S as LONGEST_TAKE_S

NO_CLASS = "No word names a class: say dog, steps, gunshot, keyboard, car, rain, cough or sneeze."
CLIP_S = 4.0  # the length of a take as it is drawn
_EVENTS = frozenset({"count", "pace", "every", "at", "after", "level", "ramp", "tempo"})


@dataclass(frozen=True)
class Answer:
    """A piece of a reading, whether it is met, and in words how, or why not.

    `mark` is what a reader has to know at a glance, in a word or two; empty where all is as it seems.
    """

    piece: Piece
    met: bool
    words: str
    mark: str = ""


def answers(prompt: Prompt, tags: TagStatistics | None = None, hears_knobs: bool = False) -> list[Answer]:
    """An answer to each piece that was understood, by a model that hears knobs or none.

    `tags` are the shipped statistics unless others are given.
    """
    tags = tags or _shipped_tags()
    found = []
    for piece in prompt.pieces:
        if piece.kind == "unknown":
            continue
        answer = _knob(prompt, piece, hears_knobs) if piece.kind == "knob" else _answer(prompt, piece, tags)
        found.append(answer if answer.met else replace(answer, mark="not followed"))
    return found


@cache
def _shipped_tags() -> TagStatistics | None:
    try:
        return TagStatistics.load()
    except TagError:
        return None


def unmet(prompt: Prompt, tags: TagStatistics | None = None, hears_knobs: bool = False) -> tuple[str, ...]:
    """Sentences about what was understood and cannot be followed."""
    sentences = (NO_CLASS,) if prompt.category is None and prompt.text.strip() else ()
    found = answers(prompt, tags, hears_knobs)
    return sentences + tuple(dict.fromkeys(answer.words for answer in found if not answer.met))


def _answer(prompt: Prompt, piece: Piece, tags: TagStatistics | None) -> Answer:
    kind, said = piece.kind, prompt.words(piece)
    if kind == "other":
        title = piece.value.title.lower()
        return Answer(piece, False, f"A sound is of one class: say “{said}” ({title}) in a sentence of its own.")
    if kind in _EVENTS:
        return _events(prompt, piece)
    if kind == "tag":
        return _tag(prompt, piece, tags)
    if kind == "duration":
        return _duration(prompt, piece)
    if kind == "takes" and piece.value > MOST_TAKES:
        return Answer(piece, False, f"{piece.value} takes are asked for: {MOST_TAKES} at once are the most.")
    if kind == "loop" and has_events(prompt):
        return Answer(piece, False, f"“{said}” cannot be followed: placed events are not crossfaded to a loop.")
    means = {"class": "the model is asked for it", "loop": "cut and crossfaded to a loop when it is written"}
    return Answer(piece, True, f"{piece.label}: {means.get(kind, 'followed')}")


def _events(prompt: Prompt, piece: Piece) -> Answer:
    said = prompt.words(piece)
    if prompt.category is None:
        return Answer(piece, False, f"“{said}” says how events follow each other, but no class is named.")
    if prompt.category in USUAL_WAY:
        title = prompt.category.title.lower()
        return Answer(piece, False, f"“{said}” cannot be followed: {title} has no single events to place.")
    if piece.kind == "count" and piece.value > MOST_EVENTS:
        return Answer(piece, False, f"{piece.value} events are asked for: {MOST_EVENTS} are the most.")
    if piece.kind == "at" and max(piece.value) >= LONGEST_S:
        return Answer(piece, False, f"“{said}” lies beyond {LONGEST_S:g} s, the longest sound.")
    taken = " (taken so: no number was said)" if piece.vague else ""
    words = f"{piece.label}{taken}: single events of fresh takes are placed"
    return Answer(piece, True, words, "taken so" if piece.vague else "")


def _knob(prompt: Prompt, piece: Piece, hears_knobs: bool) -> Answer:
    if piece.group:
        said = prompt.words(piece)
        if hears_knobs and has_events(prompt):
            return Answer(piece, True, f"{piece.label}: the model is asked for it, for these events alone")
        return Answer(piece, False, f"“{said}” is meant for some of the events, and this model cannot hear it.")
    later = next((other for other in reversed(prompt.pieces) if _is_same_knob(other, piece)), piece)
    if later is not piece:
        said = f"“{prompt.words(piece)}” and “{prompt.words(later)}” both set {piece.value[0]}: the later counts"
        return Answer(piece, True, said, "overruled")
    kept = "performances" if has_events(prompt) else "takes"
    if not hears_knobs:
        how, mark = f"this model cannot hear it; the nearest of several {kept} is kept", "not heard"
    else:
        how, mark = f"the model is asked for it, and the nearest of several {kept} is kept", ""
    return Answer(piece, True, f"{piece.label}: {how}", mark)


def _is_same_knob(one: Piece, other: Piece) -> bool:
    return one.kind == other.kind == "knob" and not one.group and one.value[0] == other.value[0]


def _tag(prompt: Prompt, piece: Piece, tags: TagStatistics | None) -> Answer:
    if prompt.category is None:
        return Answer(piece, False, f"“{piece.value}” describes a sound, but no class is named.")
    tag = tags.get(prompt.category, piece.value) if tags is not None else None
    if tag is None:
        title = prompt.category.title.lower()
        return Answer(piece, False, f"“{piece.value}” is understood, but no recordings of {title} are tagged so.")
    words = f"{piece.value} ({tag.support}): the nearest of several takes is kept"
    return Answer(piece, True, words, "weak" if tag.weak else "")


def _duration(prompt: Prompt, piece: Piece) -> Answer:
    seconds, means = piece.value, "continued to it"
    if prompt.loop:
        means = "continued to it; the loop is shorter, its seam lies where the ends are most alike"
    if has_events(prompt) or (prompt.category in USUAL_WAY and not prompt.loop):
        longest, shortest = LONGEST_S, 0.0
        means = "performed at that length"
    else:
        longest, shortest = LONGEST_TAKE_S, CLIP_S
    if seconds > longest:
        return Answer(piece, False, f"{seconds:g} s are asked for: {longest:g} s are the most here.")
    if seconds < shortest or seconds <= 0:
        return Answer(piece, False, f"{seconds:g} s are asked for, but a take lasts {CLIP_S:g} s: cut it afterwards.")
    return Answer(piece, True, f"{piece.label}: {means}")
