"""Lists of events, performances and videos, as anybody may hand them over."""

import contextlib
import json
import random
from pathlib import Path

import numpy as np
import torch
from broken_files import HEADS, WORDS, broken_bytes, broken_json, write_sound
from kit import Kit, NotHeldError

from foley.audio.embedded import read_recipe
from foley.audio.metadata import Tags, tagged
from foley.perform.event_files import read_events, write_midi
from foley.perform.events import EventError, EventList
from foley.perform.output import read_performance, reopen
from foley.perform.picture import events_in_motion
from foley.perform.timecode import RATES, FrameRate
from foley.perform.video import lay_sound, production_sound, read_motion, video_info

TIMES = ["0", "1.5", "299.9", "00:00:01:06", "00:00:01;06", "1:02.5", "-1", "1e3", "99:99:99:99", "00:00:00.250"]
EDL = (
    "TITLE: x\nFCM: DROP FRAME\n001  AX V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n* LOC: 01:00:00:12 RED a\n"
)


def event_lists(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Tables, markers, EDLs and MIDI files."""
    path = folder / chance.choice(["a.csv", "a.tsv", "a.txt", "a.edl", "a.mid", "a.midi", "a.xyz", "\udcff.csv"])
    if path.suffix.startswith(".mid"):
        good = write_midi(folder / "good.mid", EventList.of_times([0.0, 0.5, 1.0], [1.0, 0.5, 0.2])).read_bytes()
        data = (
            chance.choice([b"", *HEADS]) + chance.randbytes(30) if chance.random() < 0.1 else broken_bytes(good, chance)
        )
    else:
        rows = [["0", "1"], ["0.5", "0.25"], ["00:00:01:06", ""], ["1:02.5", "0.5"]]
        for _ in range(chance.randrange(3)):
            row = chance.choice(rows)
            row[chance.randrange(2)] = chance.choice([*TIMES, *WORDS])
        head = chance.choice([[], [["time", "strength"]], [["name", "Start", "velocity"]], [["\ufefftime"]]])
        table = "\n".join(chance.choice([",", ";", "\t"]).join(row) for row in [*head, *rows])
        data = (EDL if path.suffix == ".edl" else table).encode("utf-8", "replace")
        data = broken_bytes(data, chance) if chance.random() < 0.4 else data
    path.write_bytes(data)
    rate = FrameRate.parse(chance.choice([*RATES, "29.97df"]))
    read_events(path, rate, chance.choice(["", "", *TIMES]))


def performances(chance: random.Random, kit: Kit, folder: Path) -> None:
    """WAV files that carry a performance, and recordings that are to be performed."""
    path = folder / "performance.wav"
    if chance.random() < 0.1:
        write_sound(path, chance)
    else:
        whole = kit.performance.read_bytes()
        if chance.random() < 0.7:
            with contextlib.suppress(UnicodeEncodeError):
                whole = tagged(whole, Tags(recipe=broken_json(read_recipe(kit.performance) or "", chance)))
        else:
            whole = broken_bytes(whole, chance)
        path.write_bytes(whole)
    events, settings, _ = read_performance(path)
    again = reopen(path)
    if (again.events, again.settings) != (events, settings):
        raise NotHeldError("what is reopened is another performance")
    json.dumps(again.recipe).encode()
    if events.curve is not None:
        events.curve.at(np.linspace(0, events.duration_s, 10))


def videos(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Videos: what is in them, their motion, their sound, and a sound laid into them."""
    path = folder / chance.choice(["a.mp4", "a.mov", "a.mkv", "a.avi", "\udcff.mp4", "a"])
    if chance.random() < 0.8:
        path.write_bytes(broken_bytes(kit.video.read_bytes(), chance))
    else:
        write_sound(path, chance)
    refusals = []
    for call in (
        lambda: events_in_motion(read_motion(path), min(300.0, video_info(path).duration_s)),
        lambda: production_sound(path, 24_000),
        lambda: lay_sound(path, torch.zeros(24_000), 24_000, folder / "out.mp4"),
    ):
        try:
            call()
        except EventError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
