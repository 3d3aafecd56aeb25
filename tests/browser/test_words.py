"""The field for words: chips appear as one types, can be taken away and changed, and takes are made of them."""

import pytest
from visitor import sync_api

expect = sync_api.expect
pytestmark = pytest.mark.browser


def say(page, words: str) -> None:
    page.get_by_label("Say what to make").first.fill(words)


def chip(page, words: str):
    return page.locator("#words .chip").filter(has_text=words)


def test_what_is_understood_stands_in_chips_and_what_is_not_is_named(page) -> None:
    say(page, "strange purple dog barking, seed 5")
    expect(chip(page, "Dog bark")).to_be_visible()
    expect(page.locator("#words .chip input[aria-label=seed]")).to_have_value("5")
    expect(page.locator("#words [data-not-understood]")).to_have_text("Not understood: purple")


def test_a_chip_is_taken_away(page) -> None:
    say(page, "strange dog barking, seed 6")
    page.get_by_label("Take away seed 6").click()
    expect(page.locator("#words .chip input[aria-label=seed]")).to_have_count(0)
    expect(chip(page, "Dog bark")).to_be_visible()


def test_what_cannot_be_followed_is_said(page) -> None:
    say(page, "a dog barks, then a gunshot")
    expect(page.locator("#words [data-unmet]")).to_contain_text("A sound is of one class")


def test_takes_are_made_of_the_words(page) -> None:
    say(page, "rain, seed 41")
    chip(page, "Rain").wait_for()
    page.get_by_label("Say what to make").first.press("Enter")
    expect(page.locator(".take.ready[data-seed='41']").first).to_be_visible()


def test_words_of_markup_stay_words(page) -> None:
    say(page, "rain <img src=x onerror=alert(1)>")
    expect(page.locator("#words [data-not-understood]")).to_contain_text("<")
    assert page.locator("#words img").count() == 0
