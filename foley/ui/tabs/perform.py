"""The tab that performs: events tapped to a picture, or read from it, and the sound that lands on them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr

from foley.audio.files import write_audio
from foley.categories import Category
from foley.conditions.asked import asked_of
from foley.perform.events import Event, EventError, EventList, LevelCurve
from foley.perform.output import save
from foley.perform.performance import Performance
from foley.perform.settings import BED, ONE_SHOTS, PerformanceSettings
from foley.ui.components import protocol
from foley.ui.components.progress_bar import bar_value, progress_bar, waiting_value
from foley.ui.components.timeline import PerformedVersion, model_value, opened_value, performed_value, timeline
from foley.ui.session.device import USES_MODEL, error_message
from foley.ui.session.events import PAGE_ONLY
from foley.ui.session.kept_performances import KeptPerformances
from foley.ui.session.model_queue import Waiting
from foley.ui.session.models import Models
from foley.ui.session.performing import (
    FROM_PICTURE,
    FROM_SOUND,
    NO_EVENTS,
    VIDEO_FILES,
    Opened,
    PerformRequest,
    PerformState,
    Pools,
    open_source,
    warm,
)
from foley.ui.session.visitors import Libraries, address, new_folder, served

MOST_VARIATIONS = 4


class PerformTab:
    """The tab inside the open Blocks; `tab` is the one that it is laid out in."""

    def __init__(self, models: Models, libraries: Libraries, model: gr.State, token: gr.BrowserState, tab: gr.Tab):
        self.models, self.libraries, self.model, self.token, self.tab = models, libraries, model, token, tab
        self.pools = Pools()
        self.state = gr.State(PerformState())
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="controls perform-settings", min_width=280):
                self._lay_out_settings()
            with gr.Column(min_width=320):
                start = bar_value("Open or drop a video, or press Play, then tap.")
                self.bar = progress_bar(start, "", elem_id="perform-bar")
                self.stage = timeline(models.first.hears_knobs, elem_id="timeline")
        self.answer = protocol.answers()
        self._connect()

    def _lay_out_settings(self) -> None:
        self.file = gr.UploadButton("Open a video, a recording, or a list of events", elem_id="perform-file")
        self.take_from = gr.Dropdown(
            [FROM_PICTURE, FROM_SOUND, NO_EVENTS], value=FROM_PICTURE, label="Of a video, take events from",
            elem_id="perform-from", info="A recording of claps or of your voice performs by its onsets and level.",
        )  # fmt: skip
        self.kind = gr.Dropdown(
            [(each.title, int(each)) for each in Category], value=int(Category.Footstep), label="Class",
            elem_id="perform-class",
        )  # fmt: skip
        self.way = gr.Dropdown(
            [("What suits the class", ""), ("Single events, one by one", ONE_SHOTS), ("A steady sound", BED)],
            value="", label="How it sounds", elem_id="perform-way",
            info="Single events are placed one by one; rain and engines follow the level that you draw.",
        )  # fmt: skip
        self.seed = gr.Number(1, precision=0, label="Seed", elem_id="perform-seed")
        self.temperature = gr.Slider(0.7, 1.3, 1.0, step=0.01, label="How varied", elem_id="perform-temperature")
        self.count = gr.Slider(1, MOST_VARIATIONS, 1, step=1, label="Versions", elem_id="perform-count")
        self.go = gr.Button("Perform", variant="primary", elem_id="perform")
        self.stop = gr.Button("Stop", elem_id="perform-stop", interactive=False)
        self.kept = gr.Dropdown([], label="Earlier performances", elem_id="perform-kept", interactive=True)

    def _connect(self) -> None:
        queue: dict[str, Any] = {"concurrency_limit": 2, "concurrency_id": "video", **PAGE_ONLY}
        shown = [self.stage, self.bar, self.kind, self.way, self.seed, self.temperature, self.count]
        opening = {self.state, self.take_from}
        self.file.upload(self.opened, {self.file, *opening}, shown, **queue)
        self.take_from.change(self.opened_again, opening, shown, **queue)
        self.kept.input(self.reopened, {self.kept, self.token, *opening}, [*shown, self.kept], **queue)
        for event in (self.tab.select, self.token.change):
            event(self.listed, {self.token}, self.kept, concurrency_limit=None, **PAGE_ONLY)
        self.model.change(self.hears_knobs, self.model, self.stage, concurrency_limit=None, **PAGE_ONLY)
        self.go.click(None, None, None, js="() => window.foley.performing.perform()", **PAGE_ONLY)
        inputs = {
            self.kind, self.way, self.seed, self.temperature, self.count, self.model, self.token, self.state,
        }  # fmt: skip
        running = protocol.Mailbox("perform").on(
            {protocol.Perform: self.performed, protocol.Warm: self.warmed, protocol.CloseVideo: self.closed}, inputs,
            [self.bar, self.stage, self.go, self.stop, self.kept],
            failed=lambda: {self.bar: bar_value("Nothing was performed"), **self._buttons(running=False)},
            trigger_mode="multiple",  # who performs while takes are drawn for the taps is not ignored
            **USES_MODEL,
        )  # fmt: skip
        save_box = protocol.Mailbox("save")
        save_box.on({protocol.SavePerformance: self.saved}, inputs, [self.answer], concurrency_limit=2)
        kept = [self.kind, self.way, self.seed, self.temperature, self.count]  # on the page, for the next visit
        gr.on(
            [each.change for each in kept], None, kept, None,
            js="(...values) => { window.foley.performing.keepSettings(...values); return []; }", **PAGE_ONLY,
        )  # fmt: skip
        left = f"() => window.foley.performing.settings({len(kept)})"
        protocol.Mailbox("perform_settings").submit(None, None, kept, js=left, **PAGE_ONLY)
        ended = [self.bar, self.go, self.stop]
        self.stop.click(self.stopped, None, ended, cancels=[running], concurrency_limit=None, **PAGE_ONLY)

    # ---- files that are opened ----
    def opened(self, values: dict) -> Iterator[dict]:
        """Open a file that was chosen or dropped."""
        if values[self.file]:
            yield from self._open(Path(values[self.file]), values)
        else:
            yield {self.bar: gr.skip()}

    def opened_again(self, values: dict) -> Iterator[dict]:
        """Look again at the video that is open, for events from elsewhere."""
        if video := values[self.state].video:
            yield from self._open(video, values)
        else:
            yield {self.bar: gr.skip()}

    def reopened(self, values: dict) -> Iterator[dict]:
        """Open a performance that was kept."""
        try:
            path = KeptPerformances(self.libraries.of(values[self.token])).path(values[self.kept] or "")
        except Exception as error:
            gr.Warning(error_message(error))
            yield self.listed(values)
            return
        yield from self._open(path, values, {"url": address(path)})

    def _open(self, path: Path, values: dict, file: dict | None = None) -> Iterator[dict]:
        """Look at a file and show what is in it; `file` is the sound as the page gets it, where it is no upload."""
        try:
            for step in open_source(path, values[self.take_from], self.models.first.sample_rate):
                if isinstance(step, Opened):
                    yield self._show(step, path, file or served(path), values[self.state])
                else:
                    yield {self.bar: bar_value("Looking for events", step, "running")}
        except Exception as error:
            gr.Warning(error_message(error))
            yield {self.bar: bar_value("Nothing was opened")}

    def _show(self, opened: Opened, path: Path, file: dict, state: PerformState) -> dict:
        """What was opened, on the page; of a performance also its sound and its settings."""
        performance = opened.performance
        keeps_picture = bool(state.video) and not performance and path.suffix.lower() not in VIDEO_FILES
        state.source, state.path = uuid4().hex, state.path if keeps_picture else path
        state.done, state.settings = ([performance], performance.settings) if performance else ([], None)
        knobs = dict(performance.settings.knobs) if performance else {}
        video = None if keeps_picture else state.video
        value = opened_value(state.source, opened.events, opened.words, video, opened.frame_rate, knobs, keeps_picture)
        changes: dict = {self.bar: bar_value(opened.words, 1.0, "done")}
        if performance:
            settings = performance.settings
            heard = PerformedVersion(performance.waveform, performance.sample_rate, file, settings.seed)
            value = performed_value(value, uuid4().hex, [heard], opened.words)
            changes |= {
                self.kind: int(settings.category), self.way: settings.way, self.seed: settings.seed,
                self.temperature: settings.temperature, self.count: 1,
            }  # fmt: skip
        return {**changes, self.stage: {**value, "play": False}}

    def listed(self, values: dict) -> dict:
        """The performances that were kept, the newest first."""
        kept = KeptPerformances(self.libraries.of(values[self.token]))
        return {self.kept: gr.Dropdown(choices=kept.choices(), value=None)}

    def hears_knobs(self, chosen: str) -> dict:
        """Whether there are knobs to turn, after another model was chosen."""
        return model_value(self.models.get(chosen).hears_knobs)

    # ---- performances ----
    def performed(self, message: protocol.Perform, values: dict, request: gr.Request) -> Iterator[dict]:
        """Let the events sound, in as many versions as are asked for, and keep each.

        Where another file was opened meanwhile, its timeline stays as it is: the performance is kept all the same.
        """
        events, state = _events(message), values[self.state]
        source = state.source
        wanted = PerformRequest(events, self._settings(values, message.knobs), int(values[self.count]), self.pools)
        yield {self.bar: bar_value("Performing", 0.0, "running"), **self._buttons(running=True)}
        performances: list[Performance] = []
        with closing(self.models.watch(values[self.model], wanted)) as steps:
            for step in steps:
                if isinstance(step, Performance):
                    performances.append(step)
                elif isinstance(step, Waiting):
                    yield {self.bar: waiting_value(step.words)}
                else:
                    share = (len(performances) + step) / wanted.count
                    yield {self.bar: bar_value("Performing", share, "running")}
        folder = new_folder(request)
        heard = []
        for number, each in enumerate(performances, start=1):
            path = write_audio(folder / f"performance{number}.wav", each.waveform, each.sample_rate)
            heard.append(PerformedVersion(each.waveform, each.sample_rate, served(path), each.settings.seed))
        words = f"{events.count_words}, {performances[0].settings.way_words}"
        if state.source == source:
            state.done = performances
            shown = {self.stage: performed_value({}, uuid4().hex, heard, words)}
        else:
            shown, words = {}, f"{words}: among the earlier performances, as something else was opened meanwhile"
        yield {**shown, self.bar: bar_value(words, 1.0, "done"), **self._buttons(running=False)}
        kept = KeptPerformances(self.libraries.of(values[self.token]))
        for each in performances:
            kept.add(each)
        yield self.listed(values)

    def warmed(self, message: protocol.Warm, values: dict, request: gr.Request) -> Iterator[dict]:
        """Draw takes for the events that are being tapped."""
        settings = self._settings(values, message.knobs)
        if settings.chosen_way == ONE_SHOTS:
            with closing(self.models.watch_call(values[self.model], warm, self.pools, settings)) as steps:
                for _ in steps:
                    yield {self.bar: gr.skip()}
        yield {self.bar: gr.skip()}

    def closed(self, message: protocol.CloseVideo, values: dict, request: gr.Request) -> dict:
        """Forget the video that is open; the events stay."""
        values[self.state].path = None
        return {self.bar: bar_value("The video is closed")}

    def saved(self, message: protocol.SavePerformance, values: dict, request: gr.Request) -> dict:
        """Write a version as a file to take home."""
        state = values[self.state]
        if message.variation >= len(state.done):
            raise EventError("There is no performance yet: press Perform first.")
        paths = save(state.done[message.variation], new_folder(request), kinds=message.kinds, video=state.video)
        path = next(iter(paths.values()))
        return {self.answer: {"action": "download", "file": served(path), "name": path.name}}

    def stopped(self) -> tuple:
        """The page after Stop: the events stay."""
        return bar_value("Stopped"), *self._buttons(running=False).values()

    def _settings(self, values: dict, knobs: dict[str, float]) -> PerformanceSettings:
        """Those of the page; what it has no control for is as in the performance that was opened."""
        number = values[self.seed]
        if number is None or int(number) != number:
            raise ValueError("The seed must be a whole number.")
        own = values[self.state].settings
        seed = own.seed if own and float(own.seed) == float(number) else int(number)  # the page rounds long ones
        category = Category(int(values[self.kind]))
        settings = PerformanceSettings(category, seed, values[self.way] or "", float(values[self.temperature]))
        settings = replace(settings, knobs=tuple(knobs.items()))
        return replace(settings, top_k=own.top_k, top_p=own.top_p) if own else settings

    def _buttons(self, running: bool) -> dict[gr.Button, gr.Button]:
        return {self.go: gr.Button(interactive=not running), self.stop: gr.Button(interactive=running)}


def _events(message: protocol.Perform) -> EventList:
    curve = None if message.curve is None else LevelCurve(message.curve.levels_db, message.curve.rate)
    events = tuple(
        Event(time, strength, category, tuple(asked_of(knobs).knobs.items()))
        for time, strength, category, knobs in message.events
    )
    return EventList(events, message.duration_s, curve)
