"""What is dropped on the page that should not be, and what is large but should: a sentence each, and no wait."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from visitor import sync_api

expect = sync_api.expect
PLACES = {"Reconstruct": "#recording", "Generate": "#bring-back"}
NO_SOUND = {"Reconstruct": "{} is no sound file that can be read", "Generate": "{} carries no recipe"}
DROP = """
(name) => {
    const data = new DataTransfer();
    data.items.add(new File(['%PDF-1.7'], name, {type: 'audio/wav'}));
    document.body.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data}));
}
"""


def noise(path: Path, rate: int, channels: int, seconds: float, subtype: str) -> Path:
    sound = 0.1 * np.random.default_rng(0).standard_normal((round(rate * seconds), channels))
    soundfile.write(path, sound, rate, subtype=subtype)
    return path


def longer(path: Path, size: int) -> Path:
    """The same WAV with silence up to `size` bytes, which take no room on the disk."""
    header = bytearray(path.read_bytes()[:44])
    header[4:8], header[40:44] = (size - 8).to_bytes(4, "little"), (size - 44).to_bytes(4, "little")
    with path.open("r+b") as file:
        file.write(header)
        file.truncate(size)
    return path


def choose(page, place: str, path: Path) -> None:
    page.get_by_role("tab", name=place).click()
    page.locator(f"{PLACES[place]} input[type=file]").set_input_files(path)


def one_sentence(page, words: str) -> None:
    message = page.locator(".toast-body")
    expect(message).to_have_count(1)
    expect(message).to_contain_text(words)
    expect(message).not_to_contain_text("Traceback")
    page.locator(".toast-close").click()
    expect(message).to_have_count(0)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_sound_gets_one_sentence(page, place, tmp_path):
    for name, content in (("paper.wav", b"%PDF-1.7 " * 99), ("nothing.wav", b"")):
        (tmp_path / name).write_bytes(content)
        choose(page, place, tmp_path / name)
        one_sentence(page, NO_SOUND[place].format(name))


def test_a_file_dropped_anywhere_on_the_page_is_looked_at_for_its_recipe(page):
    page.evaluate(DROP, "dropped.wav")
    one_sentence(page, "dropped.wav carries no recipe")


DRAG = """
([kind, names, bytes]) => {
    const data = new DataTransfer();
    for (const name of names) data.items.add(new File([Uint8Array.from(bytes)], name, {type: 'audio/wav'}));
    document.body.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data}));
    return document.body.dataset.dropping || "";
}
"""


@pytest.mark.parametrize("tab", ["Explore", "Train", "Evaluate"])
def test_where_files_are_good_for_nothing_the_page_promises_nothing_and_says_where_they_are(page, tab):
    page.get_by_role("tab", name=tab).click()
    assert page.evaluate(DRAG, ["dragover", ["a.wav"], []]) == ""
    page.evaluate(DRAG, ["drop", ["a.wav"], []])
    expect(page.locator("#said")).to_contain_text("can be dropped on Generate, Perform and Reconstruct")


def test_a_plain_recording_dropped_on_generate_goes_to_reconstruct_and_of_two_the_first(page, tmp_path):
    sound = list(noise(tmp_path / "plain.wav", 8_000, 1, 1, "PCM_16").read_bytes())
    assert "goes to Reconstruct" in page.evaluate(DRAG, ["dragover", ["first.wav"], sound])
    page.evaluate(DRAG, ["drop", ["first.wav", "second.wav"], sound])
    expect(page.locator("#said")).to_contain_text("Of 2 files the first, first.wav, is taken")
    expect(page.locator(".pair.ready h2")).to_contain_text("first.wav")


@pytest.mark.parametrize("place", PLACES)
def test_two_gigabytes_are_refused_before_they_are_sent(page, place, tmp_path):
    huge = longer(noise(tmp_path / "huge.wav", 48_000, 2, 0.1, "PCM_16"), 2 * 1024**3)
    sent = []
    page.on("request", watch := lambda request: sent.append(request.url))
    choose(page, place, huge)
    one_sentence(page, "exceed the maximum allowed size of 1.0 Gb")
    page.remove_listener("request", watch)
    assert not [url for url in sent if "/upload" in url and "upload_progress" not in url]


def test_of_an_hour_the_first_seconds_are_taken_and_the_page_says_so(page, foley, tmp_path):
    hour = longer(noise(tmp_path / "hour.wav", 8_000, 1, 5, "PCM_16"), 44 + 3600 * 8_000 * 2)
    choose(page, "Reconstruct", hour)
    expect(page.locator(".pair.ready h2")).to_have_text("hour.wav the first 4 s of 60 min")
    expect(page.locator(".pair")).to_contain_text(f"{foley.reconstruct(hour).log_mel_l1:.3f}")


def test_eight_channels_at_96_khz_are_a_recording_as_any_other(page, foley, tmp_path):
    wide = noise(tmp_path / "wide.wav", 96_000, 8, 1, "PCM_24")
    choose(page, "Reconstruct", wide)
    expect(page.locator(".pair.ready h2")).to_have_text("wide.wav 1.0 s, then silence")
    expect(page.locator(".pair")).to_contain_text(f"{foley.reconstruct(wide).log_mel_l1:.3f}")
