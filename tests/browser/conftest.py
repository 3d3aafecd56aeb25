"""A browser, a studio on the tiny model, and a visitor's window."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny import SECONDS, tiny_checkpoint
from visitor import PacedFoley, sync_api, visit

from foley.pipeline import Foley
from foley.ui.studio import build_studio
from foley.ui.theme import launch_settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@pytest.fixture(scope="package")
def foley(checkpoint: Path) -> Foley:
    foley = PacedFoley.from_pretrained(checkpoint, "cpu")
    foley.warm_up().join()  # in a fresh clone the sampler is compiled first, for longer than any test waits
    return foley


@pytest.fixture(scope="package")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One folder of served files for all studios of a process: Gradio reads its name anew for every file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        yield


@pytest.fixture(scope="package")
def address(foley: Foley, served_folder: None) -> Iterator[str]:
    yield from served(foley)


@pytest.fixture(scope="package")
def hearing(tmp_path_factory: pytest.TempPathFactory, served_folder: None) -> Iterator[str]:
    """The address of a studio whose model hears knobs."""
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    tiny = tiny_checkpoint(folder, seconds=SECONDS, hears=True)
    foley = PacedFoley.from_pretrained(tiny, "cpu", sampler_backend="torch")  # nothing to compile first
    yield from served(foley)


def served(foley: Foley) -> Iterator[str]:
    """The address of a studio on a model, while it runs."""
    studio = build_studio(foley)
    _, url, _ = studio.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
    yield url
    studio.close(verbose=False)


@pytest.fixture(scope="package")
def browser() -> Iterator["sync_api.Browser"]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=[*SWITCHES])
        except sync_api.Error:
            pytest.skip("the browser tests need a chromium: install one, or run `playwright install chromium`")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def window(browser, address: str) -> Iterator["sync_api.Page"]:
    context, window = visit(browser, address)
    yield window
    context.close()


@pytest.fixture
def page(window) -> Iterator["sync_api.Page"]:
    """The page of all tests as the one before left it, but on its first tab, for one take of any seed, in no hurry."""
    window.get_by_role("tab", name="Generate").click()
    window.get_by_label("number input for Variations").fill("1")
    window.get_by_label("number input for Variations").blur()
    window.get_by_label("Lock the seed").uncheck(force=True)
    window.mouse.move(5, 5)
    PacedFoley.pause_s = PacedFoley.steps = PacedFoley.finished = PacedFoley.closed = 0
    return window


@pytest.fixture
def stage(page) -> "sync_api.Locator":
    """The tab with an empty timeline of ten seconds."""
    page.get_by_role("tab", name="Perform").click()
    page.locator("#timeline [data-clear]").click()
    return page.locator("#timeline")
