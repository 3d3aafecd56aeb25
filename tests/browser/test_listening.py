"""Takes are heard first: pictures of the sound, playing when ready, one level for all, one after the other."""

from collections.abc import Iterator

import pytest
from visitor import PacedFoley, drawn, generate, rows, settle, sync_api, visit

from foley.ui.session import generation

expect = sync_api.expect

LOUDNESS_HEARD = """
(row) => Number(row.dataset.loudness) + 20 * Math.log10(window.foley.gain(row))
"""


@pytest.fixture
def fresh(browser, address) -> Iterator["sync_api.Page"]:
    context, page = visit(browser, address)
    yield page
    context.close()


def test_a_new_visitor_finds_an_example_that_plays_at_the_first_key(fresh):
    expect(fresh.locator(".take.ready")).to_have_count(1)
    fresh.keyboard.press(" ")
    expect(fresh.locator(".take.ready")).to_have_attribute("data-playing", "")
    expect(rows(fresh)).to_have_count(1)


def test_waveform_and_spectrogram_of_the_sound_come_first_and_the_inside_of_the_model_below(page):
    generate(page)
    page.locator("sound-picture[drawn]").wait_for()
    sound, inside = (page.locator(f".take.ready {part}").bounding_box() for part in ("sound-picture", ".inside"))
    assert sound["height"] > 0.9 * inside["height"]
    assert sound["y"] + sound["height"] <= inside["y"]
    labels = page.evaluate("document.querySelector('sound-picture').shadowRoot.querySelector('.ticks').textContent")
    assert labels.replace(" Hz", "") == "5001k2k4k8k"


def test_the_inside_of_the_model_is_folded_away_with_one_switch_and_that_is_remembered(fresh):
    inside = fresh.locator(".take.ready .inside")
    expect(inside).to_be_visible()
    fresh.locator(".take.ready [data-fold]").click()
    expect(inside).to_be_hidden()
    fresh.reload()
    settle(fresh)
    expect(inside).to_be_hidden()
    fresh.keyboard.press("h")
    expect(inside).to_be_visible()


def test_a_take_plays_when_it_is_ready_where_that_is_wanted_and_not_where_it_is_not(fresh):
    generate(fresh)
    fresh.wait_for_timeout(500)
    assert fresh.locator("[data-playing]").count() == 0
    fresh.get_by_label("Play when ready").check()
    fresh.locator("#generate").click()
    expect(fresh.locator(".take.ready[data-playing]")).to_have_count(1)


def test_the_first_of_several_takes_is_heard_while_the_others_are_still_drawn(fresh, monkeypatch):
    monkeypatch.setattr(generation, "FIRST_HEARD_S", 600)  # it is the page that says when to go on
    fresh.get_by_label("Play when ready").check()
    fresh.get_by_label("number input for Variations").fill("4")
    fresh.get_by_label("number input for Variations").blur()
    PacedFoley.pause_s = 0.1
    fresh.locator("#generate").click()
    expect(fresh.locator(".take.waiting")).to_have_count(3)
    PacedFoley.pause_s = 1  # the others take their time, however long the first one needs to be heard
    expect(fresh.locator(".take.ready[data-playing]")).to_have_count(1)
    assert fresh.locator(".take.waiting").count() == 3
    PacedFoley.pause_s = 0
    drawn(fresh, 4)


def test_arrows_audition_the_library(fresh):
    generate(fresh)
    generate(fresh)
    fresh.get_by_label("Play when ready").check()
    rows(fresh).nth(2).click()
    fresh.keyboard.press("ArrowUp")
    expect(rows(fresh).nth(1)).to_have_attribute("data-playing", "")
    fresh.keyboard.press("ArrowUp")
    expect(rows(fresh).nth(0)).to_have_attribute("data-playing", "")
    expect(rows(fresh).nth(1)).not_to_have_attribute("data-playing", "")


def test_volume_and_even_loudness_set_what_is_heard(fresh):
    row = rows(fresh).first
    row.evaluate("row => Object.assign(row.dataset, {loudness: -40, peak: -30})")
    assert row.evaluate(LOUDNESS_HEARD) == pytest.approx(-40)
    fresh.get_by_label("Even loudness").check()
    assert row.evaluate(LOUDNESS_HEARD) == pytest.approx(-23)
    fresh.keyboard.press("[")
    fresh.keyboard.press("[")
    assert row.evaluate(LOUDNESS_HEARD) == pytest.approx(-23 - 0.915, abs=0.01)
    row.evaluate("row => Object.assign(row.dataset, {loudness: -60, peak: -3})")
    assert row.evaluate(LOUDNESS_HEARD) < -57, "what would clip is not turned up"


def test_a_take_that_is_nearly_silent_says_so(fresh):
    fresh.evaluate("""
        () => window.foley.library.receive({all: true, version: 0, gone: [], trashed: 0,
            takes: window.foley.library.takes().map(take => ({...take, quiet: true}))})
    """)
    expect(rows(fresh).first).to_contain_text("nearly silent")


def test_the_loop_is_heard_before_it_is_exported(page):
    generate(page)
    page.get_by_role("button", name="Hear the loop").click()
    expect(page.locator("#progress output")).to_contain_text("A loop of")
    expect(page.locator("#said")).to_contain_text("The loop plays")
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_be_hidden()


def test_zoom_stretches_every_picture_along_one_axis(fresh):
    before = fresh.locator(".take.ready .codes").bounding_box()["width"]
    for _ in range(3):
        fresh.keyboard.press("+")
    for part in (".codes", "sound-picture"):
        assert fresh.locator(f".take.ready {part}").bounding_box()["width"] == pytest.approx(4 * before, rel=0.02)
    assert fresh.evaluate("document.documentElement.scrollWidth") <= 1440
