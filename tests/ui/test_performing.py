"""What the Perform tab opens and keeps: a performance comes back with its events, settings and samples."""

import os
from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from bouncing_ball import write_ball_video
from hits import RATE, hits

from foley import Category, Foley
from foley.perform import Event, EventError, EventList, PerformanceSettings
from foley.perform.output import reopen, save
from foley.perform.performance import Performance
from foley.takes.library import Library
from foley.ui.session.kept_performances import MOST_OF_A_VISITOR, KeptPerformances
from foley.ui.session.performing import FROM_PICTURE, Opened, open_source
from foley.ui.session.visitors import VisitorLibrary
from foley.ui.studio import build_studio

KNOBS = (("brightness", 0.75),)


@pytest.fixture
def performance():
    events = EventList((Event(0.5, 0.8, int(Category.GunShot), KNOBS), Event(1.25)), 3.0)
    settings = PerformanceSettings(Category.Footstep, 2**62 + 1, temperature=0.9, knobs=(("tail", 0.25),))
    return Performance(hits([0.5, 1.25], [0.8, 1.0], 3.0), RATE, events, settings, "model@1", "CC0")


def opened(path, how=FROM_PICTURE):
    [found] = [step for step in open_source(path, how, RATE) if isinstance(step, Opened)]
    return found


def test_a_performance_comes_back_with_its_knobs_and_its_sound(tmp_path, performance):
    again = reopen(save(performance, tmp_path)["wav"])
    assert again.settings == performance.settings and again.licence == "CC0" and again.model == "model@1"
    assert [event.knobs for event in again.events.events] == [KNOBS, ()]
    assert torch.allclose(again.waveform, performance.waveform, atol=2**-22)


def test_a_performance_of_before_there_were_knobs_is_read(tmp_path, performance):
    from foley.perform.recipes import from_recipe

    recipe = performance.recipe
    del recipe["knobs"]
    recipe["events"] = [row[:3] for row in recipe["events"]]
    events, settings = from_recipe(recipe)
    assert settings == replace(performance.settings, knobs=()) and [event.knobs for event in events.events] == [(), ()]


@pytest.mark.parametrize("knobs", [{"brightness": 2}, {"nothing": 0.5}, 7, {"pitch": "high"}])
def test_knobs_that_cannot_be_are_a_recipe_that_was_changed(performance, knobs):
    from foley.perform.recipes import from_recipe

    recipe = performance.recipe
    recipe["events"][0][3] = knobs
    with pytest.raises(EventError, match="recipe cannot be read"):
        from_recipe(recipe)


def test_what_is_kept_is_listed_the_newest_first_and_opens_again(tmp_path, performance):
    kept = KeptPerformances(Library(tmp_path))
    assert kept.choices() == []
    first, second = kept.add(performance), kept.add(performance)
    os.utime(first, (1, 1))
    assert [name for _, name in kept.choices()] == [second.name, first.name]
    found = opened(kept.path(first.name))
    assert found.performance is not None and found.events == performance.events
    for name in ("../" + first.name, "other.wav", ""):
        with pytest.raises(EventError, match="not there"):
            kept.path(name)


def test_takes_of_the_library_stay_as_they_are(tmp_path, performance):
    library = Library(tmp_path)
    KeptPerformances(library).add(performance)
    assert library.entries() == [] and library.left_out == {}


def test_of_a_visitor_only_the_newest_are_kept(tmp_path, performance):
    kept = KeptPerformances(VisitorLibrary(tmp_path))
    for number in range(MOST_OF_A_VISITOR + 2):
        os.utime(kept.add(performance), (number, number))
    assert len(kept.choices()) == MOST_OF_A_VISITOR


def test_a_video_without_motion_opens_with_a_sentence_and_no_events(tmp_path):
    still = opened(write_ball_video(tmp_path / "still.mp4", Fraction(24), 1.0, hits=()))
    assert still.words.startswith("Nothing moves") and still.events.events == () and still.frame_rate == 24


def test_a_recording_gives_its_onsets(tmp_path, performance):
    path = save(replace(performance, events=EventList((), 3.0)), tmp_path)["wav"]
    import soundfile

    soundfile.write(tmp_path / "claps.wav", soundfile.read(path)[0], RATE)
    assert len(opened(tmp_path / "claps.wav").events.events) == 2


def test_who_performs_while_takes_are_drawn_for_the_taps_is_not_ignored(checkpoint):
    studio = build_studio(Foley.from_pretrained(checkpoint))
    [perform] = [one for one in studio.fns.values() if one.fn and one.fn.__name__ == "perform"]
    assert perform.trigger_mode == "multiple"
