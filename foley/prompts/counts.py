"""How many events: numbers, `twice`, `a bark`, `bark bark bark`."""

from foley.prompts.sentence import Sentence
from foley.prompts.vocabulary import COUNT_WORDS, MAKES, PERSONS, PREPOSITIONS

# what says nothing between a number and the event that it counts
_BETWEEN = frozenset({"of", "the", "sounding"})


def read_counts(sentence: Sentence) -> None:
    """Make pieces of all numbers that count events; others are left, and will be named."""
    for index, item in enumerate(sentence.items):
        if item.used:
            continue
        if item.kind in ("number", "vague number"):
            _read_number(sentence, index)
        elif item.kind == "times":
            sentence.add("count", item.value, index)
        elif item.kind == "multiple":
            _read_multiple(sentence, index)
        elif sentence.word(index) in COUNT_WORDS:
            sentence.add("count", COUNT_WORDS[sentence.word(index)], index)
    _read_articles(sentence)
    _read_repetitions(sentence)
    _read_verbs(sentence)


def _read_number(sentence: Sentence, index: int) -> None:
    item, group = sentence.items[index], sentence.group_of[index]
    noun = _noun_after(sentence, index)
    of_them = sentence.word(index).endswith(" of") and sentence.word(index + 1) in ("them", "those", "these")
    if sentence.word(index - 1) in MAKES and not _is_plural(sentence, noun):
        return  # Glock 17, single shot
    if noun is None and not of_them and not (group and _ends_its_group(sentence, index)):
        item.used = sentence.word(index) == "one" and sentence.kind(index + 1) == "every"
        return
    per = (noun if noun is not None else index) + 1
    if sentence.kind(per) == "per":  # two steps a second
        sentence.add("every", round(sentence.items[per].value / item.value, 6), per)
        item.used = True
    elif item.value == 1 and sentence.has("every", group):
        item.used = True  # one step every second is not one step
    else:
        sentence.add("count", item.value, index, vague=item.kind == "vague number")
        if sentence.word(index + 1) == "more":
            sentence.items[index + 1].used = True


def _is_plural(sentence: Sentence, noun: int | None) -> bool:
    meaning = sentence.meaning(noun) if noun is not None else None
    return meaning is not None and meaning.many


def _noun_after(sentence: Sentence, index: int) -> int | None:
    """The event that a number or an article counts: only words that describe it may stand between."""
    at = index + 1
    while sentence.kind(at) in ("meaning", "multiple", "unknown", "louder") or _comma_between(sentence, at):
        if sentence.is_event(at):
            while sentence.is_event(at + 1) and sentence.word(at + 1) != sentence.word(at):  # a pistol shot
                at += 1
            return at
        word = sentence.word(at)
        if word in PERSONS or word in PREPOSITIONS:
            return None
        if sentence.is_filler(at) and word not in _BETWEEN:
            return at if word in ("one", "ones") else None
        at += 1
    return None


def _comma_between(sentence: Sentence, index: int) -> bool:
    """Whether a comma parts two adjectives, as in `a dry, short shot`."""
    if sentence.word(index) != ",":
        return False
    before, after = sentence.meaning(index - 1), sentence.meaning(index + 1)
    return before is not None and bool(before.knobs) and after is not None and bool(after.knobs)


def _ends_its_group(sentence: Sentence, index: int) -> bool:
    """Whether after a number come only words about it: `then two more`, `then one louder`."""
    for at in range(index + 1, len(sentence.items)):
        kind = sentence.kind(at)
        if kind in ("mark", "break", "louder", "level", "ramp", "at", "every"):
            return True
        meaning = sentence.meaning(at)
        if meaning is None or not (meaning.knobs or meaning.pace or meaning.filler or meaning.tags):
            return sentence.word(at) == "more"
        if sentence.word(at) in PERSONS:
            return False
    return True


def _read_multiple(sentence: Sentence, index: int) -> None:
    """`double shot` is two; `single` says nothing beside another number, or of several."""
    item = sentence.items[index]
    noun = _noun_after(sentence, index)
    meaning = sentence.meaning(noun) if noun is not None else None
    if meaning is None:
        return
    if item.value == 1 and (sentence.has("count", sentence.group_of[index]) or meaning.many):
        item.used = True
    else:
        sentence.add("count", item.value, index)


def _read_articles(sentence: Sentence) -> None:
    """`a bark` is one bark, unless the words say how often it comes."""
    for index, item in enumerate(sentence.items):
        if item.used or sentence.word(index) not in ("a", "an", "another"):
            continue
        noun = _noun_after(sentence, index)
        meaning = sentence.meaning(noun) if noun is not None else None
        group = sentence.group_of[index]
        if sentence.kind(index + 1) == "at":
            item.used = True  # another at 2 s
        elif meaning is not None and meaning.one and not sentence.has("every", group) and not _counted(sentence, group):
            sentence.add("count", 1, index)


def _counted(sentence: Sentence, group: int) -> bool:
    return any(piece.kind == "count" and piece.group == group for piece in sentence.pieces)


def _read_repetitions(sentence: Sentence) -> None:
    """`bark bark bark` is three barks."""
    index = 0
    while index < len(sentence.items):
        last = index
        while sentence.is_event(index) and sentence.word(last + 1) == sentence.word(index):
            last += 1
        group = sentence.group_of[index]
        if last > index and not _counted(sentence, group):
            span = sentence.items[index].first, sentence.items[last].last
            sentence.add_span("count", last - index + 1, span, group)
        index = last + 1


def _read_verbs(sentence: Sentence) -> None:
    """`... three times, then sneezes`: a verb alone in a later group is one event."""
    for group in range(1, max(sentence.group_of, default=0) + 1):
        if _counted(sentence, group) or not _counted(sentence, 0):
            continue
        said = [
            index
            for index in sentence.members(group)
            if not (sentence.items[index].used or sentence.is_filler(index) or sentence.kind(index) == "mark")
        ]
        meaning = sentence.meaning(said[0]) if len(said) == 1 else None
        if meaning is not None and meaning.many and meaning.category is sentence.category:
            item = sentence.items[said[0]]
            sentence.add_span("count", 1, (item.first, item.last), group, vague=True)
