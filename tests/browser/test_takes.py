"""What a visitor does with takes, in a real browser: edits, the library, comparisons, files out and back in."""

import re
import zipfile
from pathlib import Path

import pytest
import soundfile
import torch
from visitor import drawn, expect_total, generate, rows, settle, sync_api, total, visit

from foley.takes.recipe import Recipe

expect = sync_api.expect


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.fixture
def take(page):
    """A page with one fresh take on the stage."""
    generate(page)
    page.locator(".take.ready h2").hover()
    return page


def file_on_stage(page, tmp_path) -> Path:
    with page.expect_download() as download:
        page.locator(".take.ready a").first.click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_box_dragged_over_the_codes_is_drawn_again_and_nothing_else(take, tmp_path):
    before = Recipe.read(file_on_stage(take, tmp_path)).codes
    box = take.locator(".take .codes").bounding_box()
    take.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    take.mouse.down()
    take.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    take.mouse.up()
    region = take.evaluate("document.querySelector('.take').region")
    take.get_by_role("button", name="Draw again").click()
    drawn(take)
    expect(take.locator(".take .kind")).to_have_text("region again")
    after = Recipe.read(file_on_stage(take, tmp_path)).codes
    changed = before != after
    (bottom, top), (first, last) = region["rows"], region["frames"]
    assert 5 < top - bottom < 15
    assert 10 < last - first < 40
    assert changed[bottom:top, first:last].any()
    changed[bottom:top, first:last] = False
    assert not changed.any()


def test_keys_draw_siblings_set_a_region_and_continue(take):
    take.get_by_label("number input for Variations").fill("3")
    take.get_by_label("number input for Variations").blur()
    press(take, "q", "s")
    drawn(take, 3)
    expect(take.locator(".take .kind").first).to_have_text("sibling 0.35")
    press(take, "Shift+Q", "Shift+V", "Shift+V", "i", "r")
    drawn(take)
    expect(take.locator(".take .kind")).to_have_attribute("title", re.compile("rows 0-23, frames 0-74 drawn again"))
    press(take, "c")
    drawn(take)
    expect(take.locator(".take .kind")).to_have_text("continued to 8 s")
    expect(take.locator(".take")).to_contain_text("8.00 s")
    assert take.evaluate("document.documentElement.scrollHeight") <= 900


def test_stars_names_and_the_library_survive_a_reload(take):
    press(take, "f", "n")
    take.keyboard.type("Gate slam")
    press(take, "Enter")
    expect(rows(take).first).to_contain_text("Gate slam")
    count = total(take)
    take.reload()
    settle(take)
    expect_total(take, count)
    expect(rows(take).first).to_contain_text("Gate slam")
    expect(rows(take).first.locator(".star")).to_have_attribute("aria-pressed", "true")
    take.get_by_label("Only starred takes").click()
    expect(rows(take)).to_have_count(1)
    take.get_by_label("Only starred takes").click()
    take.get_by_label("Show class").select_option("Rain")
    expect(rows(take)).to_have_count(0)
    take.get_by_label("Show class").select_option("")
    rows(take).first.dblclick()
    expect(take.locator("#progress output")).to_contain_text("the same samples")
    expect(take.locator(".take.ready")).to_have_count(1)
    expect(take.locator(".take.ready h2")).to_have_text("Gate slam")


def test_a_deletion_can_be_taken_back_even_after_a_reload(take):
    count = total(take)
    file = take.locator(".take.ready").get_attribute("data-file")
    press(take, "f", "Delete")
    expect_total(take, count - 1)
    expect(take.locator(".take.empty")).to_be_visible()
    take.reload()
    settle(take)
    expect_total(take, count - 1)
    take.get_by_role("button", name="Take back the last deletion").click()
    expect_total(take, count)
    assert take.evaluate("(file) => window.foley.library.known(file).star", file)


def test_del_again_goes_on_with_the_next_row_and_not_with_the_stage(take):
    generate(take)
    press(take, "f")
    on_stage = rows(take).first.get_attribute("data-file")
    count = total(take)
    rows(take).nth(1).click()
    press(take, "Delete", "Delete")
    expect_total(take, count - 2)
    expect(rows(take).first).to_have_attribute("data-file", on_stage)
    press(take, "z")
    expect_total(take, count - 1)
    press(take, "z")
    expect_total(take, count)


def test_number_boxes_can_be_clicked_and_keep_their_editing_keys(take):
    count = total(take)
    box = take.get_by_label("number input for Variety")
    box.click()
    take.keyboard.type("0.9")
    expect(box).to_be_focused()
    take.get_by_label("Seed", exact=True).click()
    press(take, "Backspace", "Delete")
    expect_total(take, count)
    take.get_by_label("Reset to default value").first.click()
    expect(box).to_have_value("1")


def test_the_export_panel_follows_its_choices_and_is_kept(take):
    panel = take.locator("#export")
    level = panel.get_by_label("to")
    expect(level).to_be_disabled()
    panel.get_by_label("Level").select_option("loudness")
    expect(level).to_be_enabled()
    expect(panel.locator("[data-unit]")).to_have_text("LUFS")
    panel.get_by_label("Seamless loop").check()
    expect(panel.get_by_label("Fade in")).to_be_disabled()
    panel.get_by_label("Seamless loop").uncheck()
    panel.get_by_label("Format").select_option("FLAC 16-bit")
    take.reload()
    settle(take)
    expect(panel.get_by_label("Format")).to_have_value("FLAC 16-bit")
    expect(panel.locator("[data-unit]")).to_have_text("LUFS")
    panel.get_by_label("Format").select_option("WAV 24-bit")
    panel.get_by_label("Level").select_option("off")


def test_after_an_error_the_line_is_ready_again(take):
    take.get_by_label("Seed", exact=True).fill("-5")
    press(take, "Control+Enter")
    expect(take.locator("#progress output")).to_have_text("Ready")
    expect(take.locator("#generate")).to_be_enabled()
    take.get_by_label("Seed", exact=True).fill("5")


def test_an_export_is_what_the_panel_says_and_its_file_brings_the_take_back(take, tmp_path):
    seed = take.locator(".take.ready").get_attribute("data-seed")
    original = file_on_stage(take, tmp_path).read_bytes()
    panel = take.locator("#export")
    panel.get_by_label("Format").select_option("FLAC 16-bit")
    panel.get_by_label("Rate").select_option("48000")
    panel.get_by_label("Level").select_option("peak")
    panel.get_by_label("Name").fill("{class}-{seed}")
    panel.get_by_label("Name").blur()
    with take.expect_download() as download:
        press(take, "e")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    info = soundfile.info(path)
    assert path.stem.endswith(f"-{seed}")
    assert (info.format, info.subtype, info.samplerate, info.frames) == ("FLAC", "PCM_16", 48_000, 192_000)
    assert abs(abs(soundfile.read(path)[0]).max() - 10 ** (-1 / 20)) < 1e-3
    generate(take)
    take.locator("#bring-back input[type=file]").set_input_files(path)
    expect(take.locator(".take.ready")).to_have_attribute("data-seed", seed)
    expect(take.locator("#progress output")).to_contain_text("the same samples")
    assert file_on_stage(take, tmp_path).read_bytes() == original


def test_the_page_says_what_is_mono_band_limited_and_upsampled(take):
    expect(take.locator(".take.ready .format")).to_have_text("mono, up to 12 kHz")
    rates = take.locator("#export [name=sample_rate] option").all_inner_texts()
    assert rates[-3:] == ["24 kHz", "44.1 kHz, upsampled", "48 kHz, upsampled"]


def test_the_wav_of_the_card_and_the_export_have_one_name(take):
    take.locator("#export [name=template]").fill(
        take.evaluate("document.querySelector('[name=template]').defaultValue")
    )
    take.locator("#export [name=template]").blur()
    take.locator(".take.ready h2").hover()
    with take.expect_download() as download:
        press(take, "e")
    name = take.locator(".take.ready a").first.get_attribute("download")
    assert Path(name).stem == Path(download.value.suggested_filename).stem  # the format is the form's


def test_a_visitor_reads_that_takes_are_kept_for_a_day(take):
    assert "for a day" in take.locator("#library [data-empty]").text_content()


def test_chosen_takes_are_exported_as_one_zip(take, tmp_path):
    generate(take)
    for place in range(2):
        rows(take).nth(place).locator("[data-pick]").check()
    with take.expect_download() as download:
        take.get_by_role("button", name="Export 2 takes as ZIP").click()
    download.value.save_as(tmp_path / "takes.zip")
    with zipfile.ZipFile(tmp_path / "takes.zip") as zipped:
        assert len(zipped.namelist()) == 2
    take.get_by_role("button", name="none").click()


def test_a_and_b_play_at_the_same_level_and_place(take):
    take.reload()  # or the row that another test played is still the one at hand
    settle(take)
    generate(take)
    press(take, "Shift+A")
    generate(take)
    take.locator(".take.ready h2").hover()
    press(take, "Shift+B", "b")
    expect(take.locator("[data-player][data-playing]")).not_to_have_count(0)
    press(take, "a", "b")
    expect(take.locator("[data-player][data-playing]")).not_to_have_count(0)
    levels = take.evaluate("""
        [...document.querySelectorAll('#library .take-row')].filter(row => row.dataset.in)
            .map(row => Number(row.dataset.loudness) + 20 * Math.log10(window.foley.gain(row)))
    """)
    assert len(levels) == 2
    assert abs(levels[0] - levels[1]) < 0.01
    press(take, " ")


def test_loop_playback_and_the_drag_out_of_the_browser(take):
    press(take, "l")
    assert take.evaluate("document.querySelector('.take audio').loop")
    carried = take.evaluate("""
        () => {
            const link = document.querySelector('.take a'), data = new DataTransfer();
            link.dispatchEvent(new DragEvent('dragstart', {bubbles: true, dataTransfer: data}));
            return data.getData('DownloadURL');
        }
    """)
    kind, name, url = carried.split(":", 2)
    assert kind == "audio/wav"
    assert name.endswith(".wav")
    assert take.request.get(url).body()[:4] == b"RIFF"


def test_two_visitors_never_see_each_others_takes(take, browser, address):
    context, other = visit(browser, address)
    expect_total(other, 1)  # the example
    other.locator("#seed input").fill("123")
    generate(other)
    expect_total(other, 2)
    take.reload()
    settle(take)
    assert take.evaluate("window.foley.library.takes().every(take => take.seed !== 123)")
    context.close()


def test_the_sheet_of_keys_opens_and_closes(take):
    press(take, "?")
    expect(take.locator("#help")).to_contain_text("siblings")
    press(take, "Escape")
    expect(take.locator("#help")).to_be_hidden()


def test_the_studio_can_be_installed_as_an_app(take, address):
    manifest = take.request.get(f"{address}manifest.json").json()
    assert manifest["display"] == "standalone"
    assert manifest["name"]


def test_codes_of_a_long_take_are_those_of_its_recipe(take, foley, tmp_path):
    press(take, "c")
    drawn(take)
    path = file_on_stage(take, tmp_path)
    recipe = Recipe.read(path)
    data, _ = soundfile.read(path, dtype="float32")
    assert torch.allclose(foley.remake(recipe).waveform, torch.from_numpy(data), atol=2**-22)
