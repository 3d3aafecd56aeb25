"""A reading changed by hand: values replaced, pieces taken back, keys that outlive a longer sentence."""

import pytest

from foley.categories import Category
from foley.prompts import PromptError, parse
from foley.prompts.changes import changed, keyed


def keys(sentence: str) -> list[str]:
    return [key for key, _ in keyed(parse(sentence))]


@pytest.mark.parametrize(
    ("key", "value", "name", "reading"),
    [
        ("class/steps/0", "DogBark", "category", Category.DogBark),
        ("knob/dark/0", 0.9, "knobs", {"brightness": 0.9}),
        ("tag/gravel/0", "wood", "tags", ("wood",)),
        ("seed/seed 7/0", 12, "seed", 12),
        ("temperature/strange/0", 0.8, "temperature", 0.8),
        ("knob/dark/0", None, "knobs", {}),
        ("seed/seed 7/0", None, "seed", None),
    ],
)
def test_a_piece_gets_another_value_or_none(key, value, name, reading) -> None:
    prompt = parse("three strange dark steps on gravel, seed 7")
    assert getattr(changed(prompt, [(key, value)]), name) == reading


def test_a_count_is_changed_for_its_events() -> None:
    prompt = changed(parse("three steps, then two steps"), [("count/two/0", 5)])
    assert [group.count for group in prompt.groups] == [3, 5]


def test_of_two_knobs_of_one_word_either_is_taken_back() -> None:
    prompt = parse("dog barking far away")
    for key, left in (("knob/far away/0", "brightness"), ("knob/far away/1", "loudness")):
        assert list(changed(prompt, [(key, None)]).knobs) == [left]
    assert changed(prompt, [("knob/far away/0", None), ("knob/far away/1", None)]).knobs == {}


def test_a_class_that_is_named_twice_is_changed_in_both_places() -> None:
    prompt = parse("a dog barks, a dog barking")
    first = next(key for key in keys(prompt.text) if key.startswith("class/"))
    assert changed(prompt, [(first, "Rain")]).category is Category.Rain
    assert changed(prompt, [(first, None)]).category is not Category.Rain


def test_a_key_stays_when_the_sentence_grows() -> None:
    before, after = keys("dark rain"), keys("a very long and dark rain, seed 4")
    assert set(before) - {"knob/dark/0"} <= set(after)
    assert "knob/dark/0" in after


def test_a_change_of_words_that_are_gone_says_nothing() -> None:
    prompt = parse("rain")
    assert changed(prompt, [("knob/dark/0", 0.2), ("knob/dark/0", None)]) == prompt


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("knob/dark/0", 1.5),
        ("knob/dark/0", "loud"),
        ("knob/dark/0", float("nan")),
        ("knob/dark/0", True),
        ("count/three/0", 2.5),
        ("count/three/0", -1),
        ("count/three/0", float("inf")),
        ("class/steps/0", "Cat"),
        ("pace/slow/0", "quick"),
        ("loop/loop/0", False),
    ],
)
def test_a_value_that_cannot_be_is_one_sentence(key, value) -> None:
    prompt = parse("three slow dark steps, loop")
    assert key in keys(prompt.text)
    with pytest.raises(PromptError, match=r"cannot be changed to|but not changed"):
        changed(prompt, [(key, value)])
