"""A rater at a desk with keys only, and one with a phone: both get through a listening test, and go on after a stop."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from listening.conftest import prepared  # noqa: F401 - a fixture
from visitor import PATIENCE_MS, sync_api

from foley.listening.page import build_page, launch_settings
from foley.listening.plan import ListeningTest
from foley.listening.ratings import Ratings

expect = sync_api.expect
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="module")
def folder(prepared: Path, tmp_path_factory) -> Path:  # noqa: F811
    return copytree(prepared, tmp_path_factory.mktemp("served") / "test")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[str]:
    page = build_page(folder)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
    yield url
    page.close(verbose=False)


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request, browser, served: str) -> Iterator["sync_api.Page"]:
    context = browser.new_context(**request.param)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(served)
    yield page
    context.close()


def start(page) -> str:
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".count")).to_contain_text("1 of")
    return page.locator(".code b").inner_text()


def heard(page) -> None:
    expect(page.locator(".hint")).to_have_text("")


def test_a_test_is_rated_by_keys_alone(page, folder: Path):
    code, total = start(page), len(ListeningTest.read(folder).trials(0))
    for number in range(total):
        expect(page.locator(".count")).to_have_text(f"{number + 1} of {total}")
        heard(page)  # it played by itself
        for digit in ["3", "x"][: page.locator("fieldset").count()]:
            page.keyboard.press(digit)
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    ratings = Ratings(folder, ListeningTest.read(folder))
    rated = ratings.of(ratings.rater(code))
    assert len(rated) == total
    assert {tuple(rating.scores.values()) for rating in rated.values()} == {(3, 10), (3,)}


def test_next_waits_until_a_sound_was_heard_and_rated(page):
    start(page)
    following = page.get_by_role("button", name="Next")
    heard(page)
    expect(following).to_be_disabled()
    page.locator("fieldset").first.locator("label").nth(4).click()
    expect(following).to_be_disabled()
    page.locator("fieldset").last.locator("label").nth(10).click()
    expect(following).to_be_enabled()


def test_a_rater_goes_on_after_the_page_was_loaded_again_and_can_go_back(page):
    code = start(page)
    heard(page)
    page.keyboard.press("4")
    page.keyboard.press("8")
    page.keyboard.press("Enter")
    expect(page.locator(".count")).to_contain_text("2 of")
    page.reload()
    expect(page.locator(".count")).to_contain_text("2 of")
    assert page.locator(".code b").inner_text() == code
    page.get_by_role("button", name="Back").click()
    expect(page.locator(".count")).to_contain_text("1 of")
    assert [radio.get_attribute("value") for radio in page.locator("input:checked").all()] == ["4", "8"]


def test_another_browser_goes_on_with_the_code(page, browser, served: str):
    code = start(page)
    context = browser.new_context(**PHONE)
    other = context.new_page()
    other.goto(served)
    other.get_by_label("go on with your code").fill("nonsense")
    other.get_by_role("button", name="Go on").click()
    expect(other.get_by_role("alert")).to_contain_text("no rater of that code")
    other.get_by_label("go on with your code").fill(code)
    other.get_by_role("button", name="Go on").click()
    expect(other.locator(".code b")).to_have_text(code)
    context.close()


def test_nothing_that_the_browser_gets_names_a_system(page, folder: Path):
    said = []
    page.on(
        "response",
        lambda response: said.append(response.url + (_text(response) if "static" not in response.url else "")),
    )
    page.reload()
    start(page)
    heard(page)
    test = ListeningTest.read(folder)
    names = {*test.systems, str(folder.parent), *(item.sources[0] for item in test.items)} - {"recording", "anchor"}
    words = json.dumps(said) + page.content()
    assert "clips" in words and not [name for name in names if name in words]


def _text(response) -> str:
    try:
        return response.text()
    except sync_api.Error:
        return ""


def test_everything_fits_the_screen_and_a_thumb(page):
    start(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    sizes = page.evaluate(
        "[...document.querySelectorAll('.listening-test label, .listening-test button')]"
        ".map(element => element.getBoundingClientRect()).map(box => [box.width, box.height])"
    )
    assert all(width >= 28 and height >= 44 for width, height in sizes)
    if page.viewport_size["width"] < 500:
        assert page.get_by_role("button", name="Next").bounding_box()["y"] < 844  # all of a trial is in sight
