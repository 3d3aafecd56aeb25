"""The tabs beside Generate, in a real browser: what is shown, and that what is found there can be worked on."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from visitor import drawn, sync_api

expect = sync_api.expect


@pytest.fixture
def recording(page, dataset_folder):
    page.get_by_role("tab", name="Reconstruct").click()
    expect(page.locator("#recording")).to_be_visible()
    page.locator("#recording input[type=file]").set_input_files(dataset_folder / "Rain" / "002.wav")
    page.locator(".pair.ready").wait_for()
    return page


def test_a_recording_shows_its_codes_use_and_rows_and_gives_siblings(recording):
    expect(recording.locator(".rebuilt")).to_contain_text("of 1800")
    recording.wait_for_function("document.querySelector('.rebuilt img').naturalWidth > 200")
    recording.get_by_role("button", name="Siblings of my recording").click()
    drawn(recording)
    expect(recording.locator(".take .kind")).to_have_text("sibling 0.30, from 002.wav")


def test_another_part_of_a_long_recording_is_chosen(page, tmp_path):
    soundfile.write(tmp_path / "long.flac", 0.2 * np.random.default_rng(0).standard_normal(8 * 24_000), 24_000)
    page.get_by_role("tab", name="Reconstruct").click()
    expect(page.locator("#part .part")).to_be_hidden()
    page.locator("#recording input[type=file]").set_input_files(tmp_path / "long.flac")
    expect(page.locator(".pair h2")).to_contain_text("the first 4 s of 8.0 s")
    page.get_by_label("Where the part begins").fill("2.5")
    expect(page.locator(".pair h2")).to_contain_text("2.5 to 6.5 s of 8.0 s")
    expect(page.locator("#part output")).to_have_text("from 2.50 s")


def test_a_recording_is_drawn_with_the_class_that_is_chosen(recording):
    recording.get_by_label("Class to draw with").select_option("Keyboard")
    recording.get_by_role("button", name="Siblings of my recording").click()
    expect(recording.locator(".take.ready h2").first).to_have_text("Keyboard")


def test_codes_are_counted_heard_and_swept(page):
    page.get_by_role("tab", name="Explore").click()
    expect(page.locator("[data-dot]")).to_have_count(32)
    page.locator("#count-codes").click()
    expect(page.locator(".codes-table tbody tr")).to_have_count(7)
    page.locator("[data-hear]").first.click()
    expect(page.locator("[data-words]").first).to_contain_text("in row")
    page.wait_for_function("document.querySelector('[data-single]').duration > 3.9")
    page.locator("#morph").click()
    expect(page.locator(".cell")).to_have_count(7)
    page.locator("[data-cell]").nth(2).click()
    expect(page.locator(".take .kind")).to_have_text("30% of the way to Rain")


def test_a_code_that_is_none_gets_a_sentence(page):
    page.get_by_role("tab", name="Explore").click()
    page.locator("#map [data-code]").fill("9999")
    page.keyboard.press("Enter")
    expect(page.locator(".toast-body")).to_contain_text("There is no code 9999")
    page.locator(".toast-close").click()


def test_a_nearly_silent_cell_says_so(page, monkeypatch):
    def hushed(foley, category, seed):
        take = foley.generate(category, seed)[0]
        yield take
        yield replace(take, waveform=1e-6 * take.waveform)

    monkeypatch.setattr("foley.explore.temperature_sweep", hushed)
    page.get_by_role("tab", name="Explore").click()
    page.locator("#sweep").click()
    expect(page.locator('.cell[data-quiet="true"]')).to_have_count(1)
    expect(page.locator(".cell small").first).to_contain_text("LUFS")
    expect(page.locator(".cell small").last).to_have_text("nearly silent")


def test_the_menu_names_the_model_and_the_bar_its_licence(page):
    menu = page.locator("#model-menu input")
    expect(menu).not_to_have_value("")
    expect(page.locator("#top-bar .model")).to_contain_text("licence not stated")
