"""The Perform tab in a real browser: taps, a video's hits, events moved and undone, and the sound taken home."""

import itertools
import time
from fractions import Fraction

import pytest
import soundfile
import torch
from bouncing_ball import HITS_S, write_ball_video
from scipy.signal import correlate
from visitor import PacedFoley, events, open_file, sync_api

from foley.audio.onsets import find_onsets
from foley.perform.video import production_sound

expect = sync_api.expect


@pytest.fixture(scope="module", params=[Fraction(24), Fraction(30_000, 1001)], ids=["24", "29.97"])
def video(request, tmp_path_factory):
    return write_ball_video(tmp_path_factory.mktemp("video") / "ball.mp4", request.param)


def test_space_starts_and_then_taps(page, stage):
    stage.locator("[data-lane]").focus()
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    for _ in range(3):
        page.keyboard.press("Space")
        page.wait_for_timeout(250)
    page.keyboard.press("Escape")
    times = events(stage)
    assert len(times) == 3
    assert times[0] > 0.2
    assert all(later - earlier > 0.2 for earlier, later in itertools.pairwise(times))


def test_events_are_nudged_by_frames_removed_and_brought_back(page, stage):
    lane = stage.locator("[data-lane]")
    lane.dblclick(position={"x": 200, "y": 60})
    expect(stage.locator("[data-event]")).to_have_count(1)
    before = events(stage)[0]
    lane.focus()
    page.keyboard.press("n")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert events(stage)[0] == pytest.approx(before + 2 / 25, abs=0.002)
    page.keyboard.press("Delete")
    expect(stage.locator("[data-event]")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(stage.locator("[data-event]")).to_have_count(1)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert events(stage)[0] == pytest.approx(before, abs=0.002)


def test_an_event_is_dragged_to_another_time_and_strength(page, stage):
    lane = stage.locator("[data-lane]")
    lane.dblclick(position={"x": 200, "y": 100})
    box = stage.locator("[data-event]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = events(stage)[0]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y - 40, steps=5)
    page.mouse.up()
    assert events(stage)[0] > before + 0.3
    label = stage.locator("[data-event]").get_attribute("aria-label")
    assert int(label.split("strength ")[1].split(" %")[0]) > 50


def test_the_hits_of_a_video_are_found_and_sound_where_they_are(page, stage, video, tmp_path):
    open_file(page, video)
    expect(stage.locator("[data-event]")).to_have_count(len(HITS_S))
    assert events(stage) == pytest.approx(HITS_S, abs=0.08)
    assert page.locator("#timeline video").is_visible()


@pytest.mark.slow
def test_a_performance_to_a_video_is_taken_home(page, stage, video, tmp_path):
    open_file(page, video)
    expect(stage.locator("[data-event]")).to_have_count(len(HITS_S))
    page.locator("#perform-class input").click()
    page.locator("#perform-class").get_by_role("option", name="Gun shot").click()
    page.locator("#perform").click()
    expect(page.locator("#perform-bar .done output")).to_contain_text("6 events", timeout=60_000)
    with page.expect_download() as download:
        stage.locator("[data-save=wav]").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    samples, rate = soundfile.read(path, dtype="float32")
    assert abs(len(samples) / rate - 10) < 0.1
    assert find_onsets(torch.from_numpy(samples), rate)
    with page.expect_download() as download:
        stage.locator("[data-save=video]").click()
    film = tmp_path / download.value.suggested_filename
    download.value.save_as(film)
    laid = production_sound(film, rate).numpy()
    count = min(len(laid), len(samples))
    likeness = correlate(laid[:count], samples[:count], method="fft")
    assert abs(int(likeness.argmax()) - (count - 1)) / rate < 1 / 30  # a frame


def test_what_is_no_video_gives_a_sentence_and_keeps_the_events(page, stage, tmp_path):
    stage.locator("[data-lane]").dblclick(position={"x": 200, "y": 60})
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    open_file(page, broken)
    expect(page.get_by_text("broken.mp4 cannot be read as video")).to_be_visible()
    expect(stage.locator("[data-event]")).to_have_count(1)


@pytest.mark.slow
def test_versions_lie_under_each_other_and_an_earlier_performance_opens_again(page, stage):
    stage.locator("[data-lane]").dblclick(position={"x": 200, "y": 60})
    asked = events(stage)
    page.get_by_label("number input for Versions").fill("2")
    page.get_by_label("number input for Versions").blur()
    page.locator("#perform").click()
    expect(page.locator("#perform-bar .done output")).to_contain_text("1 event,", timeout=120_000)
    expect(stage.locator("[data-variation] canvas")).to_have_count(2)
    stage.locator("[data-variation]").nth(1).click()
    expect(stage.locator("[data-variation]").nth(1)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    page.locator("#perform-seed input").fill("5")
    stage.locator("[data-clear]").click()
    page.locator("#perform-kept input").click()
    page.locator("#perform-kept").get_by_role("option").nth(1).click()  # the newest is the second version
    expect(stage.locator("[data-event]")).to_have_count(1)
    assert events(stage) == asked
    expect(page.locator("#perform-seed input")).to_have_value("1")
    assert stage.locator("[data-save=wav]").is_enabled()


def test_a_performance_that_ends_late_does_not_land_on_what_was_opened_meanwhile(page, stage, tmp_path):
    stage.locator("[data-lane]").dblclick(position={"x": 200, "y": 60})
    page.locator("#perform-seed input").fill(str(time.time_ns() % 10**8))  # nothing is drawn for it yet
    PacedFoley.pause_s = 0.01
    page.locator("#perform").click()
    expect(page.locator("#perform-bar .running output")).to_have_text("Performing")
    (tmp_path / "hits.csv").write_text("time,strength\n0.5,1\n2.25,0.4\n")
    open_file(page, tmp_path / "hits.csv")
    expect(stage.locator("[data-event]")).to_have_count(2)
    PacedFoley.pause_s = 0
    expect(page.locator("#perform-bar .done output")).to_contain_text("among the earlier performances")
    expect(page.locator("#perform")).to_be_enabled()
    assert stage.locator("[data-variation]").count() == 0
    assert stage.locator("[data-save=wav]").is_disabled()


DROP = """
([type, name, words]) => {
    const data = new DataTransfer();
    data.items.add(new File([words], name, {type}));
    const drag = (kind) => document.body.dispatchEvent(
        new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data}));
    drag("dragover");
    const said = document.body.dataset.dropping;
    if (words) drag("drop"); else drag("dragleave");
    return said;
}
"""


def test_a_file_may_be_dropped_anywhere_and_the_page_says_what_will_come_of_it(page, stage):
    for kind, words in (
        ("video/mp4", "its events come from its picture"),
        ("audio/midi", "its notes become events"),
        ("audio/wav", "its onsets and its level become events"),
        ("", "a video, a sound, a MIDI file, or a list"),
    ):
        assert words in page.evaluate(DROP, [kind, "file", ""])
    assert "its times become events" in page.evaluate(
        DROP, ["text/csv", "hits.csv", "time,strength\n0.5,1\n2.25,0.4\n"]
    )
    expect(stage.locator("[data-event]")).to_have_count(2)
    assert events(stage) == [0.5, 2.25]


KEYBOARD = """
() => {
    const port = {name: "Keys"};
    navigator.requestMIDIAccess = async () => ({inputs: new Map([["a", port]])});
    window.hit = (velocity) => port.onmidimessage({data: [0x90, 60, velocity]});
}
"""


def test_midi_keys_tap_as_strongly_as_they_are_hit(page, stage):
    page.evaluate(KEYBOARD)
    stage.locator("[data-midi]").click()
    expect(stage.locator("[data-words]")).to_contain_text("Listening to Keys")
    page.evaluate("window.hit(127)")  # nothing plays yet: no event
    stage.locator("[data-go]").click()
    page.wait_for_timeout(200)
    page.evaluate("window.hit(64)")
    stage.locator("[data-go]").click()
    expect(stage.locator("[data-event]")).to_have_count(1)
    assert "strength 50 %" in stage.locator("[data-event]").get_attribute("aria-label")


def test_one_can_tap_on_a_phone(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("tab", name="Perform").click()
    page.locator("#timeline [data-tap]").wait_for(state="visible")
    page.locator("#timeline [data-tap]").tap()
    page.wait_for_timeout(300)
    page.locator("#timeline [data-tap]").tap()
    expect(page.locator("#timeline [data-event]")).to_have_count(1)
    box = page.locator("#timeline [data-tap]").bounding_box()
    assert box["height"] >= 44
    assert box["width"] > 300
    context.close()
