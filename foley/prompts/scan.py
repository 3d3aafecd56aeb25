"""From tokens to items: what each word or phrase could mean, before it is known what the sentence speaks of."""

from dataclasses import dataclass
from typing import Any

from foley.prompts.lexicon import LEXICON, LONGEST_PHRASE, Meaning
from foley.prompts.phrases import find
from foley.prompts.tokens import PUNCTUATION, Token, touching
from foley.prompts.vocabulary import DEGREES, FOREIGN_UNITS, MULTIPLES, NEGATIONS, NOT_OURS, ORDINALS


@dataclass
class Item:
    """A stretch of tokens from `first` to `last` and its kind.

    The kinds are those of phrases, and `meaning` (value: a Meaning), `degree`, `negation`, `ordinal`, `multiple`,
    `mark` (punctuation) and `unknown`. `degree` is how far a word before it takes it from the middle.
    """

    kind: str
    value: Any
    first: int
    last: int
    degree: float = 1.0
    used: bool = False  # it has become a piece, or needs none

    @property
    def meaning(self) -> Meaning | None:
        return self.value if self.kind == "meaning" else None


def scan(tokens: list[Token]) -> list[Item]:
    """Items that cover all tokens, each the longest that is known from where it begins."""
    line = " ".join(token.word for token in tokens)
    starts, ends, place = [], {}, 0
    for number, token in enumerate(tokens):
        starts.append(place)
        ends[place + len(token.word)] = number
        place += len(token.word) + 1
    items, at = [], 0
    while at < len(tokens):
        item = _longest(tokens, line, starts, ends, at)
        items.append(item)
        at = item.last + 1
    return _with_degrees(items)


def _longest(tokens: list[Token], line: str, starts: list[int], ends: dict[int, int], at: int) -> Item:
    found = find(line, ends, starts, at)
    best = None if found is None else Item(found.kind, found.value, at, found.last)
    for length in range(min(LONGEST_PHRASE, len(tokens) - at), 0, -1):
        if best is not None and best.last - at + 1 >= length:
            break
        item = _known([token.word for token in tokens[at : at + length]], at)
        if item is not None:
            return item
    if best is not None:
        if best.kind in ("number", "per") and _foreign(tokens, best.last + 1):
            return Item("unknown", None, at, best.last + 1)
        return best
    if tokens[at].word in PUNCTUATION:
        return Item("mark", tokens[at].word, at, at)
    last = at
    if tokens[at].word.strip("+-")[:1].isdigit() and _foreign(tokens, at + 1):
        last = at + 1
    while last + 1 < len(tokens) and touching(tokens[last], tokens[last + 1]) and tokens[last + 1].word.isalnum():
        last += 1
    return Item("unknown", None, at, last)


def _known(words: list[str], at: int) -> Item | None:
    phrase, last = " ".join(words), at + len(words) - 1
    if phrase in NOT_OURS:
        return Item("not ours", None, at, last)
    if phrase in LEXICON:
        return Item("meaning", LEXICON[phrase], at, last)
    if phrase in DEGREES:
        return Item("degree", DEGREES[phrase], at, last)
    if phrase in NEGATIONS:
        return Item("negation", None, at, last)
    if phrase in MULTIPLES:
        return Item("multiple", MULTIPLES[phrase], at, last)
    if phrase in ORDINALS:
        return Item("ordinal", None, at, last)
    return None


def _foreign(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].word in FOREIGN_UNITS


def _with_degrees(items: list[Item]) -> list[Item]:
    """Words such as `very` joined to the word that follows, where that has degrees."""
    joined: list[Item] = []
    for item in items:
        before = joined[-1] if joined else None
        if before is not None and before.kind == "degree" and _has_degrees(item):
            item.first, item.degree = before.first, before.value
            joined.pop()
        joined.append(item)
    return joined


def _has_degrees(item: Item) -> bool:
    meaning = item.meaning
    return meaning is not None and bool(meaning.knobs or meaning.pace or meaning.temperature or meaning.per_class)
