"""A run of the generate tab: from the controls' values to takes on the stage, step by step, until it is stopped."""

import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from foley.categories import Category
from foley.sampling import Progress
from foley.takes.take import Take
from foley.ui.components.library_list import shelf_value
from foley.ui.components.progress_bar import meter_value
from foley.ui.components.take_card import LARGE, SMALL, take_value
from foley.ui.session.device import notice
from foley.ui.session.models import Models
from foley.ui.session.turns import Waiting
from foley.ui.session.visitors import Libraries, new_folder

SEEDS = 100_000_000  # eight digits: read, typed and told without trouble
PROGRESS_INTERVAL_S = 0.08  # between two looks at the progress: as often as an eye can use
NO_TAKES: dict[str, Any] = {"run": 0, "count": 1, "takes": []}

Stage = dict[str, Any]  # of one visitor: `run` and `count`, its `takes`, and the `title` and first `seed` of the run


@dataclass
class Desk:
    """What a run needs beside the controls' values.

    `outputs` are the components that a run changes, by name: stage, meter, seed, used, go, stop and shelf. `running`
    holds, for each visitor, what is set when the run has ended.
    """

    models: Models
    libraries: Libraries
    outputs: dict[str, gr.Component]
    running: dict[str, threading.Event] = field(default_factory=dict)

    def generate(
        self, category, temperature, top_p, count, seed, locked, used, stage: Stage, token, model, request: gr.Request
    ) -> Iterator[dict[gr.Component, Any]]:
        """Draw new takes and show each as it comes."""
        seed = chosen_seed(seed, locked, used)
        category, count = Category(category), int(count)
        now = _next_run(stage, category.title, count, seed)
        wanted = ("draw", category, seed, float(temperature), count)
        yield from self._run(now, stage, token, model, request, *wanted, top_p=float(top_p))

    def edit(
        self, temperature, top_p, count, seed, locked, used, stage: Stage, token, model, event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[dict[gr.Component, Any]]:  # fmt: skip
        """Draw siblings, a region or a continuation of a take: what the page asks for in the event's data."""
        asked, seed, count = event._data, chosen_seed(seed, locked, used), int(count)
        try:
            recipe = self.libraries.of(token).recipe(asked["file"])
            take = self.models.call(model, "remake", recipe)
            how, values, count = edit_arguments(asked, seed, count)
        except Exception as error:
            gr.Warning(notice(error))
            yield self._change(meter=meter_value("Ready"), **buttons(running=False))
            return
        now = _next_run(stage, take.category.title, count, seed)
        settings = {"temperature": float(temperature), "top_p": float(top_p)}
        yield from self._run(now, stage, token, model, request, how, take, *values, **settings)

    def bring_back(self, stage: Stage, token, model, request: gr.Request, recipe) -> dict[gr.Component, Any]:
        """Put the take of a recipe on the stage; it joins the library where it is not there yet."""
        return self._show(stage, token, model, request, self.models.call(model, "remake", recipe))

    def open(self, stage: Stage, token, model, request: gr.Request, file: str) -> dict[gr.Component, Any]:
        """Put a take of the library on the stage, made by whatever model."""
        saved = self.libraries.of(token).saved(file)
        return self._show(stage, token, model, request, self.models.call(model, "recall", *saved))

    def _show(self, stage: Stage, token, model, request: gr.Request, take: Take) -> dict[gr.Component, Any]:
        now = _next_run(stage, take.category.title, 1, take.seed)
        now = self._with_take(now, take, new_folder(request), token, model, renew=False)
        shelf = shelf_value(self.libraries.of(token))
        same = take.model.split("@")[-1] == self.models.get(model).name.split("@")[-1]
        how = "the same samples" if same else f"as {take.model} made it"
        words = f"{take.category.title}, seed {take.seed}: {how}"
        return self._change(stage=now, meter=meter_value(words, 1.0, "done"), shelf=shelf)

    def _run(self, now: Stage, before: Stage, token, model, request, how: str, *arguments, **settings) -> Iterator:
        began, due, count = time.monotonic(), 0.0, now["count"]
        ended = self.running[request.session_hash] = threading.Event()
        try:
            folder = new_folder(request)
            with closing(self.models.watch(model, how, *arguments, **settings)) as events:
                for event in events:
                    if isinstance(event, Waiting):
                        yield self._change(meter=meter_value(event.words, 0.0, "running"))
                        continue
                    if due == 0.0:  # only now is it sure that the settings can be
                        seed = now["seed"]
                        yield self._change(stage=now, seed=seed, used=seed, **buttons(running=True))
                    if isinstance(event, Take):
                        now = self._with_take(now, event, folder, token, model)
                        words = f"Take {len(now['takes'])} of {count}"
                        shelf = shelf_value(self.libraries.of(token))
                        yield self._change(stage=now, meter=meter_value(words, 1.0), shelf=shelf)
                    elif event.done == event.total or time.monotonic() >= due:
                        due = time.monotonic() + PROGRESS_INTERVAL_S
                        yield self._change(meter=progress_value(event))
            words = f"{count} take{'s' * (count > 1)} in {time.monotonic() - began:.1f} s"
            yield self._change(meter=meter_value(words, 1.0, "done"), **buttons(running=False))
        except Exception as error:
            gr.Warning(notice(error))
            left = without_places(now) if now["takes"] else before
            yield self._change(stage=left, meter=meter_value("Ready"), **buttons(running=False))
        finally:
            ended.set()
            self.running.pop(request.session_hash, None)

    def stopped(self, stage: Stage, request: gr.Request) -> tuple:
        """The page after a run that was cancelled: stage, meter and both buttons.

        Waits until the run has ended, so that nothing it still had to say comes after this.
        """
        if ended := self.running.get(request.session_hash):
            ended.wait(timeout=30)
        return without_places(stage), meter_value("Stopped"), *buttons(running=False).values()

    def _change(self, **values: Any) -> dict[gr.Component, Any]:
        return {self.outputs[name]: value for name, value in values.items()}

    def _with_take(self, now: Stage, take: Take, folder, token, model, renew: bool = True) -> Stage:
        library = self.libraries.of(token)
        entry = library.add(take, renew)
        size, preset = SMALL if now["count"] > 1 else LARGE, self.models.get(model).preset
        value = take_value(take, entry, library.path(entry.file), folder, preset, size)
        return {**now, "takes": [*now["takes"], value]}


def edit_arguments(asked: dict[str, Any], seed: int, count: int) -> tuple[str, tuple, int]:
    """The pipeline's generator, its arguments and the number of takes, for an edit that the page asks for.

    Raises ValueError when it is none.
    """
    try:
        if asked["edit"] == "siblings":
            return "draw_siblings", (float(asked["distance"]), seed, count), count
        if asked["edit"] == "region":
            rows, frames = (tuple(int(value) for value in asked[name]) for name in ("rows", "frames"))
            return "draw_region", (rows, frames, seed, count), count
        if asked["edit"] == "continue":
            return "draw_continuation", (float(asked["seconds"]), seed, count), count
    except (KeyError, TypeError, ValueError):
        pass
    raise ValueError("The page asked for an edit that there is none of: load it again.")


def chosen_seed(seed: int | None, locked: bool, used: int | None) -> int:
    """The seed of the next run: what the box says, but a new one where that was used already and is not locked."""
    return new_seed() if seed is None or (seed == used and not locked) else int(seed)


def _next_run(stage: Stage, title: str, count: int, seed: int) -> Stage:
    return {"run": stage["run"] + 1, "count": count, "takes": [], "title": title, "seed": seed}


def without_places(stage: Stage) -> Stage:
    """What is left of a run that ended early: the takes that were there, or one empty place."""
    takes = stage["takes"]
    run = stage["run"] if takes else stage["run"] + 1
    return {"run": run, "count": max(1, len(takes)), "takes": takes}


def without_files(stage: Stage, files: Callable[[str], bool]) -> Stage:
    """The stage without the takes that were deleted."""
    takes = [take for take in stage["takes"] if not files(take["file"])]
    if len(takes) == len(stage["takes"]):
        return stage
    return {"run": stage["run"] + 1, "count": max(1, len(takes)), "takes": takes}


def buttons(running: bool) -> dict[str, gr.Button]:
    """Generate and Stop, of which one can be pressed."""
    return {"go": gr.Button(interactive=not running), "stop": gr.Button(interactive=running)}


def progress_value(event: Progress) -> dict[str, Any]:
    """The meter's value for codes that are being drawn: how far it is, and the codes themselves to be painted."""
    codes = (event.codes + 1).numpy().astype("<u2")  # 0 where there is none yet
    return {
        **meter_value(f"Drawing codes, {event.done} of {event.total}", event.done / event.total, "running"),
        "codes": b64encode(codes.tobytes()).decode(),
        "shape": list(codes.shape),
    }


def new_seed() -> int:
    """A seed that nobody asked for."""
    return secrets.randbelow(SEEDS)
