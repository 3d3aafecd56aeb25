"""Events: what they may be, in files of every kind, and the timecodes in them."""

import math
import tracemalloc
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foley.perform.event_files import read_events, write_csv, write_midi
from foley.perform.events import Event, EventError, EventList
from foley.perform.timecode import RATES, FrameRate, parse_time


@pytest.mark.parametrize(
    ("events", "duration_s", "words"),
    [
        ((Event(5.0),), 4.0, "outside"),
        ((Event(-0.1),), 4.0, "outside"),
        ((Event(math.nan),), 4.0, "outside"),
        ((Event(1.0, 1.5),), 4.0, "strength"),
        ((Event(1.0, math.nan),), 4.0, "strength"),
        ((), 301.0, "length"),
        ((), math.inf, "length"),
        (tuple(Event(n / 100) for n in range(5001)), 100.0, "most"),
    ],
)
def test_events_that_cannot_be_are_refused_with_a_sentence(events, duration_s, words):
    with pytest.raises(EventError, match=words):
        EventList(events, duration_s)


def test_events_lie_in_the_order_of_their_times():
    events = EventList.of_times([2.0, 0.5, 1.0], [0.1, 0.2, 0.3])
    assert [event.time_s for event in events.events] == [0.5, 1.0, 2.0]
    assert [event.strength for event in events.events] == [0.2, 0.3, 0.1]


def test_of_a_double_tap_the_stronger_one_is_kept():
    events = EventList.of_times([1.0, 1.02, 2.0], [0.4, 0.9, 0.5]).without_doubles(0.05)
    assert events.events == (Event(1.02, 0.9), Event(2.0, 0.5))


@given(st.sampled_from(sorted(RATES)), st.integers(0, 24 * 3600 * 24), st.booleans())
def test_a_frame_and_its_timecode_name_each_other(name, frame, drop):
    rate = FrameRate.parse(name)
    rate = FrameRate(rate.rate, drop and name in ("29.97", "59.94"))
    assert rate.frame_of(rate.timecode(frame)) == frame
    assert rate.frame_at(rate.seconds(frame)) == frame


def test_drop_frame_keeps_up_with_the_clock():
    rate = FrameRate.parse("29.97df")
    assert rate.timecode(1799) == "00:00:59;29" and rate.timecode(1800) == "00:01:00;02"
    assert rate.timecode(17_982) == "00:10:00;00"
    assert abs(float(rate.seconds(rate.frame_of("01:00:00;00"))) - 3600) < 0.01
    with pytest.raises(EventError, match="leaves out"):
        rate.frame_of("00:01:00;01")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.25", 1.25),
        ("1,25", 1.25),
        ("1:02.5", 62.5),
        ("01:00:00", 3600.0),
        ("00:00:02:12", 2.5),
        ("00:00:01.250", 1.25),
    ],
)
def test_times_are_read_as_people_write_them(text, seconds):
    assert parse_time(text, FrameRate.parse("24")) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4:5", "-1", "00:00:01:31", "nan", "1e3"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(EventError):
        parse_time(text, FrameRate.parse("24"))


@pytest.mark.parametrize("name", ["0", "-24", "1e9", "fast", "24df", "1/0"])
def test_what_is_no_frame_rate_is_refused(name):
    with pytest.raises(EventError):
        FrameRate.parse(name)


def test_lengths_are_exact_to_the_sample():
    assert FrameRate.parse("29.97").samples(30, 48_000) == 48_048
    assert FrameRate.parse("23.976").seconds(24) == Fraction(1001, 1000)


@pytest.mark.parametrize(("ending", "write"), [(".csv", write_csv), (".mid", write_midi)])
def test_written_events_are_read_again(tmp_path, ending, write):
    events = EventList.of_times([0.1, 1.234567, 2.5, 2.55], [1.0, 0.5, 0.25, 0.75])
    again = read_events(write(tmp_path / f"events{ending}", events))
    assert again.times_s == pytest.approx(events.times_s, abs=6e-4)
    assert again.strengths == pytest.approx(events.strengths, abs=0.005)


@pytest.mark.parametrize(
    ("name", "text", "times"),
    [
        ("plain.csv", "0.5\n1.5\n", [0.5, 1.5]),
        ("semicolons.csv", "time;strength\n0,5;0,5\n", None),
        ("semicolons.csv", "time;strength\n0,5;0.5\n", [0.5]),
        ("marks.tsv", "Name\tStart\tDuration\nstep\t0:01.500\t0\nstep\t0:02.000\t0\n", [1.5, 2.0]),
        ("codes.csv", "Timecode,Velocity\n00:00:01:12,127\n00:00:02:00,64\n", [1.48, 2.0]),
        (
            "cut.edl",
            "TITLE: REEL\nFCM: NON-DROP FRAME\n001  AX  V  C  00:00:00:00 00:00:01:00 00:00:02:00 00:00:03:00\n",
            [2.0],
        ),
        (
            "marks.edl",
            "001  AX  V  C  00:00:00:00 00:00:01:00 00:00:02:00 00:00:03:00\n* LOC: 00:00:02:05 RED hit\n",
            [2.2],
        ),
    ],
)
def test_lists_of_other_programs_are_read(tmp_path, name, text, times):
    path = tmp_path / name
    path.write_text(text)
    if times is None:
        with pytest.raises(EventError, match="row 1"):
            read_events(path)
    else:
        assert read_events(path, FrameRate.parse("25")).times_s == pytest.approx(times)


def test_the_start_is_second_zero(tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("00:59:59:00\n01:00:01:00\n01:00:02:12\n")
    assert read_events(path, FrameRate.parse("24"), "01:00:00:00").times_s == pytest.approx([1.0, 2.5])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "no event"),
        ("words.csv", b"hello\n", "no time"),
        ("late.csv", b"400\n", "longest"),
        ("many.csv", b"1\n" * 5001, "most"),
        ("strong.csv", b"time,strength\n1,7\n", "row 1"),
        ("binary.csv", bytes(range(256)) * 10, "time"),
        ("broken.mid", b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x0a\x00\x90", "MIDI"),
        ("notmidi.mid", b"RIFF....", "MIDI"),
        ("sound.aaf", b"", "no list"),
    ],
)
def test_a_bad_list_gives_a_sentence_with_its_name(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EventError, match=words) as error:
        read_events(tmp_path / name)
    assert name in str(error.value)


def test_a_large_list_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(5 * 2**20)
    with pytest.raises(EventError, match="MiB"):
        read_events(path)


def test_a_midi_file_that_says_it_holds_gigabytes_takes_no_memory(tmp_path):
    path = tmp_path / "long.mid"
    path.write_bytes(b"MThd\x7f\xff\xff\xff\x00\x00\x00\x01\x03\xc0MTrk\x7f\xff\xff\xff\x00\x90")
    tracemalloc.start()
    try:
        with pytest.raises(EventError, match=r"long\.mid"):
            read_events(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_stumble(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("lists") / "some.csv"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        events = read_events(path)
    except EventError as error:
        assert "some.csv" in str(error)  # noqa: PT017  either outcome is right
    else:
        assert all(0 <= event.strength <= 1 for event in events.events)
