"""`python -m foley perform`: events from a file, a recording or a video, and the sound that lands on them."""

import argparse
from pathlib import Path

from tqdm import tqdm

from foley.audio.files import read_audio
from foley.categories import Category
from foley.perform.event_files import read_events
from foley.perform.events import LONGEST_S, EventError, EventList
from foley.perform.onsets import events_of
from foley.perform.output import read_performance, save
from foley.perform.performance import perform
from foley.perform.picture import events_in_motion
from foley.perform.settings import WAYS, PerformanceSettings
from foley.perform.timecode import FrameRate, parse_time
from foley.perform.video import production_sound, read_motion, video_info
from foley.pipeline import Foley
from foley.resources import SHIPPED_MODEL
from foley.sampling import TOP_P
from foley.sampling.settings import MOST_TEMPERATURE
from foley.system.arguments import real, whole


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """The options of `perform`."""
    command = commands.add_parser("perform", help="sound that lands on events: of a file, a recording, or a video")
    command.add_argument("--category", help=", ".join(category.name for category in Category))
    source = command.add_mutually_exclusive_group()
    source.add_argument("--events", type=Path, help="CSV, markers, EDL or MIDI with the times of the events")
    source.add_argument("--contour", type=Path, help="a recording (claps, a voice) with the onsets and levels")
    source.add_argument("--recipe", type=Path, help="a WAV that `perform` wrote: perform the same again")
    command.add_argument("--video", type=Path, help="its motion gives the events where no other source is given")
    command.add_argument("--from-sound", action="store_true", help="of the video, take the events of its own sound")
    command.add_argument("--frame-rate", default="25", help="of timecodes: 23.976, 24, 25, 29.97, 29.97df, ... 60")
    command.add_argument("--start", default="", help="the timecode or time that is second 0")
    command.add_argument("--way", default="", choices=("", *WAYS), help="default: what suits the class")
    command.add_argument("--seed", type=whole(0, 2**63 - 1), default=0)
    command.add_argument("--temperature", type=real(0, MOST_TEMPERATURE), default=1.0)
    command.add_argument("--top-p", type=real(0, 1, above=True), default=TOP_P)
    command.add_argument("--files", default="wav", help="of wav, midi, csv, video; several apart by commas")
    command.add_argument("--out", type=Path, default=Path("takes"), help="folder for the files")
    command.add_argument("--checkpoint", default=SHIPPED_MODEL, help="a folder or hub name; default: the shipped one")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    return command


def run_perform(arguments: argparse.Namespace) -> None:
    """Perform, write the files, and say where they are. Raises ValueError with one sentence for what cannot be."""
    rate = FrameRate.parse(arguments.frame_rate)
    start_s = parse_time(arguments.start, rate) if arguments.start else 0.0
    model = ""
    if arguments.recipe:
        events, settings, model = read_performance(arguments.recipe)
    else:
        if not arguments.category:
            raise EventError("Say which class performs: --category Footstep, for example.")
        settings = PerformanceSettings(
            Category.parse(arguments.category), arguments.seed, arguments.way, arguments.temperature, 0, arguments.top_p
        )
    foley = Foley.from_pretrained(arguments.checkpoint, arguments.device)
    if model and model.split("@")[-1] != foley.name.split("@")[-1]:
        raise EventError(f"The performance was made by the model {model}, and this is {foley.name}: load that one.")
    if not arguments.recipe:
        events = _events(arguments, rate, foley.sample_rate)
    with tqdm(desc="Performing", total=100, unit="%", leave=False) as bar:

        def show(done: float) -> None:
            bar.update(round(100 * done) - bar.n)

        performance = perform(foley, events, settings, progress=show)
    kinds = [kind.strip() for kind in arguments.files.split(",") if kind.strip()]
    for path in save(performance, arguments.out, "", kinds, start_s, arguments.video).values():
        print(path)
    print(f"{events.count_words} in {performance.duration_s:.2f} s, as {settings.chosen_way}.")


def _events(arguments: argparse.Namespace, rate: FrameRate, sample_rate: int) -> EventList:
    video = arguments.video
    duration = min(LONGEST_S, video_info(video).duration_s) if video else None
    if arguments.events:
        events = read_events(arguments.events, rate, arguments.start)
    elif arguments.contour:
        events = events_of(read_audio(arguments.contour, sample_rate, LONGEST_S), sample_rate)
    elif video and arguments.from_sound:
        sound = production_sound(video, sample_rate)
        if sound is None:
            raise EventError(f"{video.name} has no sound of its own: leave out --from-sound.")
        events = events_of(sound, sample_rate)
    elif video and duration:
        events = events_in_motion(read_motion(video), duration)
    else:
        raise EventError("There is nothing to perform to: give --events, --contour or --video.")
    if duration is None:
        return events
    return EventList(tuple(event for event in events.events if event.time_s < duration), duration, events.curve)
