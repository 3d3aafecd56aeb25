"""Sentences and their readings: the test set written before the parser, the later lists, and single behaviours."""

import pytest
from readings import expected, plain

from foley.categories import Category
from foley.prompts import PromptError, parse

LISTS = ("sentences.jsonl", "held_out.jsonl", "held_out_later.jsonl", "held_out_third.jsonl")
ALL = [case for name in LISTS for case in expected(name)]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case["text"][:60] or "nothing")
def test_a_sentence_has_the_reading_that_was_written_for_it(case: dict) -> None:
    read = plain(parse(case["text"]))
    assert read == {name: case[name] for name in read}


def test_the_test_set_has_150_sentences_50_of_them_shaped_like_what_is_found_in_public() -> None:
    cases = expected("sentences.jsonl")
    assert len(cases) == 150
    assert sum(case.get("from", "own") != "own" for case in cases) == 50


def test_every_piece_names_the_words_that_it_came_from() -> None:
    prompt = parse("three slow heavy steps on gravel, far away, then one louder")
    words = {(piece.kind, prompt.words(piece)) for piece in prompt.pieces}
    assert {("count", "three"), ("pace", "slow"), ("class", "steps"), ("tag", "gravel"), ("level", "louder")} <= words
    assert {word for kind, word in words if kind == "knob"} == {"heavy", "far away"}


def test_a_piece_that_is_dropped_is_taken_back() -> None:
    prompt = parse("dark rain on leaves")
    dark = next(piece for piece in prompt.pieces if piece.kind == "knob")
    assert prompt.knobs == {"brightness": 0.2}
    assert prompt.without(dark).knobs == {}
    assert prompt.without(dark).tags == ("leaves",)


def test_a_piece_may_be_given_another_value() -> None:
    prompt = parse("three barks")
    count = next(piece for piece in prompt.pieces if piece.kind == "count")
    assert prompt.with_value(count, 5).groups[0].count == 5


def test_a_vague_number_says_that_it_was_taken() -> None:
    vague = [piece for piece in parse("a few barks").pieces if piece.vague]
    assert [(piece.kind, piece.value) for piece in vague] == [("count", 3)]


def test_a_sentence_that_is_too_long_is_refused_in_one_sentence() -> None:
    with pytest.raises(PromptError, match=r"^The sentence has 401 characters: say it in 400 or fewer\.$"):
        parse("x" * 401)


def test_capitals_and_typographic_marks_change_nothing() -> None:
    assert plain(parse("A MAN\u2019S COUGH")) == plain(parse("a man's cough"))


@pytest.mark.parametrize(
    ("word", "category"),
    [("dog", Category.DogBark), ("typing", Category.Keyboard), ("VEHMoto", Category.MovingMotorVehicle)],
)
def test_a_single_word_is_enough_for_a_class(word: str, category: Category) -> None:
    assert parse(word).category is category
