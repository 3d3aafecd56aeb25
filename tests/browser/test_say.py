"""Words for a sound: chips while they are typed, changed and taken back by keyboard, and the sound that Enter makes."""

from collections.abc import Iterator

import pytest
from visitor import PacedFoley, drawn, settle, sync_api, visit

expect = sync_api.expect


@pytest.fixture(scope="module")
def page(browser, hearing) -> Iterator["sync_api.Page"]:
    PacedFoley.pause_s = 0
    context, page = visit(browser, hearing)
    yield page
    context.close()


def chips(page):
    return page.locator(".chip:not(:has([data-as-said]))")


def say(page, words: str) -> None:
    """Type words by keyboard alone, from anywhere on the page."""
    page.locator("#say-words").blur()
    page.keyboard.press("y")
    expect(page.locator("#say-words")).to_be_focused()
    page.keyboard.type(words)


def test_words_become_chips_a_chip_is_changed_and_enter_makes_the_sound(page):
    say(page, "purple dark rain, seed 6")
    expect(chips(page)).to_have_text(["brightness 0.20✕", "Rain✕", "seed 6✕", "not understoodpurple"])
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # past the button, to the first chip
    page.keyboard.press("Enter")
    expect(page.get_by_label("Change brightness 0.20")).to_be_focused()
    page.keyboard.type("0.9")
    page.keyboard.press("Enter")
    expect(chips(page).first).to_have_text("brightness 0.90✕")
    page.locator("#say-words").press("Enter")
    drawn(page)
    card = page.locator(".take.ready")
    expect(card.locator(".asked")).to_have_text("bright 0.9")
    expect(card.locator(".kind")).to_have_text("best of 8")
    expect(page.locator("[data-knob=brightness] output")).to_have_text("0.90")
    expect(page.locator("#seed input")).to_have_value("6")


def test_what_is_taken_back_comes_back_as_said_and_a_reload_keeps_the_words(page):
    page.locator("#say-words").fill("dark rain far away")
    expect(chips(page)).to_have_count(4)
    page.get_by_label("Take back loudness 0.20").focus()
    page.keyboard.press("Delete")
    expect(chips(page)).to_have_count(3)
    page.get_by_label("Take back Rain").click()
    expect(chips(page)).to_have_count(2)
    expect(page.locator("#say .said")).to_contain_text("No word names a class")
    page.get_by_role("button", name="as said").click()
    expect(chips(page)).to_have_count(4)
    page.wait_for_function("location.hash.includes('dark+rain+far+away')")
    page.reload()
    settle(page)
    expect(page.locator("#say-words")).to_have_value("dark rain far away")
    expect(chips(page)).to_have_count(4)


def test_a_model_that_hears_no_knobs_says_so_on_the_chip(window):
    window.get_by_role("tab", name="Generate").click()
    say(window, "dark rain")
    expect(chips(window).first).to_have_text("brightness 0.20not heard✕")
    expect(window.locator("#say .said")).to_contain_text("this model cannot hear it")
    window.locator("#say-words").fill("")
    expect(chips(window)).to_have_count(0)


def test_on_a_phone_chips_are_large_enough_and_nothing_is_wider_than_the_screen(browser, hearing):
    axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")
    small = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context, page = visit(browser, hearing, "#category=4&say=three+slow+dark+steps+on+ice%2C+purple", **small)
    expect(chips(page)).to_have_count(6)
    for part in ("#say-words", "#say form > button", "[data-change] >> nth=0", "[data-take-back] >> nth=0"):
        box = page.locator(part).bounding_box()
        assert min(box["width"], box["height"]) >= 32, part
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = axe_core.Axe().run(page).response["violations"]
    assert [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]] == []
    context.close()
