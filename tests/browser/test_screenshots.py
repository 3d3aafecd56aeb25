"""Pictures of every tab at three sizes, to be looked at: they lie in `tests/artefacts/`. Nothing is cut off at any."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from visitor import generate, sync_api, visit

expect = sync_api.expect
ARTEFACTS = Path(__file__).parents[1] / "artefacts"  # not kept: every run writes them anew
TABS = ("Generate", "Perform", "Reconstruct", "Explore", "Train", "Evaluate")
SIZES = {
    "1440x900": {"viewport": {"width": 1440, "height": 900}},
    "1440x813": {"viewport": {"width": 1440, "height": 813}, "color_scheme": "dark"},
    "390x844": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}


@pytest.fixture(scope="module", params=SIZES)
def sized(request, browser, address) -> Iterator[tuple["sync_api.Page", str]]:
    """A page of one size with a fresh take on it, and the size's name."""
    context, page = visit(browser, address, **SIZES[request.param])
    generate(page)
    yield page, request.param
    context.close()


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_is_as_wide_as_the_window_and_pictured(sized, tab):
    page, size = sized
    page.get_by_role("tab", name=tab).click()
    page.mouse.move(5, 5)
    page.wait_for_timeout(500)  # it is laid out when it is opened first
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{size}-{tab.lower()}.png", full_page="is_mobile" in SIZES[size])
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["viewport"]["width"]


def test_the_whole_card_is_seen_in_a_low_window(sized):
    page, size = sized
    page.get_by_role("tab", name="Generate").click()
    if "is_mobile" in SIZES[size]:
        pytest.skip("a phone scrolls")
    card = page.locator(".take.ready").bounding_box()
    assert card["y"] + card["height"] <= SIZES[size]["viewport"]["height"]
