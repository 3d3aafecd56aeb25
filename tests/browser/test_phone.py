"""A phone: all tabs can be reached, a finger scrolls, the take is above the fold, targets are large enough."""

from collections.abc import Iterator

import pytest
from visitor import sync_api, visit

expect = sync_api.expect

SMALL = """
() => [...document.querySelectorAll(':is(#top-bar, #tabs) :is(button, input, select, textarea, summary, a)')].filter(element => {
    const box = (element.closest('label') || element).getBoundingClientRect(), style = getComputedStyle(element);
    if (!element.offsetParent || style.visibility === 'hidden' || box.width < 2 || element.closest('.unseen')) return false;
    return Math.min(box.width, box.height) < 44;
}).map(element => `${element.outerHTML.slice(0, 90)} ${element.getBoundingClientRect().width} ${element.getBoundingClientRect().height}`)
"""  # noqa: E501


@pytest.fixture(scope="module")
def phone(browser, address) -> Iterator["sync_api.Page"]:
    context, page = visit(browser, address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    yield page
    context.close()


@pytest.fixture
def top(phone):
    phone.get_by_role("tab", name="Generate").tap()
    phone.evaluate("scrollTo(0, 0)")
    return phone


@pytest.mark.parametrize("tab", ["Reconstruct", "Explore", "Train", "Evaluate", "Generate"])
def test_every_tab_can_be_tapped(phone, tab):
    phone.get_by_role("tab", name=tab).tap(timeout=5000)
    expect(phone.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")


def test_nothing_is_wider_than_the_screen(top):
    assert top.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_model_menu_is_there(top):
    expect(top.locator("#model-menu input")).to_be_visible()


def test_the_take_begins_above_the_fold(top):
    box = top.locator(".take.ready sound-picture").bounding_box()
    assert box["y"] + box["height"] < 844


def touch(page, selector: str, places: list[tuple[float, float]], rest_ms: int = 0) -> None:
    """A finger that comes down at the first place (shares of the element), rests, goes on, and leaves."""
    box, session = page.locator(selector).bounding_box(), page.context.new_cdp_session(page)
    points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in places]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    page.wait_for_timeout(rest_ms)
    for point in points[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        page.wait_for_timeout(16)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(150)


@pytest.mark.parametrize("place", [".take.ready .codes", ".take.ready sound-picture"])
def test_a_swipe_over_the_pictures_scrolls_and_does_nothing_else(top, place):
    touch(top, place, [(0.5, 0.8 - 0.15 * step) for step in range(12)])
    assert top.evaluate("scrollY") > 40
    assert top.locator(".region:not([hidden])").count() == 0
    assert top.locator("[data-playing]").count() == 0


def test_a_finger_that_rests_draws_a_region(top):
    top.locator(".take.ready .codes").scroll_into_view_if_needed()
    before = top.evaluate("scrollY")
    touch(top, ".take.ready .codes", [(0.3, 0.3), (0.4, 0.5), (0.6, 0.7)], rest_ms=700)
    expect(top.locator(".region:not([hidden])")).to_have_count(1)
    assert top.evaluate("scrollY") == before


def test_targets_are_large_enough_for_a_finger_on_every_tab(top):
    for tab in ("Perform", "Reconstruct", "Explore", "Train", "Evaluate", "Generate"):
        top.get_by_role("tab", name=tab).tap()
        top.wait_for_timeout(300)  # Gradio lays a tab out when it is opened first
        assert top.evaluate(SMALL) == [], tab


def test_what_stands_in_a_row_is_not_cut_off(top):
    for tab, last in (("Explore", "#explore-dice"), ("Train", "#train-use")):
        top.get_by_role("tab", name=tab).tap()
        box = top.locator(last).bounding_box()
        assert box["x"] + box["width"] <= 390
    top.get_by_role("tab", name="Generate").tap()


def test_the_sheet_for_programs_offers_nothing_that_is_not_served(top):
    top.evaluate("document.querySelector('footer .show-api').click()")
    expect(top.locator("li.snippet").first).to_be_visible()
    assert [words for words in top.locator("li.snippet:visible").all_inner_texts() if "MCP" in words] == []
    top.keyboard.press("Escape")
    expect(top.locator(".api-docs")).to_have_count(0)


def test_no_word_of_keys_where_there_are_none(top):
    for tab in ("Perform", "Reconstruct", "Explore", "Train", "Evaluate", "Generate"):
        top.get_by_role("tab", name=tab).tap()
        assert top.locator("kbd:visible").count() == 0, tab
        assert top.get_by_text("Space").locator("visible=true").count() == 0, tab


def test_perform_is_at_hand_for_who_taps(top):
    top.get_by_role("tab", name="Perform").tap()
    tap, go = top.locator("#timeline [data-tap]"), top.locator("#perform")
    tap.scroll_into_view_if_needed()
    box, above = go.bounding_box(), tap.bounding_box()
    assert box["height"] >= 44 and box["width"] > 300 and box["x"] + box["width"] <= 390
    assert above["y"] + above["height"] < box["y"] and box["y"] + box["height"] <= 844
    top.get_by_role("tab", name="Generate").tap()
    expect(go).to_be_hidden()
