"""A sentence while it is read: its items, what is known of it so far, and questions about neighbours."""

from dataclasses import dataclass, field
from typing import Any

from foley.categories import Category
from foley.prompts.lexicon import Meaning
from foley.prompts.reading import Piece
from foley.prompts.scan import Item
from foley.prompts.tokens import Token


@dataclass
class Sentence:
    """Tokens, items and pieces found so far; `group_of` numbers each item's group of events."""

    text: str
    tokens: list[Token]
    items: list[Item]
    category: Category | None = None
    group_of: list[int] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    def add(self, kind: str, value: Any, index: int, vague: bool = False) -> None:
        """Make a piece of an item."""
        item = self.items[index]
        self.add_span(kind, value, (item.first, item.last), self.group_of[index], vague)
        item.used = True

    def add_span(self, kind: str, value: Any, span: tuple[int, int], group: int = 0, vague: bool = False) -> None:
        """Make a piece of the tokens from the first to the last of a span."""
        start, end = self.tokens[span[0]].start, self.tokens[span[1]].end
        self.pieces.append(Piece(kind, value, start, end, group, vague))

    def word(self, index: int) -> str:
        """An item's words in lower case; nothing beyond either end."""
        if not 0 <= index < len(self.items):
            return ""
        item = self.items[index]
        return " ".join(token.word for token in self.tokens[item.first : item.last + 1])

    def kind(self, index: int) -> str:
        return self.items[index].kind if 0 <= index < len(self.items) else ""

    def meaning(self, index: int) -> Meaning | None:
        """What an item means in a sentence of this class, where it is a word that we know."""
        if self.kind(index) != "meaning":
            return None
        return self.items[index].value.within(self.category)

    def is_event(self, index: int) -> bool:
        """Whether an item names an event of the class that can be counted."""
        meaning = self.meaning(index)
        return meaning is not None and (meaning.one or meaning.many) and meaning.category is self.category

    def is_filler(self, index: int) -> bool:
        meaning = self.meaning(index)
        return meaning is not None and meaning.filler

    def members(self, group: int) -> list[int]:
        """The items of a group of events."""
        return [index for index, number in enumerate(self.group_of) if number == group]

    def has(self, kind: str, group: int) -> bool:
        """Whether a group has an item or a piece of a kind."""
        return any(piece.kind == kind and piece.group == group for piece in self.pieces) or any(
            self.items[index].kind == kind for index in self.members(group)
        )

    def speaks_of_class(self, group: int) -> bool:
        """Whether a group names the sentence's class or counts its events."""
        named = any(
            meaning is not None and meaning.category is self.category is not None
            for meaning in map(self.meaning, self.members(group))
        )
        return named or self.has("count", group) or self.has("every", group)
