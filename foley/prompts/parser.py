"""From a sentence to its reading: which class it is of, and what each word means there.

What is not understood is named and never guessed: every token ends in a piece, or is one of the words that say nothing
of a sound (`lexicon` lists them).
"""

from functools import lru_cache

from foley.categories import Category
from foley.prompts.classes import (
    choose_class,
    join_negations,
    number_groups,
    set_others_apart,
    set_surroundings_apart,
)
from foley.prompts.counts import read_counts
from foley.prompts.reading import Prompt
from foley.prompts.scan import scan
from foley.prompts.sentence import Sentence
from foley.prompts.tokens import tokenize
from foley.prompts.vocabulary import FAINT

# phrases that are pieces as they are found
_AS_FOUND = frozenset({"every", "at", "after", "level", "ramp", "takes", "seed", "temperature", "duration", "knob"})


@lru_cache(maxsize=256)
def parse(text: str) -> Prompt:
    """The reading of a sentence. The same sentence always has the same one.

    Raises PromptError when the sentence is too long.
    """
    tokens = tokenize(text)
    sentence = Sentence(text, tokens, scan(tokens))
    join_negations(sentence)
    sentence.category = choose_class(sentence)
    sentence.group_of = number_groups(sentence)
    set_others_apart(sentence)
    set_surroundings_apart(sentence)
    read_counts(sentence)
    for index, item in enumerate(sentence.items):
        if not item.used:
            _read_item(sentence, index)
    _name_the_rest(sentence)
    return Prompt(text, tuple(sorted(sentence.pieces, key=lambda piece: (piece.start, piece.end))))


def _read_item(sentence: Sentence, index: int) -> None:
    item = sentence.items[index]
    if item.kind == "after" and not _has_events_after(sentence, index):
        return  # a pause with nothing after it
    if item.kind in _AS_FOUND:
        if item.kind == "at" and not any(
            p.kind == "count" and p.group == sentence.group_of[index] for p in sentence.pieces
        ):
            sentence.add("count", len(item.value), index)
        sentence.add(item.kind, item.value, index)
    elif item.kind == "tempo":
        _read_tempo(sentence, index)
    elif item.kind == "step":
        _read_step(sentence, index)
    elif item.kind == "louder":
        _read_louder(sentence, index)
    elif item.kind == "mark":
        item.used = True
    elif item.kind == "meaning":
        _read_meaning(sentence, index)


def _has_events_after(sentence: Sentence, index: int) -> bool:
    """Whether after a pause anything is said that sounds."""
    return any(item.kind != "mark" for item in sentence.items[index + 1 :])


def _read_tempo(sentence: Sentence, index: int) -> None:
    value = sentence.items[index].value
    if sentence.category is Category.MovingMotorVehicle:
        sentence.add("tag", "accelerating" if value < 1 else "braking", index)
    else:
        sentence.add("tempo", value, index)


def _read_step(sentence: Sentence, index: int) -> None:
    """`each a little quieter`: from event to event; from the first to the last where their number is known."""
    step, group = sentence.items[index].value, sentence.group_of[index]
    count = next((piece.value for piece in sentence.pieces if piece.kind == "count" and piece.group == group), None)
    sentence.add("ramp", step * (count - 1) if count else (12.0 if step > 0 else -12.0), index)


def _read_louder(sentence: Sentence, index: int) -> None:
    """`louder` is a level against the events before, and of the first ones a knob."""
    level, far = sentence.items[index].value
    if _of_one_event(sentence, index):
        return
    if sentence.group_of[index]:
        sentence.add("level", level, index)
    else:
        sentence.add("knob", ("loudness", 0.5 + (0.3 if level > 0 else -0.3) * far), index)


def _read_meaning(sentence: Sentence, index: int) -> None:
    item, meaning = sentence.items[index], sentence.meaning(index)
    if meaning is None:
        return
    if meaning.category is not None and meaning.category is not sentence.category:
        if not meaning.tags or meaning.weight <= FAINT:
            return
    elif meaning.category is not None:
        sentence.add("class", meaning.category, index)
    item.used = item.used or meaning.filler
    for tag in meaning.tags:
        sentence.add("tag", tag, index)
    for knob, value in meaning.knobs.items():
        _read_knob(sentence, index, knob, value)
    if meaning.pace:
        sentence.add("pace", meaning.pace, index)
    if meaning.temperature is not None:
        far = 2.0 if item.degree > 1 else item.degree  # very strange
        sentence.add("temperature", round(1 + (meaning.temperature - 1) * far, 3), index)
    if meaning.loop:
        sentence.add("loop", True, index)


def _read_knob(sentence: Sentence, index: int, knob: str, value: float) -> None:
    item, group = sentence.items[index], sentence.group_of[index]
    if _of_one_event(sentence, index) or (group and not sentence.speaks_of_class(group)):
        return
    if group and knob == "loudness":
        sentence.add("level", round(20 * (value - 0.5) * item.degree, 1), index)
    else:
        sentence.add("knob", (knob, round(0.5 + (value - 0.5) * item.degree, 3)), index)


def _of_one_event(sentence: Sentence, index: int) -> bool:
    """Whether what an item says is meant for one event among several, as in `the third step louder`."""
    members = sentence.members(sentence.group_of[index])
    return any(sentence.kind(before) == "ordinal" for before in members if before < index)


def _name_the_rest(sentence: Sentence) -> None:
    for item in sentence.items:
        if item.used:
            continue
        if item.kind == "not ours":
            for token in range(item.first, item.last + 1):
                _name(sentence, token, token)
        else:
            _name(sentence, item.first, item.last)


def _name(sentence: Sentence, first: int, last: int) -> None:
    """Name tokens that were not understood; those that touch others before them are one word with them."""
    start, end = sentence.tokens[first].start, sentence.tokens[last].end
    before = sentence.pieces[-1] if sentence.pieces else None
    if before is not None and before.kind == "unknown" and before.end == start:
        sentence.pieces.pop()
        first = next(number for number, token in enumerate(sentence.tokens) if token.start == before.start)
        start = before.start
    sentence.add_span("unknown", sentence.text[start:end], (first, last))
