"""What the tests of the page share: a model whose pace can be set, and what a visitor does again and again."""

import time
from collections.abc import Iterator

import pytest

from foley.pipeline import Foley

sync_api = pytest.importorskip("playwright.sync_api", reason="these tests need playwright: pip install playwright")

PATIENCE_MS = 60_000  # tests may share their machine
sync_api.expect.set_options(timeout=PATIENCE_MS)


class PacedFoley(Foley):
    """A model that can be slowed down, so that there is time to press Stop; and that knows what it was asked for."""

    pause_s, steps, finished, closed = 0.0, 0, 0, 0

    def stream(self, *arguments, **settings) -> Iterator:
        try:
            for event in super().stream(*arguments, **settings):
                type(self).steps += 1
                time.sleep(self.pause_s)
                yield event
            type(self).finished += 1
        finally:
            type(self).closed += 1

    @classmethod
    def wait_until_closed(cls) -> None:
        """Wait until the work that was begun last has ended, in whichever thread."""
        until = time.monotonic() + PATIENCE_MS / 1000
        while not cls.closed:
            assert time.monotonic() < until, "the model works on"
            time.sleep(0.01)


SILENTLY = """
localStorage.getItem("foley-choices") ||
    localStorage.setItem("foley-choices", '{"listening": {"autoplay": false}}');
"""


def visit(browser, address: str, path: str = "", **settings) -> tuple:
    """A new visitor: a browser context of their own, and its page once it is ready. Nothing plays by itself there."""
    settings = {"viewport": {"width": 1440, "height": 900}, "accept_downloads": True} | settings
    context = browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(SILENTLY)
    window = context.new_page()
    window.goto(address + path)
    settle(window)
    return context, window


def settle(window) -> None:
    """Wait until a page that was loaded can be used: a take, if only the example, is on its stage."""
    sync_api.expect(window.locator("#seed input")).not_to_have_value("")
    sync_api.expect(window.locator(".take.ready[data-take]").first).to_be_attached()
    see(window)


def rows(page):
    """The rows of the library that are on the page: those in sight and a few more."""
    return page.locator("#library .take-row")


def total(page) -> int:
    """How many takes the library holds."""
    return page.evaluate("window.foley.library.takes().length")


def expect_total(page, count: int) -> None:
    """Wait until the library holds so many takes."""
    page.wait_for_function("(count) => window.foley?.library?.takes().length === count", arg=count)


def generate(page, count: int = 1) -> None:
    see(page)
    page.locator("#generate").click()
    drawn(page, count)


def drawn(page, count: int = 1) -> None:
    """Wait until so many takes are there that were not there at the last look, and the page says that it is done."""
    sync_api.expect(page.locator(".takes .take.ready:not([data-seen])")).to_have_count(count)
    sync_api.expect(page.locator(".takes .take.ready")).to_have_count(count)
    sync_api.expect(page.locator(".progress.done output")).to_contain_text("take")
    see(page)


def see(page) -> None:
    """Mark the takes on the stage: they are not those that come next."""
    page.evaluate("document.querySelectorAll('.takes .take').forEach(card => card.toggleAttribute('data-seen', true))")


def open_file(page, path) -> None:
    """Choose a file on the Perform tab."""
    with page.expect_file_chooser() as chooser:
        page.locator("#perform-file").click()
    chooser.value.set_files(path)


def events(stage) -> list[float]:
    """Times in seconds of the events on the timeline, as their labels say."""
    labels = stage.locator("[data-event]").evaluate_all("marks => marks.map(mark => mark.getAttribute('aria-label'))")
    return [float(label.split(" at ")[1].split(" s")[0]) for label in labels]
