"""From a sentence to its reading: which class it is of, and what each word means there.

What is not understood is named and never guessed: every token ends in a piece, or is one of the words that say nothing
of a sound (`lexicon` lists them).
"""

from functools import lru_cache

from foley.categories import Category
from foley.prompts.lexicon import COUNT_WORDS, FAINT, HINT, PERSONS, PREPOSITIONS, SOURCE, Meaning
from foley.prompts.reading import Piece, Prompt
from foley.prompts.scan import Item, scan
from foley.prompts.tokens import Token, tokenize

MODIFIER = 0.3  # how much a class counts that is named after a preposition, as in `footsteps in the rain`


@lru_cache(maxsize=256)
def parse(text: str) -> Prompt:
    """The reading of a sentence. The same sentence always has the same one.

    Raises PromptError when the sentence is too long.
    """
    return _Reader(text, tokenize(text)).read()


class _Reader:
    """One pass over the items of a sentence; `pieces` grow as they are understood."""

    def __init__(self, text: str, tokens: list[Token]):
        self.text, self.tokens, self.items = text, tokens, scan(tokens)
        self.pieces: list[Piece] = []
        self.category: Category | None = None
        self.group_of: list[int] = []

    def read(self) -> Prompt:
        self._negations()
        self.category = self._choose_class()
        self.group_of = self._groups()
        self._others()
        self._surroundings()
        self._counts()
        for index, item in enumerate(self.items):
            if not item.used:
                self._understand(index, item)
        self._name_what_is_left()
        pieces = sorted(self.pieces, key=lambda piece: (piece.start, piece.end))
        return Prompt(self.text, tuple(_without_empty_groups(pieces)))

    # --- pieces and neighbours

    def _add(self, kind: str, value: object, item: Item, group: int | None = None, vague: bool = False) -> None:
        index = self.items.index(item)
        number = self.group_of[index] if group is None else group
        start, end = self.tokens[item.first].start, self.tokens[item.last].end
        self.pieces.append(Piece(kind, value, start, end, number, vague))
        item.used = True

    def _meaning(self, index: int) -> Meaning | None:
        """What an item means in this sentence, where it is a word."""
        if not 0 <= index < len(self.items):
            return None
        meaning = self.items[index].meaning
        return meaning.within(self.category) if meaning is not None else None

    def _is_event(self, index: int) -> bool:
        meaning = self._meaning(index)
        return meaning is not None and (meaning.one or meaning.many) and meaning.category is self.category

    def _is_filler(self, index: int) -> bool:
        meaning = self._meaning(index)
        return meaning is not None and meaning.filler

    def _word(self, index: int) -> str:
        item = self.items[index]
        return " ".join(token.word for token in self.tokens[item.first : item.last + 1])

    # --- what the sentence speaks of

    def _negations(self) -> None:
        """`without thunder` and `not too loud` become one unknown; `no echo` is dry."""
        kept: list[Item] = []
        skip = -1
        for index, item in enumerate(self.items):
            if index <= skip:
                continue
            if item.kind == "negation" and index + 1 < len(self.items):
                last = index + 1
                while last + 1 < len(self.items) and (self._word(last) in ("too", "a", "any", "the", "so", "very", "of")):
                    last += 1
                if self.items[last].kind != "mark":
                    item = self._negated(item, self.items[last])
                    skip = last
            kept.append(item)
        self.items = kept

    @staticmethod
    def _negated(negation: Item, item: Item) -> Item:
        meaning = item.meaning
        if meaning is not None and meaning.knobs.get("tail", 0) > 0.5 and not meaning.place:
            return Item("meaning", Meaning(knobs={"tail": 0.2}), negation.first, item.last)
        return Item("unknown", None, negation.first, item.last)

    def _choose_class(self) -> Category | None:
        best, chosen = 0.0, None
        for index, item in enumerate(self.items):
            meaning = item.meaning
            if meaning is None or meaning.category is None:
                continue
            weight = meaning.weight * (MODIFIER if self._after_preposition(index) else 1.0)
            if meaning.weight >= HINT and weight > best:
                best, chosen = weight, meaning.category
        return chosen

    def _after_preposition(self, index: int) -> bool:
        """Whether a noun belongs to a phrase such as `on a dark wooden ...`."""
        index -= 1
        while index >= 0 and self.items[index].kind in ("meaning", "degree"):
            if self._word(index) in PREPOSITIONS:
                return True
            meaning = self.items[index].value if self.items[index].kind == "meaning" else None
            adjective = meaning is not None and (
                self._word(index) in ("a", "an", "the", "it")
                or meaning.knobs or (meaning.tags and meaning.weight <= SOURCE) or meaning.pace or meaning.per_class
            )  # fmt: skip
            if self.items[index].kind == "meaning" and not adjective:
                return False
            index -= 1
        return False

    def _groups(self) -> list[int]:
        """The number of the group of events that each item speaks of: `then` and pauses begin a new one."""
        group, full, groups = 0, False, []
        for item in self.items:
            if item.kind in ("break", "after") and full:
                group, full = group + 1, False
            groups.append(group)
            if item.kind == "break":
                item.used = True
            elif item.kind not in ("after", "mark") and not (item.meaning is not None and item.meaning.filler):
                full = True
        return groups

    def _others(self) -> None:
        """Other classes, each with the adjectives before it, and with all that a group of events says of it alone."""
        for index, item in enumerate(self.items):
            meaning = item.meaning
            if item.used or meaning is None or meaning.category in (None, self.category) or meaning.weight < SOURCE:
                continue
            if meaning.within(self.category) is not meaning or self.category is None:
                continue
            group = self.group_of[index]
            members = [i for i in range(len(self.items)) if self.group_of[i] == group] if group else [index]
            if any(self._meaning(i) and self._meaning(i).category is self.category for i in members):
                members = [index]
            first, last = min(members), max(members)
            while first == index and first > 0 and self._describes(first - 1):
                first -= 1
            for i in range(first, last + 1):
                self.items[i].used = True
            joined = Item("other", None, self.items[first].first, self.items[last].last)
            start, end = self.tokens[joined.first].start, self.tokens[joined.last].end
            self.pieces.append(Piece("other", meaning.category, start, end))

    def _describes(self, index: int) -> bool:
        meaning = self._meaning(index)
        return not self.items[index].used and meaning is not None and bool(meaning.knobs or meaning.pace)

    def _surroundings(self) -> None:
        """Adjectives of what stands around the sound, as in `in a quiet room`, do not describe the sound."""
        for index, item in enumerate(self.items):
            meaning = self._meaning(index)
            if item.used or meaning is None or not meaning.knobs or meaning.place or index + 1 >= len(self.items):
                continue
            after = self._meaning(index + 1)
            surrounds = self.items[index + 1].kind in ("unknown", "not ours") or (
                after is not None and (after.place or (bool(after.tags) and after.category is None))
            )
            if surrounds and self._after_preposition(index):
                self.items[index] = Item("unknown", None, item.first, item.last)

    # --- how many

    def _counts(self) -> None:
        for index, item in enumerate(self.items):
            if item.used or item.kind not in ("number", "vague number", "multiple", "times", "unknown", "meaning"):
                continue
            if item.kind in ("number", "vague number"):
                self._number(index, item)
            elif item.kind == "times":
                self._add("count", item.value, item)
            elif item.kind == "multiple":
                self._multiple(index, item)
            elif self._word(index) in COUNT_WORDS:
                self._add("count", COUNT_WORDS[self._word(index)], item)
        self._articles()
        self._repeated()
        self._verbs()

    def _number(self, index: int, item: Item) -> None:
        noun = self._noun_after(index)
        pronoun = self._word(index) == "one" or noun is None
        later = self.group_of[index] > 0 and self._rest_is_adjectives(index)
        if noun is not None or later or self._word(index).endswith(" of") and self._them(index + 1):
            per = self._following(noun if noun is not None else index, "per")
            if per is None and item.value == 1 and self._recurs(index):
                item.used = True
            elif per is not None:
                self._add("every", round(per.value / item.value, 6), per)
                item.used = True
            else:
                self._add("count", item.value, item, vague=item.kind == "vague number")
                if index + 1 < len(self.items) and self._word(index + 1) == "more":
                    self.items[index + 1].used = True
        elif pronoun and self._following(index, "every") is not None:
            item.used = True

    def _recurs(self, index: int) -> bool:
        """Whether the group says how often its event comes: `one step every second` is not one step."""
        group = self.group_of[index]
        return any(item.kind == "every" and self.group_of[i] == group for i, item in enumerate(self.items))

    def _them(self, index: int) -> bool:
        return index < len(self.items) and self._word(index) in ("them", "those", "these")

    def _following(self, index: int, kind: str) -> Item | None:
        after = self.items[index + 1] if index + 1 < len(self.items) else None
        return after if after is not None and after.kind == kind else None

    def _noun_after(self, index: int) -> int | None:
        """The event that a number counts: only adjectives may stand between."""
        at = index + 1
        while at < len(self.items) and self.items[at].kind in ("meaning", "multiple", "unknown", "louder"):
            if self._is_event(at):
                while self._is_event(at + 1):  # a dog bark, a pistol shot
                    at += 1
                return at
            meaning = self._meaning(at)
            if self._word(at) in PERSONS or self._word(at) in PREPOSITIONS:
                return None
            if meaning is not None and meaning.filler and self._word(at) not in ("of", "the"):
                return at if self._word(at) in ("ones", "one") else None
            at += 1
        return None

    def _rest_is_adjectives(self, index: int) -> bool:
        """Whether after a number come only words about it: `then two more`, `then one louder`."""
        for at in range(index + 1, len(self.items)):
            item = self.items[at]
            if item.kind in ("mark", "break", "after") or self.group_of[at] != self.group_of[index]:
                return True
            meaning = self._meaning(at)
            if item.kind in ("louder", "level", "ramp", "at", "every"):
                return True
            if meaning is None or not (meaning.knobs or meaning.pace or meaning.filler or meaning.tags):
                return self._word(at) == "more"
            if self._word(at) in PERSONS:
                return False
        return True

    def _multiple(self, index: int, item: Item) -> None:
        counted = any(piece.kind == "count" and piece.group == self.group_of[index] for piece in self.pieces)
        if self._noun_after(index) is None:
            return
        if item.value == 1 and counted:
            item.used = True
        else:
            self._add("count", item.value, item)

    def _articles(self) -> None:
        """`a bark` is one bark, unless the words say how often it comes."""
        for index, item in enumerate(self.items):
            if item.used or self._word(index) not in ("a", "an", "another"):
                continue
            noun = self._noun_after(index)
            if noun is None or not self._meaning(noun) or not self._meaning(noun).one:
                continue
            group = self.group_of[index]
            if not self._recurs(index) and not self._has_count(group):
                self._add("count", 1, item)

    def _has_count(self, group: int) -> bool:
        return any(piece.kind == "count" and piece.group == group for piece in self.pieces)

    def _repeated(self) -> None:
        """`bark bark bark` is three barks."""
        index = 0
        while index < len(self.items):
            last = index
            while self._is_event(index) and last + 1 < len(self.items) and self._word(last + 1) == self._word(index):
                last += 1
            if last > index and not self._has_count(self.group_of[index]):
                whole = self.items[index]
                start, end = self.tokens[whole.first].start, self.tokens[self.items[last].last].end
                self.pieces.append(Piece("count", last - index + 1, start, end, self.group_of[index]))
            index = last + 1

    def _verbs(self) -> None:
        """`... three times, then sneezes`: a verb alone in a later group is one event."""
        for group in range(1, max(self.group_of, default=0) + 1):
            inside = [i for i in range(len(self.items)) if self.group_of[i] == group and not self.items[i].used]
            if self._has_count(group) or not self._has_count(0):
                continue
            said = [i for i in inside if not self._is_filler(i) and self.items[i].kind != "mark"]
            if len(said) == 1 and self._is_event(said[0]) and self._meaning(said[0]).many:
                item = self.items[said[0]]
                self._add("count", 1, item, vague=True)
                item.used = False  # it may be a tag, too

    # --- everything else

    def _understand(self, index: int, item: Item) -> None:
        kind = item.kind
        if kind in ("every", "at", "after", "level", "ramp", "tempo", "takes", "seed", "temperature", "duration", "knob"):
            if kind == "tempo" and self.category is Category.MovingMotorVehicle:
                self._add("tag", "accelerating" if item.value < 1 else "braking", item)
            else:
                self._add(kind, item.value, item)
            if kind == "at" and not self._has_count(self.group_of[index]):
                self._add("count", len(item.value), item)
        elif kind == "step":
            count = next((p.value for p in self.pieces if p.kind == "count" and p.group == self.group_of[index]), None)
            self._add("ramp", item.value * (count - 1) if count else 12.0 if item.value > 0 else -12.0, item)
        elif kind == "louder":
            self._louder(index, item)
        elif kind == "mark":
            item.used = True
        elif kind == "meaning":
            self._mean(index, item)

    def _louder(self, index: int, item: Item) -> None:
        level, degree = item.value
        if self._ordinal_before(index):
            return
        if self.group_of[index]:
            self._add("level", level, item)
        else:
            far = {None: 0.3}.get(degree, 0.45 if abs(level) > 6 else 0.15)
            self._add("knob", ("loudness", 0.5 + (far if level > 0 else -far)), item)

    def _ordinal_before(self, index: int) -> bool:
        group = self.group_of[index]
        return any(self.items[i].kind == "ordinal" and self.group_of[i] == group for i in range(index))

    def _mean(self, index: int, item: Item) -> None:
        meaning = self._meaning(index)
        if meaning is None:
            return
        if meaning.category is not None and meaning.category is self.category:
            self._add("class", meaning.category, item)
        elif meaning.category is not None and not meaning.tags:
            return
        elif meaning.category is not None and meaning.weight <= FAINT and self.category is not meaning.category:
            return
        if meaning.filler:
            item.used = True
        for tag in meaning.tags:
            self._add("tag", tag, item)
        for knob, value in meaning.knobs.items():
            self._knob(index, item, knob, value)
        if meaning.pace:
            self._add("pace", meaning.pace, item)
        if meaning.temperature is not None:
            self._add("temperature", round(1 + (meaning.temperature - 1) * _stronger(item.degree), 3), item)
        if meaning.loop:
            self._add("loop", True, item)

    def _knob(self, index: int, item: Item, knob: str, value: float) -> None:
        if self._ordinal_before(index):
            return
        group = self.group_of[index]
        if group and knob == "loudness":
            self._add("level", round(20 * (value - 0.5) * item.degree, 1), item)
        else:
            self._add("knob", (knob, round(0.5 + (value - 0.5) * item.degree, 3)), item)

    def _name_what_is_left(self) -> None:
        for item in self.items:
            if item.used:
                continue
            if item.kind == "not ours":
                for token in range(item.first, item.last + 1):
                    self._unknown(token, token)
            else:
                self._unknown(item.first, item.last)

    def _unknown(self, first: int, last: int) -> None:
        """Name tokens that were not understood; those that touch others before them are one word with them."""
        start, end = self.tokens[first].start, self.tokens[last].end
        before = self.pieces[-1] if self.pieces else None
        if before is not None and before.kind == "unknown" and before.end == start:
            self.pieces.pop()
            start = before.start
        self.pieces.append(Piece("unknown", self.text[start:end], start, end))


def _stronger(degree: float) -> float:
    """`very strange` goes twice as far as `strange`, `slightly strange` half as far."""
    return 2.0 if degree > 1 else degree


def _without_empty_groups(pieces: list[Piece]) -> list[Piece]:
    return pieces
