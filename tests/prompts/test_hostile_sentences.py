"""Whatever is typed: a reading or one sentence, at once, the same each time, with every word accounted for."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foley.prompts import PromptError, parse
from foley.prompts.lexicon import LEXICON
from foley.prompts.scan import scan
from foley.prompts.tokens import LONGEST, tokenize
from foley.prompts.vocabulary import LOUDER, NEGATIONS

WORDS = sorted(
    {*LEXICON, *LOUDER, *NEGATIONS, "three", "one", "a", "0.5", "1.2 s", "every", "at", "then", "each", "very"}
)
SENTENCES = st.lists(st.sampled_from([*WORDS, ",", "xyzzy", "12", "-3", "dB", "of", "second"]), max_size=24).map(
    " ".join
)


@given(st.text(max_size=LONGEST))
@settings(max_examples=100, deadline=None)
def test_any_text_has_a_reading(text: str) -> None:
    prompt = parse(text)
    assert prompt.text == text
    assert prompt.takes >= 1
    assert all(0 <= piece.start < piece.end <= len(text) for piece in prompt.pieces)


@given(SENTENCES)
@settings(max_examples=100, deadline=None)
def test_no_word_is_dropped_in_silence(sentence: str) -> None:
    """Each word ends in a piece, or is one that says nothing of a sound."""
    sentence = sentence[:LONGEST]
    prompt = parse(sentence)
    covered = {place for piece in prompt.pieces for place in range(piece.start, piece.end)}
    for word in re.finditer(r"xyzzy|12", sentence):
        assert set(range(*word.span())) <= covered
    values = [value for group in prompt.groups for value in (group.count, group.every, *group.at) if value is not None]
    assert all(value >= 0 for value in values)
    assert all(0 <= value <= 1 for value in prompt.knobs.values())


@given(SENTENCES)
@settings(max_examples=100, deadline=None)
def test_the_same_sentence_has_the_same_reading(sentence: str) -> None:
    parse.cache_clear()
    first = parse(sentence[:LONGEST])
    parse.cache_clear()
    assert parse(sentence[:LONGEST]) == first


@given(st.text(max_size=LONGEST))
@settings(max_examples=100, deadline=None)
def test_items_cover_all_tokens_in_their_order(text: str) -> None:
    tokens = tokenize(text)
    covered = [place for item in scan(tokens) for place in range(item.first, item.last + 1)]
    assert covered == list(range(len(tokens)))


@pytest.mark.machine
def test_the_worst_sentences_are_read_in_a_moment() -> None:
    begun = time.perf_counter()
    for worst in (
        "one " * 100,
        "a " * 200,
        "1 " * 200,
        "at 1 s, " * 50,
        "hundred and " * 33,
        "\u0661" * 400,
        "(" * 400,
    ):
        parse(worst[:LONGEST])
    assert time.perf_counter() - begun < 10


def test_numbers_beyond_all_reason_are_named_and_not_counted() -> None:
    prompt = parse("9" * 390 + " barks")
    assert prompt.groups == ()
    assert prompt.unknown == ("9" * 390,)


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(PromptError, match=r"^[^.]+\.$"):
        parse("bark " * 100)
