"""The tab that performs: events tapped to a picture, or read from it, and the sound that lands on them."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr

from foley.audio.files import read_audio, write_audio
from foley.categories import Category
from foley.perform.event_files import EXTENSIONS as EVENT_FILES
from foley.perform.event_files import read_events
from foley.perform.events import LONGEST_S, Event, EventError, EventList, LevelCurve
from foley.perform.onsets import events_of
from foley.perform.output import read_performance, save
from foley.perform.performance import OneShotPool, Performance, stream_performance
from foley.perform.picture import events_in_motion
from foley.perform.settings import BED, ONE_SHOTS, PerformanceSettings
from foley.perform.video import VideoError, production_sound, read_motion, video_info
from foley.pipeline import Foley
from foley.sampling.noise import part_seed
from foley.ui.components import protocol
from foley.ui.components.progress_bar import bar_value, progress_bar
from foley.ui.components.timeline import opened_value, performed_value, timeline
from foley.ui.session.device import USES_MODEL, error_message
from foley.ui.session.events import PAGE_ONLY
from foley.ui.session.models import Models
from foley.ui.session.visitors import new_folder, served

MOST_VARIATIONS = 4
MOST_POOLS = 8
WARM_TAKES = 4  # drawn at the first tap: enough for a dozen events
VIDEO_FILES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
FROM_PICTURE, FROM_SOUND, NO_EVENTS = "its picture", "its own sound", "my taps"


class Pools:
    """The one-shots that were cut last, by model and settings: who performs again does not wait again."""

    def __init__(self) -> None:
        self._pools: OrderedDict[tuple[str, PerformanceSettings], OneShotPool] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, foley: Foley, settings: PerformanceSettings) -> OneShotPool:
        """The pool for a model and settings, an empty one where there is none yet."""
        key = (foley.name, replace(settings, way=ONE_SHOTS))
        with self._lock:
            pool = self._pools.pop(key, None)
            if pool is None or pool.foley is not foley:
                pool = OneShotPool(foley, settings)
            self._pools[key] = pool
            while len(self._pools) > MOST_POOLS:
                self._pools.popitem(last=False)
            return pool


@dataclass(frozen=True)
class PerformRequest:
    """`count` performances of the same events, with the seeds that follow from the settings' own."""

    events: EventList
    settings: PerformanceSettings
    count: int
    pools: Pools

    def __call__(self, foley: Foley) -> Iterator[float | Performance]:
        """Perform them, step by step. Raises ValueError for what cannot be performed."""
        for number in range(self.count):
            settings = replace(self.settings, seed=part_seed(self.settings.seed, number))
            yield from stream_performance(foley, self.events, settings, lambda wanted: self.pools.of(foley, wanted))


def perform_tab(models: Models, model: gr.State) -> None:
    """Lay the tab out inside the open Blocks."""
    pools = Pools()
    done, source, file_open = gr.State([]), gr.State(None), gr.State("")
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls perform-settings", min_width=280):
            file = gr.UploadButton("Open a video, a recording, or a list of events", elem_id="perform-file")
            take_from = gr.Dropdown(
                [FROM_PICTURE, FROM_SOUND, NO_EVENTS], value=FROM_PICTURE, label="Of a video, take events from",
                elem_id="perform-from", info="A recording of claps or of your voice performs by its onsets and level.",
            )  # fmt: skip
            kind = gr.Dropdown(
                [(each.title, int(each)) for each in Category], value=int(Category.Footstep), label="Class",
                elem_id="perform-class",
            )  # fmt: skip
            way = gr.Dropdown(
                [("What suits the class", ""), ("Single events, one by one", ONE_SHOTS), ("A steady sound", BED)],
                value="", label="How it sounds", elem_id="perform-way",
                info="Single events are placed one by one; rain and engines follow the level that you draw.",
            )  # fmt: skip
            seed = gr.Number(1, precision=0, label="Seed", elem_id="perform-seed")
            temperature = gr.Slider(0.7, 1.3, 1.0, step=0.01, label="How varied", elem_id="perform-temperature")
            count = gr.Slider(1, MOST_VARIATIONS, 1, step=1, label="Versions", elem_id="perform-count")
            go = gr.Button("Perform  P", variant="primary", elem_id="perform")
            stop = gr.Button("Stop", elem_id="perform-stop", interactive=False)
        with gr.Column(min_width=320):
            bar = progress_bar(bar_value("Open a video or press Play, then tap."), "", elem_id="perform-bar")
            stage = timeline(elem_id="timeline")
    answer = protocol.answers()

    def settings_of(values: dict) -> PerformanceSettings:
        number = values[seed]
        if number is None or int(number) != number:
            raise ValueError("The seed must be a whole number.")
        category = Category(int(values[kind]))
        return PerformanceSettings(category, int(number), values[way] or "", float(values[temperature]))

    def opened(path: str | None, how: str) -> Iterator[tuple]:
        if not path:
            return
        try:
            for step in _open(Path(path), how, models.first.sample_rate):
                if not isinstance(step, dict):
                    yield (*[gr.skip()] * 4, bar_value("Looking for events", step, "running"))
                else:
                    yield step, _video(path), path, [], bar_value(step["words"], 1.0, "done")
        except Exception as error:
            gr.Warning(error_message(error))
            yield (*[gr.skip()] * 4, bar_value("Nothing was opened"))

    def performed(message: protocol.Perform, values: dict, request: gr.Request) -> Iterator[dict]:
        events = _events(message)
        wanted = PerformRequest(events, settings_of(values), int(values[count]), pools)
        yield {bar: bar_value("Performing", 0.0, "running"), **buttons(running=True)}
        performances: list[Performance] = []
        for step in models.run(values[model], wanted):
            if isinstance(step, Performance):
                performances.append(step)
            else:
                share = (len(performances) + step) / wanted.count
                yield {bar: bar_value("Performing", share, "running")}
        folder = new_folder(request)
        paths = [
            write_audio(folder / f"performance{number}.wav", each.waveform, each.sample_rate)
            for number, each in enumerate(performances, start=1)
        ]
        words = f"{len(events.events)} events, {performances[0].settings.chosen_way}"
        value = performed_value({}, uuid4().hex, performances, paths, words)
        yield {done: performances, stage: value, bar: bar_value(words, 1.0, "done"), **buttons(running=False)}

    def warmed(message: protocol.Warm, values: dict, request: gr.Request) -> dict:
        settings = settings_of(values)
        if settings.chosen_way == ONE_SHOTS:
            models.call(values[model], _warm, pools, settings)
        return {bar: gr.skip()}

    def saved(message: protocol.SavePerformance, values: dict, request: gr.Request) -> dict:
        if message.variation >= len(values[done]):
            raise EventError("There is no performance yet: press Perform first.")
        video = values[source]
        paths = save(values[done][message.variation], new_folder(request), kinds=message.kinds, video=video)
        path = next(iter(paths.values()))
        return {answer: {"action": "download", "file": served(path), "name": path.name}}

    def stopped() -> tuple:
        return bar_value("Stopped"), *buttons(running=False).values()

    def buttons(running: bool) -> dict[gr.Button, gr.Button]:
        return {go: gr.Button(interactive=not running), stop: gr.Button(interactive=running)}

    queue: dict[str, Any] = {"concurrency_limit": 2, "concurrency_id": "video", **PAGE_ONLY}
    file.upload(opened, [file, take_from], [stage, source, file_open, done, bar], **queue)
    take_from.change(opened, [file_open, take_from], [stage, source, file_open, done, bar], **queue)
    go.click(None, None, None, js="() => window.foley.performing.perform()", **PAGE_ONLY)
    inputs = {kind, way, seed, temperature, count, model, done, source}
    running = protocol.Mailbox("perform").on(
        {protocol.Perform: performed, protocol.Warm: warmed}, inputs, [bar, stage, done, go, stop],
        failed=lambda: {bar: bar_value("Nothing was performed"), **buttons(running=False)}, **USES_MODEL,
    )  # fmt: skip
    protocol.Mailbox("save").on({protocol.SavePerformance: saved}, inputs, [answer], concurrency_limit=2)
    stop.click(stopped, None, [bar, go, stop], cancels=[running], concurrency_limit=None, **PAGE_ONLY)


def _warm(foley: Foley, pools: Pools, settings: PerformanceSettings) -> None:
    for _ in pools.of(foley, replace(settings, seed=part_seed(settings.seed, 0))).fill(WARM_TAKES):
        pass


def _events(message: protocol.Perform) -> EventList:
    curve = None if message.curve is None else LevelCurve(message.curve.levels_db, message.curve.rate)
    events = tuple(Event(time, strength, category) for time, strength, category in message.events)
    return EventList(events, message.duration_s, curve)


def _open(path: Path, how: str, sample_rate: int) -> Iterator[float | dict]:
    """The share done, then the timeline's value for a file. Raises ValueError with one sentence."""
    ending, mark = path.suffix.lower(), uuid4().hex
    if ending in EVENT_FILES:
        events = read_events(path)
        yield opened_value(mark, events, f"{len(events.events)} events of {path.name}")
        return
    if ending in VIDEO_FILES:
        info = video_info(path)
        duration = min(LONGEST_S, info.duration_s)
        found, words = EventList((), duration), f"{path.name}: tap while it plays"
        if how == FROM_PICTURE:
            motion: list[Any] = []
            yield from _shares(lambda report: motion.append(read_motion(path, report)))
            found = events_in_motion(motion[0], duration)
            words = f"{len(found.events)} events seen in the picture of {path.name}"
        elif how == FROM_SOUND:
            sound = production_sound(path, sample_rate)
            if sound is None:
                raise VideoError(f"{path.name} has no sound of its own: take its events from the picture, or tap.")
            heard = events_of(sound, sample_rate)
            found = EventList(tuple(e for e in heard.events if e.time_s < duration), duration, heard.curve)
            words = f"{len(found.events)} events heard in {path.name}"
        yield opened_value(mark, found, words, path, float(info.frame_rate))
        return
    try:
        events, settings, _ = read_performance(path)
        words = f"A performance of {settings.category.title}, seed {settings.seed}: {len(events.events)} events"
    except EventError:
        events = events_of(read_audio(path, sample_rate, LONGEST_S), sample_rate)
        words = f"{len(events.events)} onsets heard in {path.name}"
    yield opened_value(mark, events, words)


def _video(path: str) -> str | None:
    return path if Path(path).suffix.lower() in VIDEO_FILES else None


def _shares(work: Any) -> Iterator[float]:
    """What a function reports to the callback it is given, while it works in a thread of its own."""
    from queue import SimpleQueue

    said: SimpleQueue[float | BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            work(said.put)
            said.put(None)
        except BaseException as error:
            said.put(error)

    threading.Thread(target=run, daemon=True).start()
    while (share := said.get()) is not None:
        if isinstance(share, BaseException):
            raise share
        yield share
