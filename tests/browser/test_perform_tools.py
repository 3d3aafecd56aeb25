"""What one works with on the Perform tab: zoom and ruler, voice, lists for a video, keys told, nothing forgotten."""

import time
from collections.abc import Iterator
from fractions import Fraction

import pytest
from bouncing_ball import HITS_S, write_ball_video
from visitor import PacedFoley, events, open_file, settle, sync_api, visit

expect = sync_api.expect


@pytest.fixture
def fresh(browser, address) -> Iterator["sync_api.Page"]:
    PacedFoley.pause_s = 0
    context, page = visit(browser, address)
    page.get_by_role("tab", name="Perform").click()
    yield page
    context.close()
    PacedFoley.pause_s = 0


def test_the_timeline_is_looked_at_from_near_and_events_stay_where_they_are(page, stage):
    lane = stage.locator("[data-lane]")
    lane.dblclick(position={"x": 400, "y": 60})
    lane.focus()
    page.keyboard.press("n")  # the playhead goes to it, and the zoom keeps it in sight
    asked, wide = events(stage), lane.bounding_box()["width"]
    for _ in range(4):
        page.keyboard.press("+")
    assert lane.bounding_box()["width"] == pytest.approx(16 * wide, rel=0.01)
    mark, sight = stage.locator("[data-event]").bounding_box(), stage.locator("[data-scroll]").bounding_box()
    middle = mark["x"] + mark["width"] / 2
    assert sight["x"] < middle < sight["x"] + sight["width"]
    page.mouse.move(middle, mark["y"] + mark["height"] - 5)
    page.mouse.down()
    page.mouse.move(middle + 16, mark["y"] + mark["height"] - 5, steps=4)
    page.mouse.up()
    assert events(stage)[0] - asked[0] == pytest.approx(10 * 16 / (16 * wide), abs=0.005)
    for _ in range(4):
        page.keyboard.press("-")
    assert lane.bounding_box()["width"] == pytest.approx(wide, rel=0.01)


def test_a_press_on_the_ruler_sets_the_playhead_and_leaves_the_choice(page, stage):
    stage.locator("[data-lane]").dblclick(position={"x": 400, "y": 60})
    page.keyboard.press("Control+a")
    box = stage.locator("[data-ruler]").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
    expect(stage.locator("[data-time]")).to_contain_text("5.0")
    expect(stage.locator("[data-event].chosen")).to_have_count(1)


def test_events_and_settings_are_there_after_a_reload(fresh):
    stage = fresh.locator("#timeline")
    stage.locator("[data-duration]").fill("20")
    stage.locator("[data-duration]").blur()
    stage.locator("[data-lane]").dblclick(position={"x": 300, "y": 60})
    fresh.locator("#perform-seed input").fill("77")
    fresh.locator("#perform-seed input").blur()
    fresh.locator("#perform-class input").click()
    fresh.locator("#perform-class").get_by_role("option", name="Gun shot").click()
    asked = events(stage)
    fresh.wait_for_function("localStorage['foley-performance']?.includes('\"time\"')")
    fresh.wait_for_function("localStorage['foley-perform-settings']?.includes('77')")
    fresh.reload()
    settle(fresh)
    expect(stage.locator("[data-event]")).to_have_count(1)
    assert events(stage) == pytest.approx(asked, abs=1e-3)
    expect(stage.locator("[data-count]")).to_contain_text("20.00 s")
    expect(fresh.locator("#perform-seed input")).to_have_value("77")
    expect(fresh.locator("#perform-class input")).to_have_value("Gun shot")


def test_a_list_is_for_the_video_that_is_open_until_that_is_closed(page, stage, tmp_path):
    open_file(page, write_ball_video(tmp_path / "ball.mp4", Fraction(24)))
    expect(stage.locator("[data-event]")).to_have_count(len(HITS_S))
    hits = tmp_path / "hits.csv"
    hits.write_text("time,strength\n0.5,1\n2.25,0.4\n")
    open_file(page, hits)
    expect(stage.locator("[data-event]")).to_have_count(2)
    expect(stage.locator("video")).to_be_visible()
    expect(stage.locator("[data-count]")).to_contain_text("10.00 s")
    stage.locator("[data-close-video]").click()
    expect(stage.locator("video")).to_be_hidden()
    expect(stage.locator("[data-event]")).to_have_count(2)
    expect(page.locator("#perform-bar output")).to_have_text("The video is closed")
    open_file(page, hits)
    expect(stage.locator("[data-count]")).to_contain_text("2 events")
    expect(stage.locator("video")).to_be_hidden()


VOICE = """
() => {
    navigator.mediaDevices.getUserMedia = async () => {
        const context = new AudioContext(), out = context.createMediaStreamDestination();
        await context.resume();
        for (const time of [0.6, 1.4, 2.0]) {
            const tone = context.createOscillator(), level = context.createGain();
            tone.frequency.value = 700;
            tone.connect(level).connect(out);
            level.gain.setValueAtTime(0.5, context.currentTime + time);
            level.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + time + 0.2);
            tone.start(context.currentTime + time);
            tone.stop(context.currentTime + time + 0.25);
        }
        return out.stream;
    };
}
"""


def test_a_voice_becomes_events_for_the_picture(page, stage):
    page.evaluate(VOICE)
    stage.locator("[data-lane]").focus()
    page.keyboard.press("v")
    expect(stage.locator("[data-words]")).to_contain_text("Recording")
    expect(stage.locator("[data-voice]")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(3500)
    page.keyboard.press("v")
    expect(stage.locator("[data-words]")).to_contain_text("heard in my voice.wav")
    expect(stage.locator("[data-voice]")).to_have_attribute("aria-pressed", "false")
    expect(stage.locator("[data-event]")).to_have_count(3)
    first, second, third = events(stage)
    assert second - first == pytest.approx(0.8, abs=0.05) and third - second == pytest.approx(0.6, abs=0.05)


def test_a_microphone_that_is_refused_is_a_sentence(page, stage):
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no')); }")
    stage.locator("[data-voice]").click()
    expect(stage.locator("[data-words]")).to_contain_text("did not allow the microphone")


def test_the_sheet_tells_the_keys_of_the_tab(page, stage):
    stage.locator("[data-lane]").focus()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("draw the level")
    expect(page.locator("#help")).not_to_contain_text("siblings")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Generate").click()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("siblings")
    page.keyboard.press("Escape")


def test_escape_stops_a_performance(page, stage):
    stage.locator("[data-lane]").dblclick(position={"x": 200, "y": 60})
    page.locator("#perform-seed input").fill(str(time.time_ns() % 10**8))  # nothing is drawn for it yet
    page.locator("#perform-seed input").blur()
    PacedFoley.pause_s = 0.1
    page.locator("#perform").click()
    expect(page.locator("#perform-bar .running output")).to_have_text("Performing")
    page.keyboard.press("Escape")
    expect(page.locator("#perform-bar output")).to_have_text("Stopped")
    expect(stage.locator("[data-event]")).to_have_count(1)
    PacedFoley.pause_s = 0


def test_the_volume_is_the_pages_own(page, stage):
    stage.locator("[data-lane]").focus()
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(stage.locator("[data-volume]")).to_have_value("0.9")
    page.get_by_role("tab", name="Generate").click()
    expect(page.get_by_label("Volume", exact=True)).to_have_value("0.9")
    page.keyboard.press("]")
    page.keyboard.press("]")
