"""A sentence as tokens: lower-case words, numbers and punctuation, each with its place in the sentence."""

import re
from dataclasses import dataclass

LONGEST = 400  # characters: a sentence, not a page

_TOKEN = re.compile(
    r"(?<!\S)[+-](?=[0-9])[0-9]+(?:[.,][0-9]+)?"  # a signed number stands after a space
    r"|[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])"
    r"|[0-9]+(?:[.,][0-9]+)?"
    r"|[^\W\d_]+(?:'[^\W\d_]+)?"
    r"|(?<=[0-9])[-\u2013](?=[0-9])"
    r"|[,;:.!?()/&%@=]"
    r"|[^\s\w-]"
    r"|[^\W_]"
)
PUNCTUATION = frozenset(",;:.!?()/")


class PromptError(ValueError):
    """A sentence that cannot be read at all; the message says why, and what to do."""


@dataclass(frozen=True)
class Token:
    """A lower-case word, number or mark, and where it stands: characters from `start` up to before `end`."""

    word: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of a sentence. Hyphens and underscores part words, as in file names.

    Raises PromptError when it is too long.
    """
    if len(text) > LONGEST:
        raise PromptError(f"The sentence has {len(text)} characters: say it in {LONGEST} or fewer.")
    plain = text.replace("\u2019", "'").replace("\u00d7", "x")
    return [Token(_word(match[0]), match.start(), match.end()) for match in _TOKEN.finditer(plain)]


def _word(word: str) -> str:
    if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+", word):
        return word.replace(",", "")
    if word.strip("+-")[:1].isdigit():
        return word.replace(",", ".")
    if word in ("-", "\u2013"):
        return "to"  # between two numbers
    return word.lower().removesuffix("'s")


def touching(before: Token, after: Token) -> bool:
    """Whether nothing stands between two tokens, as in `48kHz`."""
    return before.end == after.start
