"""Which class a sentence is of, what it says of other things, and which words do not describe the sound."""

from foley.categories import Category
from foley.prompts.lexicon import Meaning
from foley.prompts.scan import Item
from foley.prompts.sentence import Sentence
from foley.prompts.vocabulary import HINT, LOW, PREPOSITIONS, SOURCE

MODIFIER = 0.3  # how much a class counts that is named after a preposition, as in `footsteps in the rain`


def join_negations(sentence: Sentence) -> None:
    """Make `without thunder` and `not too loud` one unknown each, and `no echo` dry."""
    kept: list[Item] = []
    skip = -1
    for index, item in enumerate(sentence.items):
        if index <= skip:
            continue
        if item.kind == "negation":
            last = index + 1
            while sentence.word(last) in ("too", "a", "any", "the", "so", "very", "of"):
                last += 1
            if sentence.kind(last) not in ("", "mark"):
                item, skip = _negated(item, sentence.items[last]), last
        kept.append(item)
    sentence.items = kept


def _negated(negation: Item, item: Item) -> Item:
    meaning = item.meaning
    if meaning is not None and meaning.knobs.get("tail", 0) > 0.5 and not meaning.place:
        return Item("meaning", Meaning(knobs={"tail": LOW}), negation.first, item.last)
    return Item("unknown", None, negation.first, item.last)


def choose_class(sentence: Sentence) -> Category | None:
    """The class whose words are the surest; the first of equals. None when no word is sure enough."""
    best, chosen = 0.0, None
    for index, item in enumerate(sentence.items):
        meaning = item.meaning
        if meaning is None or meaning.category is None or meaning.weight < HINT:
            continue
        weight = meaning.weight * (MODIFIER if after_preposition(sentence, index) else 1.0)
        if weight > best:
            best, chosen = weight, meaning.category
    return chosen


def after_preposition(sentence: Sentence, index: int) -> bool:
    """Whether an item belongs to a phrase such as `on a dark wooden ...`."""
    for before in range(index - 1, -1, -1):
        if sentence.word(before) in PREPOSITIONS:
            return True
        if sentence.kind(before) != "degree" and not _is_adjective(sentence, before):
            return False
    return False


def _is_adjective(sentence: Sentence, index: int) -> bool:
    if sentence.word(index) in ("a", "an", "the", "it"):
        return True
    meaning = sentence.items[index].meaning
    if meaning is None:
        return False
    sure = bool(meaning.tags) and meaning.weight <= SOURCE
    return bool(meaning.knobs or meaning.pace or meaning.per_class) or sure


def number_groups(sentence: Sentence) -> list[int]:
    """The number of the group of events that each item speaks of: `then` and pauses begin a new one."""
    group, full, groups = 0, False, []
    for item in sentence.items:
        if item.kind in ("break", "after") and full:
            group, full = group + 1, False
        groups.append(group)
        if item.kind == "break":
            item.used = True
        elif item.kind not in ("after", "mark") and not (item.meaning is not None and item.meaning.filler):
            full = True
    return groups


def set_others_apart(sentence: Sentence) -> None:
    """Name other classes, each with the adjectives before it, and with all that its group of events says of it."""
    for index, item in enumerate(sentence.items):
        meaning = sentence.meaning(index)
        if item.used or meaning is None or meaning.weight < SOURCE or sentence.category is None:
            continue
        if meaning.category is None or meaning.category is sentence.category:
            continue
        members = _members_of_other(sentence, index)
        for member in members:
            sentence.items[member].used = True
        span = sentence.items[members[0]].first, sentence.items[members[-1]].last
        sentence.add_span("other", meaning.category, span)


def _members_of_other(sentence: Sentence, index: int) -> list[int]:
    group = sentence.group_of[index]
    members = sentence.members(group)
    ours = any(
        meaning is not None and meaning.category is sentence.category for meaning in map(sentence.meaning, members)
    )
    if group and not ours:
        return members
    first = index
    while first > 0 and _describes(sentence, first - 1):
        first -= 1
    return list(range(first, index + 1))


def _describes(sentence: Sentence, index: int) -> bool:
    meaning = sentence.meaning(index)
    return not sentence.items[index].used and meaning is not None and bool(meaning.knobs or meaning.pace)


def set_surroundings_apart(sentence: Sentence) -> None:
    """Adjectives of what stands around the sound, as in `in a quiet room`, or of its echo, do not describe it."""
    for index, item in enumerate(sentence.items):
        meaning = sentence.meaning(index)
        if item.used or meaning is None or not meaning.knobs or meaning.place:
            continue
        after = sentence.meaning(index + 1)
        around = sentence.kind(index + 1) in ("unknown", "not ours") or (
            after is not None and (after.place or (bool(after.tags) and after.category is None))
        )
        of_echo = "pitch" in meaning.knobs and after is not None and "tail" in after.knobs and not after.place
        if of_echo or (around and after_preposition(sentence, index)):
            sentence.items[index] = Item("unknown", None, item.first, item.last)
