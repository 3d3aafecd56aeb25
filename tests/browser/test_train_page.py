"""The train tab in a real browser: from a folder of recordings to a model that the generate tab uses."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tiny import tiny_options

from foley.pipeline import Foley
from foley.runs.view import RunView, find_runs
from foley.ui.studio import build_studio
from foley.ui.theme import launch_settings

sync_api = pytest.importorskip("playwright.sync_api", reason="these tests need playwright: pip install playwright")
expect = sync_api.expect

TRAINING_MS = 480_000


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("runs")
    yield place
    for run in find_runs(place):
        if run.is_running:
            psutil.Process(run.process.pid).kill()


@pytest.fixture(scope="module")
def patch_of_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def page(browser, checkpoint: Path, runs: Path, patch_of_module) -> Iterator["sync_api.Page"]:
    # beside other tests on two cores, a training that gives way to everything else would hardly go on
    patch_of_module.setattr("foley.ui.session.trainer.POLITE", 0)
    studio = build_studio(Foley.from_pretrained(checkpoint, "cpu"), runs=runs)
    _, url, _ = studio.launch(prevent_thread_lock=True, quiet=True, allowed_paths=[str(runs)], **launch_settings())
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(30_000)
    page.goto(url)
    yield page
    page.close()
    studio.close(verbose=False)


def open_tab(page) -> None:
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#train-start")).to_be_visible(timeout=30_000)


def fill(page, name: str, value: str) -> None:
    page.locator(f"#train-{name} textarea, #train-{name} input").first.fill(value)


def test_from_a_folder_of_recordings_to_a_model_that_generate_uses(page, runs, dataset_folder):
    """Start, Stop, Resume, a reload of the page, and the model in use: one training serves all of them."""
    open_tab(page)
    expect(page.locator(".run output")).to_contain_text("Nothing has been trained here yet", timeout=30_000)
    fill(page, "data", str(dataset_folder))
    page.locator("#train-look").click()
    expect(page.locator(".found tr", has_text="Keyboard")).to_contain_text("3", timeout=30_000)

    fill(page, "name", "mine")
    fill(page, "more", " ".join([*tiny_options(), "--views 1 --every 5"]))
    page.locator("#train-start").click()
    expect(page.locator(".run .chip")).to_have_text("running", timeout=30_000)
    expect(page.locator(".run output")).to_contain_text("Encoder, step", timeout=TRAINING_MS)
    page.reload()
    open_tab(page)
    expect(page.locator(".run h2")).to_have_text("mine", timeout=30_000)
    page.locator("#train-stop").click()
    expect(page.locator(".run .chip")).to_have_text("stopped", timeout=TRAINING_MS)
    assert RunView(runs / "mine").state == "stopped"
    assert list((runs / "mine").glob("encoder/checkpoints/step-*"))

    fill(page, "more", "--max-steps 3 --every 3")
    page.locator("#train-resume").click()
    expect(page.locator(".run .chip")).to_have_text("done", timeout=TRAINING_MS)
    expect(page.locator(".run output")).to_contain_text("its model makes sound")
    for stage in ("vqvae", "prior", "encoder", "decoder", "vocoder"):
        page.locator(f"[data-stage={stage}]").click()
        expect(page.locator(f"[data-stage={stage}][data-on]")).to_contain_text("steps", timeout=30_000)
        expect(page.locator(".curve").first).to_be_visible(timeout=30_000)
        expect(page.locator(".shown article[data-on] img").first).to_be_visible(timeout=30_000)
    page.wait_for_function("[...document.querySelectorAll('.shown [data-on] img')].every(i => i.naturalWidth > 500)")
    page.locator(".shown [data-on] [data-play]").first.click()
    expect(page.locator(".shown [data-player][data-playing]")).to_have_count(1, timeout=30_000)

    page.locator("#train-use").click()
    expect(page.locator("#model-menu input")).to_have_value("mine/model (studio)", timeout=30_000)
    page.get_by_role("tab", name="Generate").click()
    page.locator("#seed input").fill("5")
    page.locator("#generate").click()
    expect(page.locator(".take.ready")).to_have_attribute("data-seed", "5", timeout=60_000)


def test_an_order_that_cannot_be_is_answered_with_one_sentence(page):
    open_tab(page)
    fill(page, "data", "/no/such/folder")
    page.locator("#train-start").click()
    message = page.locator(".toast-body.warning")
    expect(message).to_contain_text("There is no folder /no/such/folder on this machine.", timeout=30_000)
