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
from foley.presets import Preset
from foley.sampling import Progress
from foley.takes import Take
from foley.ui.cards import LARGE, SMALL, take_value
from foley.ui.device import notice
from foley.ui.meter import meter_value
from foley.ui.visitors import new_folder

SEEDS = 100_000_000  # eight digits: read, typed and told without trouble
MOST_EARLIER = 24
PATIENCE_S = 0.08  # between two looks at the progress: as often as an eye can use
NO_TAKES: dict[str, Any] = {"run": 0, "count": 1, "takes": [], "earlier": []}

Draw = Callable[..., Iterator[Progress | Take]]
Stage = dict[str, Any]  # of one visitor: `run` and `count`, `takes` and `earlier` ones, `title` and `seed` of the run


@dataclass
class Desk:
    """What a run needs beside the controls' values.

    `draw` is `Foley.draw`, `outputs` are the components that a run changes, by name: stage, meter, seed, used, go and
    stop. `running` holds, for each visitor, what is set when the run has ended.
    """

    preset: Preset
    draw: Draw
    outputs: dict[str, gr.Component]
    running: dict[str, threading.Event] = field(default_factory=dict)

    def generate(
        self, category, temperature, top_p, count, seed, locked, used, stage: Stage, request: gr.Request
    ) -> Iterator[dict[gr.Component, Any]]:
        """Draw takes and show each as it comes."""
        seed = new_seed() if seed is None or (seed == used and not locked) else int(seed)
        count, began, due = int(count), time.monotonic(), 0.0
        now = _next_run(stage, Category(category), count, seed)
        ended = self.running[request.session_hash] = threading.Event()
        try:
            folder = new_folder(request)
            with closing(self.draw(Category(category), seed, float(temperature), count, top_p=float(top_p))) as events:
                for event in events:
                    if due == 0.0:  # only now is it sure that the settings can be
                        yield self._change(stage=now, seed=seed, used=seed, **buttons(running=True))
                    if isinstance(event, Take):
                        now = self._with_take(now, event, folder)
                        yield self._change(stage=now, meter=meter_value(f"Take {len(now['takes'])} of {count}", 1.0))
                    elif event.done == event.total or time.monotonic() >= due:
                        due = time.monotonic() + PATIENCE_S
                        yield self._change(meter=progress_value(event))
            words = f"{count} take{'s' * (count > 1)} in {time.monotonic() - began:.1f} s"
            yield self._change(meter=meter_value(words, 1.0, "done"), **buttons(running=False))
        except Exception as error:
            gr.Warning(notice(error))
            left = without_places(now) if now["takes"] else stage
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

    def _with_take(self, now: Stage, take: Take, folder) -> Stage:
        value = take_value(take, folder, self.preset, SMALL if now["count"] > 1 else LARGE)
        value["key"] = f"{now['run']}-{len(now['takes'])}"
        return {**now, "takes": [*now["takes"], value]}


def _next_run(stage: Stage, category: Category, count: int, seed: int) -> Stage:
    earlier = [*reversed(stage["takes"]), *stage["earlier"]][:MOST_EARLIER]
    place = {"run": stage["run"] + 1, "count": count, "takes": [], "earlier": earlier}
    return {**place, "title": category.title, "seed": seed}


def without_places(stage: Stage) -> Stage:
    """What is left of a run that ended early: the takes that were there, or one empty place."""
    takes = stage["takes"]
    run = stage["run"] if takes else stage["run"] + 1
    return {"run": run, "count": max(1, len(takes)), "takes": takes, "earlier": stage["earlier"]}


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
