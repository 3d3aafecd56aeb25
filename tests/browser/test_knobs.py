"""Knobs on the Generate tab, with a model that hears them: turned, released, drawn with the same seed, remembered."""

from collections.abc import Iterator

import pytest
from visitor import PacedFoley, drawn, expect_total, generate, settle, sync_api, total, visit

expect = sync_api.expect


@pytest.fixture
def page(browser, hearing) -> Iterator["sync_api.Page"]:
    PacedFoley.pause_s = 0
    context, page = visit(browser, hearing)
    yield page
    context.close()
    PacedFoley.pause_s = 0


def slider(page, name: str):
    return page.get_by_role("slider", name=name)


def said(page, name: str):
    """What stands beside a knob's name."""
    return page.locator(f"[data-knob={name.lower()}] output")


def turn(page, name: str, value: float) -> None:
    slider(page, name).fill(str(value))


def test_no_knobs_where_the_model_hears_none(window):
    window.get_by_role("tab", name="Generate").click()
    expect(window.locator("#generate")).to_be_visible()
    expect(window.locator("details.knobs")).to_have_count(0)


def test_every_knob_is_as_it_comes_until_it_is_turned(page):
    names = ("Pitch", "Tone", "Brightness", "Loudness", "Density", "Tail")
    for name in names:
        expect(said(page, name)).to_have_text("as it comes")
        expect(slider(page, name)).to_have_attribute("aria-valuetext", "as it comes")
    turn(page, "Tone", 0.8)
    expect(said(page, "Tone")).to_have_text("0.80")
    expect(said(page, "Pitch")).to_have_text("as it comes")


def test_generate_asks_for_the_knobs_and_the_card_says_so(page):
    page.get_by_test_id("Rain-radio-label").click()  # the example is no rain: nothing is drawn yet
    turn(page, "Tone", 0.8)
    turn(page, "Brightness", 0.2)
    generate(page)
    expect(page.locator(".take.ready .asked")).to_have_text("tonal 0.8, dark 0.2")


def test_a_knob_that_is_let_go_draws_the_same_seed_again(page):
    page.locator("#seed input").fill("41")
    generate(page)
    before = total(page)
    turn(page, "Density", 0.9)
    drawn(page)
    expect(page.locator(".take.ready")).to_have_attribute("data-seed", "41")
    expect(page.locator(".take.ready .asked")).to_have_text("dense 0.9")
    page.locator("[data-knob=density] [data-release]").click()
    drawn(page)
    expect(page.locator(".take.ready")).to_have_attribute("data-seed", "41")
    expect(page.locator(".take.ready .asked")).to_be_hidden()
    assert total(page) == before + 1  # without its knob it is the take that was there first


def test_while_it_draws_the_newest_value_wins(page):
    generate(page)
    before = total(page)
    PacedFoley.pause_s = 0.03  # far longer than the values take to come
    turn(page, "Tail", 0.9)
    expect(page.locator("#progress output")).to_contain_text("Drawing")
    for value in (0.7, 0.6, 0.1):
        turn(page, "Tail", value)
        page.wait_for_timeout(200)
    expect(page.locator(".take.ready .asked")).to_have_text("dry 0.1")
    expect_total(page, before + 2)


def test_stop_forgets_what_was_turned_meanwhile(page):
    generate(page)
    PacedFoley.pause_s = 0.1
    turn(page, "Tail", 0.9)
    expect(page.locator("#progress output")).to_contain_text("Drawing")
    turn(page, "Tail", 0.1)
    page.wait_for_timeout(300)
    page.locator("#stop").click()
    expect(page.locator("#progress output")).to_have_text("Stopped")
    page.wait_for_timeout(1200)
    expect(page.locator("#progress output")).to_have_text("Stopped")


@pytest.mark.parametrize("how", ["double click", "Delete", "Backspace", "button"])
def test_a_knob_is_released(page, how):
    page.get_by_test_id("Rain-radio-label").click()
    before = total(page)
    turn(page, "Loudness", 0.9)
    expect(said(page, "Loudness")).to_have_text("0.90")
    if how == "double click":
        slider(page, "Loudness").dblclick()
    elif how == "button":
        page.get_by_role("button", name="Loudness as it comes").click()
    else:
        slider(page, "Loudness").focus()
        page.keyboard.press(how)
    expect(said(page, "Loudness")).to_have_text("as it comes")
    page.wait_for_timeout(400)
    assert total(page) == before  # no take was deleted by the key, none drawn of another class


def test_arrows_turn_a_knob_and_a_click_on_its_middle_asks_for_the_usual(page):
    page.get_by_test_id("Rain-radio-label").click()
    slider(page, "Pitch").focus()
    page.keyboard.press("ArrowRight")
    expect(said(page, "Pitch")).to_have_text("0.55")
    slider(page, "Tail").click()
    expect(said(page, "Tail")).to_have_text("0.50")
    generate(page)
    expect(page.locator(".take.ready .asked")).to_have_text("high 0.55, usual tail")


def test_knobs_and_the_fold_are_there_after_a_reload_and_in_the_address(page):
    turn(page, "Brightness", 0.7)
    page.locator(".knobs summary").click()
    page.wait_for_function("location.hash.includes('knob.brightness=0.7')")
    page.reload()
    settle(page)
    expect(page.locator(".knobs summary")).to_contain_text("1 turned")
    expect(slider(page, "Brightness")).to_be_hidden()
    page.locator(".knobs summary").click()
    expect(said(page, "Brightness")).to_have_text("0.70")


def test_an_address_turns_knobs_and_what_is_none_is_left_out(browser, hearing):
    address = "#tab=generate&category=3&seed=7&locked=true&knob.tone=0.25&knob.warmth=0.5&knob.tail=2"
    context, page = visit(browser, hearing, address)
    expect(said(page, "Tone")).to_have_text("0.25")
    expect(said(page, "Tail")).to_have_text("as it comes")
    generate(page)
    expect(page.locator(".take.ready .asked")).to_have_text("noisy 0.25")
    context.close()


def test_the_settings_of_a_take_are_those_of_its_knobs_too(page):
    page.get_by_test_id("Rain-radio-label").click()
    turn(page, "Tone", 0.8)
    generate(page)
    page.get_by_test_id("Keyboard-radio-label").click()
    turn(page, "Tone", 0.1)
    turn(page, "Tail", 0.1)
    page.get_by_role("button", name="Use its settings").click()
    expect(said(page, "Tone")).to_have_text("0.80")
    expect(said(page, "Tail")).to_have_text("as it comes")


def test_axe_finds_nothing_with_knobs_turned(page):
    axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.get_by_test_id("Rain-radio-label").click()
    turn(page, "Tone", 0.8)
    generate(page)
    for _ in range(2):
        page.mouse.move(5, 5)
        page.wait_for_timeout(600)
        found = axe_core.Axe().run(page).response["violations"]
        assert [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]] == []
        page.get_by_label("Switch between dark and light").click()


def test_on_a_phone_every_part_of_a_knob_is_large_enough_for_a_finger(browser, hearing):
    context, page = visit(
        browser, hearing, "#category=4&knob.tone=0.8", viewport={"width": 390, "height": 844}, has_touch=True,
        is_mobile=True,
    )  # fmt: skip
    for part in (".knobs summary", "[data-knob=tone] input", "[data-knob=tone] button"):
        box = page.locator(part).bounding_box()
        assert min(box["width"], box["height"]) >= 44, part
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
