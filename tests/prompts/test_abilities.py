"""What today's chain can follow of a reading, and the sentences about what it cannot."""

import numpy as np
import pytest

from foley.categories import Category
from foley.prompts import parse
from foley.prompts.abilities import answers, unmet
from foley.prompts.tags import TagStatistics


@pytest.fixture(scope="module")
def tags() -> TagStatistics:
    """Gravel from six sources, tin from one."""
    embeddings = np.random.default_rng(0).standard_normal((7, 8))
    names = [frozenset({"gravel"})] * 6 + [frozenset({"metal"})]
    return TagStatistics.of("test", embeddings, [Category.Footstep] * 7, list("abcdefg"), names)


def test_a_sentence_that_can_be_followed_leaves_nothing_unmet(tags: TagStatistics) -> None:
    prompt = parse("three slow steps on gravel, dark, seed 4")
    assert unmet(prompt, tags) == ()
    assert all(answer.met and answer.words for answer in answers(prompt, tags))


def test_a_tag_with_few_sources_says_that_it_is_weak(tags: TagStatistics) -> None:
    (words,) = [answer.words for answer in answers(parse("steps on metal"), tags) if answer.piece.kind == "tag"]
    assert "weak: 1 clip of 1 source" in words


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("", None),
        ("a slow dark thing", "No word names a class"),
        ("steps on leather carpet", "“carpet” is understood, but no recordings of footstep are tagged so."),
        ("three rains", None),
        ("slow rain", "“slow” cannot be followed: rain has no single events to place."),
        ("a dog barks, then a gunshot", "A sound is of one class"),
        ("dog barks for 40 seconds", "30 s are the most here"),
        ("dog barking, 1 s", "cut it afterwards"),
        ("rain for 400 seconds", "300 s are the most here"),
        ("9999 barks", "5000 are the most"),
        ("two barks, then a dark bark", "some of the events, and this model cannot hear it"),
        ("four steps in a loop", "not crossfaded"),
        ("70 takes of a bark", "64 at once are the most"),
        ("a bark at 301 s", "beyond 300 s"),
    ],
)
def test_what_cannot_be_followed_is_said_in_a_sentence(sentence: str, reason: str | None, tags: TagStatistics) -> None:
    said = unmet(parse(sentence), tags)
    assert (said == ()) if reason is None else any(reason in words for words in said), said


def test_a_number_that_was_taken_is_said_to_be_taken(tags: TagStatistics) -> None:
    assert any("taken so" in answer.words for answer in answers(parse("a few barks"), tags))


def test_a_model_that_hears_no_knobs_says_so_and_one_that_does_is_asked(tags: TagStatistics) -> None:
    (deaf,), (hearing,) = (answers(parse("dark rain"), tags, hears)[:1] for hears in (False, True))
    assert "this model cannot hear it" in deaf.words and deaf.mark == "not heard"
    assert "the model is asked for it" in hearing.words and hearing.mark == ""


def test_a_knob_of_some_events_is_asked_for_them_alone_where_the_model_hears_it(tags: TagStatistics) -> None:
    said = parse("two barks, then a dark bark")
    assert unmet(said, tags, hears_knobs=True) == ()
    assert any("these events alone" in answer.words for answer in answers(said, tags, hears_knobs=True))


def test_what_needs_a_second_look_is_marked(tags: TagStatistics) -> None:
    marks = {answer.piece.kind: answer.mark for answer in answers(parse("a few steps on metal, then a bark"), tags)}
    assert marks["count"] == "taken so" and marks["tag"] == "weak" and marks["other"] == "not followed"


def test_of_two_words_for_one_knob_the_earlier_is_overruled(tags: TagStatistics) -> None:
    found = {answer.piece.value: answer for answer in answers(parse("dark rain, far away"), tags, hears_knobs=True)}
    assert found["brightness", 0.2].mark == "overruled" and "the later counts" in found["brightness", 0.2].words
    assert found["brightness", 0.35].mark == ""
