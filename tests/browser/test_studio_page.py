"""The page in a real browser: what a visitor clicks, hears of, types and takes home."""

from pathlib import Path

import soundfile
from visitor import PATIENCE_MS, PacedFoley, generate, settle, sync_api

expect = sync_api.expect


def open_reconstruct(page) -> None:
    page.get_by_role("tab", name="Reconstruct").click()
    expect(page.locator("#recording")).to_be_visible(timeout=PATIENCE_MS)


def test_the_take_that_is_downloaded_is_the_pipelines_take_bit_for_bit(page, foley, tmp_path):
    page.get_by_test_id("Rain-radio-label").click()
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
    assert take.recipe.is_in(Path(download.value.path()))
    downloaded, saved = soundfile.read(download.value.path())[0], soundfile.read(take.save(tmp_path))[0]
    assert (downloaded == saved).all()


def test_the_pictures_are_there(page):
    generate(page)
    page.locator(".take.ready sound-picture[drawn]").wait_for()
    page.wait_for_function("""
        [['.cembed img', 300], ['.codes img', 75]].every(([picture, width]) =>
            document.querySelector(`.take.ready ${picture}`).naturalWidth === width)
        && document.querySelector('.take.ready sound-picture[drawn]').shadowRoot.querySelector('canvas').width > 400
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
    expect(page.get_by_label("Lock the seed")).to_be_checked()


def test_a_card_that_left_the_page_keeps_neither_sound_nor_pictures(page):
    generate(page)
    page.evaluate("window.gone = document.querySelector('.take.ready')")
    page.locator("#seed input").fill("31")
    generate(page)
    page.wait_for_function("!window.gone.isConnected && !window.gone.querySelector('[src]')")
    assert page.evaluate("document.querySelectorAll('.take.ready [src]').length") == 5


def test_stop_really_stops(page):
    PacedFoley.pause_s = 0.1
    page.locator("#generate").click()
    expect(page.locator("#progress output")).to_contain_text("Drawing")
    page.locator("#stop").click()
    expect(page.locator("#progress output")).to_have_text("Stopped")
    expect(page.locator("#tabs .take.empty").first).to_be_visible()
    PacedFoley.wait_until_closed()
    steps = PacedFoley.steps
    assert PacedFoley.finished == 0, "it was not stopped: it came to its end"
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
    expect(page.locator(".take.ready h2")).to_have_text("Footstep")
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


def test_the_theme_that_was_chosen_stays(page):
    was = page.evaluate("document.body.classList.contains('dark')")
    page.get_by_label("Switch between dark and light").click()
    assert page.evaluate("document.body.classList.contains('dark')") is not was
    page.reload()
    settle(page)
    page.wait_for_timeout(300)
    assert page.evaluate("document.body.classList.contains('dark')") is not was
