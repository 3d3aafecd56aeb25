"""axe-core finds nothing on any tab, light and dark; and the page is laid out for those who cannot see it."""

import pytest
from visitor import generate, sync_api, visit

axe_core = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
expect = sync_api.expect
TABS = ("Generate", "Perform", "Reconstruct", "Explore", "Train", "Evaluate")


@pytest.fixture(scope="module")
def page(browser, address):
    context, page = visit(browser, address)
    generate(page)
    yield page
    context.close()


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(page, tab, dark):
    page.get_by_role("tab", name=tab).click()
    if page.evaluate("document.body.classList.contains('dark')") is not dark:
        page.get_by_label("Switch between dark and light").click()
    page.mouse.move(5, 5)
    page.wait_for_timeout(600)  # tabs are laid out and colours change softly
    found = axe_core.Axe().run(page).response["violations"]
    told = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
    assert told == []


def test_the_page_has_one_heading_of_the_first_order(page):
    assert page.locator("h1:visible").count() == 1


def test_pictures_say_what_they_show(page):
    page.get_by_role("tab", name="Generate").click()
    seed = page.locator(".take.ready").get_attribute("data-seed")
    for picture in page.locator(".take.ready :is(img, [role=img])").all():
        words = picture.get_attribute("alt") or picture.get_attribute("aria-label")
        assert seed in words


def test_ticked_boxes_can_be_seen_in_both_themes(page):
    page.get_by_role("tab", name="Generate").click()
    box = page.locator("#export [name=trim]")
    for _ in range(2):
        box.uncheck()
        page.mouse.move(5, 5)
        empty = box.screenshot()
        box.check()
        page.mouse.move(5, 5)
        assert box.screenshot() != empty
        assert box.evaluate("box => getComputedStyle(box).appearance") != "none"
        page.get_by_label("Switch between dark and light").click()
        page.wait_for_timeout(400)
