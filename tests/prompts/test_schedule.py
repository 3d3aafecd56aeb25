"""From counts, cadences and levels to times and strengths."""

from itertools import pairwise

import pytest

from foley.perform import EventError
from foley.prompts import PromptError, parse
from foley.prompts.schedule import LEAD_S, USUAL_S, has_events, schedule


def times(sentence: str) -> list[float]:
    return [round(event.time_s, 3) for event in schedule(parse(sentence)).events]


def test_a_cadence_is_kept_exactly() -> None:
    assert times("four barks every half second") == [LEAD_S, 0.6, 1.1, 1.6]


def test_times_are_kept_exactly() -> None:
    assert times("gunshots at 0.5, 1.5 and 3 seconds") == [0.5, 1.5, 3.0]


def test_events_that_nobody_counted_fill_the_sound() -> None:
    events = schedule(parse("two steps per second for six seconds"))
    assert len(events.events) == 11
    assert events.duration_s == 6


def test_events_have_the_knobs_that_are_said_of_them_alone() -> None:
    said = parse("two barks, then a dark bark")
    assert [bool(event.knobs) for event in schedule(said, hears_knobs=True).events] == [False, False, True]
    assert not any(event.knobs for event in schedule(said).events)


def test_a_pause_parts_two_groups() -> None:
    first, second = times("a bark, a pause of two seconds, then another bark")
    assert second - first == pytest.approx(2)


def test_slow_is_slower_than_usual_and_fast_is_faster() -> None:
    steps = [times(f"two {pace} footsteps")[1] - LEAD_S for pace in ("slow", "", "fast")]
    assert steps[0] > steps[1] > steps[2]
    assert steps[1] == pytest.approx(USUAL_S[parse("footstep").category])


def test_speeding_up_halves_the_interval_from_first_to_last() -> None:
    at = times("seven footsteps speeding up")
    intervals = [later - earlier for earlier, later in pairwise(at)]
    assert intervals[-1] == pytest.approx(intervals[0] / 2, abs=0.01)
    assert intervals == sorted(intervals, reverse=True)


def test_louder_events_are_stronger_by_their_decibels() -> None:
    strengths = schedule(parse("three steps, then one louder")).strengths
    assert strengths.tolist() == pytest.approx([0.75, 0.75, 0.75, 1.0])


def test_a_fading_row_of_events_falls_evenly() -> None:
    strengths = schedule(parse("five footsteps fading away")).strengths.tolist()
    assert strengths == pytest.approx([1.0, 0.875, 0.75, 0.625, 0.5])


def test_rain_has_no_events() -> None:
    assert not has_events(parse("slow rain"))
    with pytest.raises(PromptError, match="no single events"):
        schedule(parse("slow rain"))


def test_too_many_events_are_refused_in_a_sentence() -> None:
    with pytest.raises(EventError):
        schedule(parse("ten thousand footsteps"))
