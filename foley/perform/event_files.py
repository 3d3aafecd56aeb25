"""Events in files: CSV and markers, EDL, MIDI; read and written.

Limits stand here: what is larger than these is refused with a sentence before it is read.
"""

import csv
import io
import re
from pathlib import Path

from foley.perform.events import LONGEST_S, MOST_EVENTS, EventError, EventList
from foley.perform.timecode import FrameRate, parse_time
from foley.system.files import replacing

MOST_BYTES = 4 * 2**20
TICKS_A_BEAT, BEATS_A_MINUTE = 960, 120
NOTE, CHANNEL = 60, 0
NOTE_S = 0.1
EXTENSIONS = (".csv", ".tsv", ".txt", ".edl", ".mid", ".midi")
_TIME_NAMES = ("time", "time_s", "start", "in", "position", "timecode", "source in", "record in", "begin")
_STRENGTH_NAMES = ("strength", "velocity", "level", "intensity")
_EDL_MARKER = re.compile(r"^\*\s*LOC:\s*(\S+)", re.IGNORECASE)
_EDL_EVENT = re.compile(r"^\d{3,6}\s+\S+\s+\S+\s+\S+(?:\s+\d+)?\s+\S+\s+\S+\s+(\d{2}:\d{2}:\d{2}[:;.,]\d{2,3})\s")


def read_events(path: str | Path, frame_rate: FrameRate | None = None, start: str = "") -> EventList:
    """The events of a CSV, TSV, marker list, EDL or MIDI file.

    Args:
        path: the file; its ending says what it is.
        frame_rate: of the timecodes in it; 25 frames a second where none is given.
        start: the timecode or time that is second 0; earlier events are left out.

    Raises EventError naming the file, what is wrong, and what to do.
    """
    path = Path(path)
    rate = frame_rate or FrameRate.parse("25")
    try:
        size = path.stat().st_size
    except OSError:
        raise EventError(f"{path.name} is not there: check the name of the file.") from None
    if size > MOST_BYTES:
        raise EventError(f"{path.name} has {size / 2**20:.0f} MiB: {MOST_BYTES // 2**20} MiB of events is the most.")
    if path.suffix.lower() not in EXTENSIONS:
        raise EventError(f"{path.name} is no list of events: use {', '.join(EXTENSIONS)}.")
    try:
        if path.suffix.lower() in (".mid", ".midi"):
            events = _read_midi(path)
        else:
            text = path.read_bytes().decode("utf-8-sig", "replace").replace("\0", "")
            events = _read_edl(text, rate) if path.suffix.lower() == ".edl" else _read_table(text, rate)
        zero = parse_time(start, rate) if start else 0.0
        kept = [(time - zero, strength) for time, strength in events if time >= zero - 1e-9]
        if not kept:
            raise EventError("no event is in it: a column of times (time, strength) or markers are expected.")
        if len(kept) > MOST_EVENTS:
            raise EventError(f"it holds {len(kept)} events: {MOST_EVENTS} is the most.")
        latest = max(time for time, _ in kept)
        if latest >= LONGEST_S:
            raise EventError(
                f"its last event lies at {latest:.1f} s, but {LONGEST_S:g} s is the longest: "
                "say with the start time which moment is second 0."
            )
        times, strengths = zip(*((max(0.0, time), strength) for time, strength in kept), strict=True)
        return EventList.of_times(times, strengths, min(LONGEST_S, latest + 2.0))
    except EventError as error:
        raise EventError(f"{path.name}: {error}") from None
    except OSError:
        raise EventError(f"{path.name} cannot be read: check that it is a file that you may open.") from None


def write_csv(path: str | Path, events: EventList) -> Path:
    """Write events as CSV with the columns time (seconds) and strength; whole or not at all. Returns the path."""
    rows = "".join(f"{event.time_s:.6f},{event.strength:.4f}\n" for event in events.events)
    with replacing(path) as temporary:
        temporary.write_text("time,strength\n" + rows, encoding="utf-8")
    return Path(path)


def write_midi(path: str | Path, events: EventList) -> Path:
    """Write events as a MIDI file: a note each, its velocity the strength; whole or not at all. Returns the path."""
    import mido

    ticks_a_second = TICKS_A_BEAT * BEATS_A_MINUTE / 60
    messages = []
    for event in events.events:
        on = round(event.time_s * ticks_a_second)
        velocity = max(1, round(event.strength * 127))
        messages.append((on, 1, mido.Message("note_on", note=NOTE, velocity=velocity, channel=CHANNEL)))
        off = on + round(NOTE_S * ticks_a_second)
        messages.append((off, 0, mido.Message("note_off", note=NOTE, velocity=0, channel=CHANNEL)))
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BEATS_A_MINUTE))])
    now = 0
    for tick, _, message in sorted(messages, key=lambda item: item[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    file = mido.MidiFile(ticks_per_beat=TICKS_A_BEAT, type=0)
    file.tracks.append(track)
    with replacing(path) as temporary:
        file.save(temporary)
    return Path(path)


def _read_midi(path: Path) -> list[tuple[float, float]]:
    import mido

    try:
        # read whole first, for its size was checked: of an open file, mido would reserve whatever a chunk's header says
        file = mido.MidiFile(file=io.BytesIO(path.read_bytes()))
        events, now = [], 0.0
        for message in file:
            now += message.time
            if message.type == "note_on" and message.velocity > 0:
                events.append((now, message.velocity / 127))
                if len(events) > MOST_EVENTS:
                    break
        return events
    except OSError:
        raise EventError("it is no MIDI file, or broken: export it again as a standard MIDI file.") from None
    except (ValueError, TypeError, EOFError, IndexError, KeyError, AttributeError, RecursionError):
        raise EventError("it is a broken MIDI file: export it again as a standard MIDI file.") from None


def _read_edl(text: str, rate: FrameRate) -> list[tuple[float, float]]:
    """Locators (`* LOC:`) where there are any, else the record-in points of the events of a CMX 3600 list."""
    if re.search(r"^FCM:\s*DROP FRAME", text, re.MULTILINE | re.IGNORECASE) and rate.rate.denominator != 1:
        rate = FrameRate(rate.rate, drop_frame=True)
    markers, cuts = [], []
    for line in text.splitlines():
        if match := _EDL_MARKER.match(line.strip()):
            markers.append((parse_time(match[1], rate), 1.0))
        elif match := _EDL_EVENT.match(line.strip() + " "):
            cuts.append((parse_time(match[1], rate), 1.0))
    return markers or cuts


def _read_table(text: str, rate: FrameRate) -> list[tuple[float, float]]:
    """Rows of times and strengths, with or without a head, apart by commas, semicolons or tabs."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return []
    separator = next((sign for sign in ("\t", ";", ",") if sign in lines[0]), ",")
    if separator == ";" and re.fullmatch(r"\s*\d\d:\d\d:\d\d;\d\d\s*", lines[0]):  # drop frame, no separator
        separator = ","
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
        ]
    except csv.Error:
        raise EventError("it is no table of events: two columns, time and strength, are expected.") from None
    time_column, strength_column = 0, 1
    names = [cell.lower() for cell in rows[0]]
    named = next((names.index(name) for name in _TIME_NAMES if name in names), None)
    largest = 1.0
    if named is not None:
        time_column = named
        found = next((name for name in _STRENGTH_NAMES if name in names), "")
        strength_column = names.index(found) if found else -1
        largest = 127.0 if found == "velocity" else 1.0
        rows = rows[1:]
    events = []
    for number, row in enumerate(rows, start=1):
        if len(row) <= time_column:
            raise EventError(f"row {number} has no time.")
        time = parse_time(row[time_column], rate)
        strength = 1.0
        if 0 <= strength_column < len(row) and row[strength_column]:
            try:
                strength = float(row[strength_column]) / largest
            except ValueError:
                strength = 1.0 if named is None else float("nan")  # a marker's name in the second column
            if not 0 <= strength <= 1:
                raise EventError(f"row {number} has the strength {row[strength_column][:20]!r}: write 0 to 1.")
        events.append((time, strength))
    return events
