"""The page in a real browser: what a visitor clicks, hears of, types and takes home."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from foley.pipeline import Foley
from foley.ui.studio import build_studio
from foley.ui.theme import launch_settings

sync_api = pytest.importorskip("playwright.sync_api", reason="these tests need playwright: pip install playwright")
expect = sync_api.expect

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


class PacedFoley(Foley):
    """A model that can be slowed down, so that there is time to press Stop; and that knows what it was asked for."""

    pause_s, steps, closed = 0.0, 0, 0

    def draw(self, *arguments, **settings) -> Iterator:
        try:
            for event in super().draw(*arguments, **settings):
                type(self).steps += 1
                time.sleep(self.pause_s)
                yield event
        finally:
            type(self).closed += 1


@pytest.fixture(scope="module")
def foley(checkpoint: Path) -> Foley:
    return PacedFoley.from_pretrained(checkpoint, "cpu")


@pytest.fixture(scope="module")
def address(foley: Foley) -> Iterator[str]:
    studio = build_studio(foley)
    _, url, _ = studio.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
    yield url
    studio.close(verbose=False)


@pytest.fixture(scope="module")
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
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    window = context.new_page()
    window.goto(address)
    expect(window.locator("#seed input")).not_to_have_value("")
    expect(window.locator(".take.empty").first).to_be_visible()
    yield window
    context.close()


@pytest.fixture
def page(window) -> Iterator["sync_api.Page"]:
    """The page of all tests, as the one before left it, but on its first tab, for one take and in no hurry."""
    window.get_by_role("tab", name="Generate").click()
    window.get_by_label("number input for Variations").fill("1")
    window.get_by_label("number input for Variations").blur()
    PacedFoley.pause_s = PacedFoley.steps = PacedFoley.closed = 0
    return window


def generate(page, count: int = 1) -> None:
    page.locator("#generate").click()
    expect(page.locator(".meter.done output")).to_contain_text("take")
    expect(page.locator(".takes .take.ready")).to_have_count(count)


def open_reconstruct(page) -> None:
    page.get_by_role("tab", name="Reconstruct").click()
    expect(page.locator("#recording")).to_be_visible(timeout=PATIENCE_MS)


def test_the_take_that_is_downloaded_is_the_pipelines_take_bit_for_bit(page, foley, tmp_path):
    page.get_by_text("Rain", exact=True).click()
    page.locator("#seed input").fill("4711")
    generate(page)
    card = page.locator(".take.ready")
    assert page.evaluate("document.documentElement.scrollHeight") <= 900, "one take must fit on one screen"
    for words in ("Rain", "4711", "1.00", "dBFS", "4.00 s"):
        expect(card).to_contain_text(words)
    with page.expect_download() as download:
        card.get_by_role("link").click()
    take = foley.generate("rain", seed=4711)[0]
    assert download.value.suggested_filename == take.file_name
    assert Path(download.value.path()).read_bytes() == take.save(tmp_path).read_bytes()


def test_the_pictures_are_there(page):
    generate(page)
    page.wait_for_function("""
        [...document.querySelectorAll('.take.ready img')].every(image => image.naturalWidth > 1000)
        && getComputedStyle(document.querySelector('.take.ready .wave')).maskImage.includes('.wave.png')
    """)


def test_nothing_jumps_when_the_take_comes(page):
    PacedFoley.pause_s = 0.01
    places = []
    page.locator("#generate").click()
    for state in ("waiting", "ready"):
        page.locator(f".take.{state}").wait_for()
        places.append([page.locator(part).first.bounding_box() for part in (".take", ".take .codes", "#generate")])
    assert places[0] == places[1]


def test_an_unlocked_seed_is_drawn_anew_and_a_typed_one_stays(page):
    seed, lock = page.locator("#seed input"), page.get_by_label("Lock the seed")
    lock.uncheck(force=True)
    generate(page)
    first = seed.input_value()
    expect(page.locator(".take.ready")).to_have_attribute("data-seed", first)
    page.locator("#generate").click()
    expect(seed).not_to_have_value(first)
    expect(page.locator(".take.ready")).to_have_attribute("data-seed", seed.input_value())
    seed.fill("12")
    expect(lock).to_be_checked()
    for _ in range(2):
        generate(page)
        expect(seed).to_have_value("12")
    page.get_by_role("button", name="Roll a new seed").click()
    expect(seed).not_to_have_value("12")


def test_variations_come_one_by_one_and_the_first_plays_on(page):
    page.get_by_label("number input for Variations").fill("3")
    page.locator("#seed input").fill("20")
    PacedFoley.pause_s = 0.005
    page.locator("#generate").click()
    first = page.locator(".takes .take").first
    expect(first).to_have_attribute("data-seed", "20")  # and no longer the card of the run before
    expect(first).to_have_class("take ready")
    page.evaluate("document.querySelector('.take.ready audio').mark = 'the same element'")
    expect(page.locator(".take.ready")).to_have_count(3)
    assert page.evaluate("document.querySelector('.take.ready audio').mark") == "the same element"
    seeds = page.evaluate("[...document.querySelectorAll('.take.ready')].map(card => card.dataset.seed)")
    assert seeds == ["20", "21", "22"]
    page.locator(".take.ready [data-keep]").nth(1).click()
    expect(page.locator("#seed input")).to_have_value("21")


def test_stop_really_stops(page):
    PacedFoley.pause_s = 0.1
    page.locator("#generate").click()
    expect(page.locator("#meter output")).to_contain_text("Drawing codes")
    page.locator("#stop").click()
    expect(page.locator("#meter output")).to_have_text("Stopped")
    expect(page.locator("#tabs .take.empty").first).to_be_visible()
    steps = PacedFoley.steps
    assert PacedFoley.closed == 1
    page.wait_for_timeout(400)
    assert PacedFoley.steps == steps
    PacedFoley.pause_s = 0
    generate(page)


def test_keys_choose_a_class_generate_and_play(page):
    for key in range(1, 8):
        page.keyboard.press(str(key))
        expect(page.locator("#category input").nth(key - 1)).to_be_checked()
    page.keyboard.press("2")
    page.keyboard.press("g")
    expect(page.locator(".take.ready h3")).to_have_text("Footstep")
    page.locator("#seed input").fill("3")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".take.ready")).to_have_attribute("data-seed", "3")
    page.keyboard.press(" ")
    expect(page.locator(".take.ready")).to_have_attribute("data-playing", "")
    page.keyboard.press(" ")
    expect(page.locator(".take.ready")).not_to_have_attribute("data-playing", "")


def test_a_recording_is_shown_with_its_reconstruction(page, foley, dataset_folder, tmp_path):
    recording = dataset_folder / "Keyboard" / "001.wav"
    open_reconstruct(page)
    page.locator("#recording input[type=file]").set_input_files(recording)
    page.locator(".pair.ready").wait_for()
    result = foley.reconstruct(recording)
    expect(page.locator(".pair")).to_contain_text(f"{result.log_mel_l1:.3f}")
    expect(page.locator("#shares li")).to_have_count(7)
    page.keyboard.press("b")
    expect(page.locator(".pair nav [data-on]")).to_contain_text("Reconstruction")
    with page.expect_download() as download:
        page.locator(".pair").get_by_role("link").click()
    assert download.value.suggested_filename == "001_reconstructed.wav"
    assert Path(download.value.path()).read_bytes() == result.save(tmp_path / "again.wav").read_bytes()


def test_a_file_that_is_no_sound_gets_one_sentence(page, tmp_path):
    open_reconstruct(page)
    for name, content in (("paper.wav", b"%PDF-1.7 " * 99), ("nothing.wav", b"")):
        (tmp_path / name).write_bytes(content)
        page.locator("#recording input[type=file]").set_input_files(tmp_path / name)
        notice = page.locator(".toast-body")
        expect(notice).to_contain_text(f"{name} cannot be read as sound")
        expect(notice).not_to_contain_text("Traceback")
        page.locator(".toast-close").click()
        expect(notice).to_have_count(0)
        expect(page.get_by_label("Drop an audio file here to upload")).to_be_visible()


def test_the_theme_that_was_chosen_stays(page):
    was = page.evaluate("document.body.classList.contains('dark')")
    page.get_by_label("Switch between dark and light").click()
    assert page.evaluate("document.body.classList.contains('dark')") is not was
    page.reload()
    page.locator(".take.empty").first.wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate("document.body.classList.contains('dark')") is not was
