"""The tab that makes new sounds: class, temperature and seed in, takes out."""

import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from foley import plots
from foley.categories import Category
from foley.pipeline import Foley
from foley.sampling import Progress
from foley.takes import Take
from foley.ui.cards import EARLIER, LARGE, SMALL, no_take, take_card, take_value
from foley.ui.device import ONE_AT_A_TIME, notice
from foley.ui.meter import meter_value, progress_meter
from foley.ui.visitors import new_folder

SEEDS = 100_000_000  # eight digits: read, typed and told without trouble
MOST_VARIATIONS = 8
MOST_EARLIER = 24
PATIENCE_S = 0.08  # between two looks at the progress: as often as an eye can use
KEYS = "<kbd>1</kbd>–<kbd>7</kbd> class <kbd>G</kbd> generate <kbd>Esc</kbd> stop <kbd>Space</kbd> play"
START = "<span>Choose a class with <kbd>1</kbd>–<kbd>7</kbd> and press <kbd>G</kbd>.</span>"

Draw = Callable[..., Iterator[Progress | Take]]


def generate_tab(foley: Foley, draw: Draw) -> None:
    """Lay the tab out inside the open Blocks; `draw` is `Foley.draw`, on whatever device it is lent."""
    category = gr.Radio(
        [(kind.title, int(kind)) for kind in Category],
        value=0,
        show_label=False,
        container=False,
        elem_id="category",
        elem_classes="pads",
    )
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls", min_width=280, scale=0):
            temperature, top_p, count = _sliders()
            seed, locked = _seed_controls()
            with gr.Row(elem_classes="actions"):
                go = gr.Button("Generate", variant="primary", elem_id="generate", min_width=0)
                stop = gr.Button("Stop", variant="stop", elem_id="stop", min_width=0, interactive=False, scale=0)
            gr.HTML(f'<p class="keys">{KEYS}</p>', apply_default_css=False)
            _show_earlier(stage := gr.State({"run": 0, "count": 1, "takes": [], "earlier": []}))
        with gr.Column(elem_classes="stage"):
            meter = progress_meter(meter_value("Ready"), _palette(foley.preset.vqvae.codebook_size), elem_id="meter")
            _show_takes(foley, stage)
    used = gr.State(None)

    desk = Desk(foley, draw, {"stage": stage, "meter": meter, "seed": seed, "used": used, "go": go, "stop": stop})
    running = go.click(
        desk.generate,
        [category, temperature, top_p, count, seed, locked, used, stage],
        list(desk.outputs.values()),
        js="(...values) => { window.foley.wait(); return values; }",
        show_progress="hidden",
        api_visibility="private",
        **ONE_AT_A_TIME,
    )
    halt = stop.click(None, cancels=running, queue=False, show_progress="hidden", api_visibility="private")
    halt.then(
        _stopped, stage, [stage, meter, go, stop], queue=False, show_progress="hidden", api_visibility="private"
    )  # only then, so that no last word of the run comes after it


def _sliders() -> tuple[gr.Slider, gr.Slider, gr.Slider]:
    temperature = gr.Slider(
        0, 1.5, 1.0, step=0.01, label="Temperature", elem_id="temperature",
        info="Low: the most typical sound of the class. High: rarer, rougher, stranger ones.",
    )  # fmt: skip
    top_p = gr.Slider(
        0.05, 1, 1.0, step=0.01, label="Top-p", elem_id="top-p",
        info="Below 1 the unlikely turns are left out: cleaner and safer, less surprising.",
    )  # fmt: skip
    count = gr.Slider(
        1, MOST_VARIATIONS, 1, step=1, label="Variations", elem_id="count",
        info="Takes of the same settings, with this seed and the ones that follow it.",
    )  # fmt: skip
    return temperature, top_p, count


def _seed_controls() -> tuple[gr.Number, gr.Checkbox]:
    with gr.Row(elem_classes="seed-row"):
        seed = gr.Number(
            new_seed, precision=0, label="Seed", elem_id="seed", min_width=0,
            info="The same seed and settings give the same sound. Typing one locks it.",
        )  # fmt: skip
        dice = gr.Button("Roll a new seed", elem_id="dice", min_width=0, scale=0)
        locked = gr.Checkbox(False, label="Lock the seed", elem_id="lock", container=False, min_width=0, scale=0)
    # In the page and not on the server: whoever types a seed and generates at once gets that seed.
    seed.input(None, None, locked, js="() => true", api_visibility="private")
    dice.click(None, None, seed, js=f"() => Math.floor(Math.random() * {SEEDS})", api_visibility="private")
    return seed, locked


def _show_takes(foley: Foley, stage: gr.State) -> None:
    """The cards of the run; keyed, so that a take goes on playing while the next one joins it."""

    @gr.render(inputs=stage, show_progress="hidden")
    def show(now: dict[str, Any]) -> None:
        size = SMALL if now["count"] > 1 else LARGE
        with gr.Column(elem_classes=["takes", "many" if size is SMALL else "one"]):
            for number in range(now["count"]):
                if number < len(now["takes"]):
                    value = now["takes"][number]
                elif "title" in now:
                    value = no_take(foley.preset, size, now["title"], now["seed"] + number)
                else:
                    value = no_take(foley.preset, size, hint=START)
                take_card(value, key=(now["run"], number))


def _show_earlier(stage: gr.State) -> None:
    """The takes of the runs before, to be heard and fetched again."""

    @gr.render(inputs=stage, show_progress="hidden")
    def show(now: dict[str, Any]) -> None:
        if now["earlier"]:
            with gr.Column(elem_classes="earlier-takes"):
                for take in now["earlier"]:
                    take_card(take, EARLIER, key=take["key"])


@dataclass(frozen=True)
class Desk:
    """What a run needs beside the controls' values. `outputs` are the components that it changes, by name."""

    foley: Foley
    draw: Draw
    outputs: dict[str, gr.Component]

    def generate(
        self, category, temperature, top_p, count, seed, locked, used, stage, request: gr.Request
    ) -> Iterator[dict[gr.Component, Any]]:
        """Draw takes and show each as it comes."""
        seed = new_seed() if seed is None or (seed == used and not locked) else int(seed)
        kind, count, began = Category(category), int(count), time.monotonic()
        earlier = [*reversed(stage["takes"]), *stage["earlier"]][:MOST_EARLIER]
        now = {"run": stage["run"] + 1, "count": count, "takes": [], "earlier": earlier}
        now |= {"title": kind.title, "seed": seed}
        try:
            folder = new_folder(request)
            with closing(self.draw(kind, seed, float(temperature), count, top_p=float(top_p))) as events:
                for number, event in enumerate(_seldom(events)):
                    if number == 0:  # only now is it sure that the settings can be
                        yield self._change(stage=now, seed=seed, used=seed, **_buttons(running=True))
                    if isinstance(event, Take):
                        take = take_value(event, folder, self.foley.preset, SMALL if count > 1 else LARGE)
                        take["key"] = f"{now['run']}-{len(now['takes'])}"
                        now = {**now, "takes": [*now["takes"], take]}
                        yield self._change(stage=now, meter=meter_value(f"Take {len(now['takes'])} of {count}", 1.0))
                    else:
                        yield self._change(meter=progress_value(event))
            took = f"{count} take{'s' * (count > 1)} in {time.monotonic() - began:.1f} s"
            yield self._change(meter=meter_value(took, 1.0, "done"), **_buttons(running=False))
        except Exception as error:
            gr.Warning(notice(error))
            left = _without_places(now) if now["takes"] else stage
            yield self._change(stage=left, meter=meter_value("Ready"), **_buttons(running=False))

    def _change(self, **values: Any) -> dict[gr.Component, Any]:
        return {self.outputs[name]: value for name, value in values.items()}


def _seldom(events: Iterator[Progress | Take]) -> Iterator[Progress | Take]:
    """All takes, but no more of the progress than an eye can use."""
    last = 0.0
    for event in events:
        if isinstance(event, Take) or event.done == event.total or time.monotonic() - last > PATIENCE_S:
            last = time.monotonic()
            yield event


def _without_places(stage: dict[str, Any]) -> dict[str, Any]:
    """What is left of a run that ended early: the takes that were there, or one empty place."""
    takes, earlier = stage["takes"], stage["earlier"]
    run = stage["run"] if takes else stage["run"] + 1
    return {"run": run, "count": max(1, len(takes)), "takes": takes, "earlier": earlier}


def _stopped(stage: dict[str, Any]) -> tuple:
    """The page after Stop: stage, meter and both buttons."""
    return _without_places(stage), meter_value("Stopped"), *_buttons(running=False).values()


def _buttons(running: bool) -> dict[str, gr.Button]:
    return {"go": gr.Button(interactive=not running), "stop": gr.Button(interactive=running)}


def progress_value(event: Progress) -> dict[str, Any]:
    """The meter's value for codes that are being drawn: how far it is, and the codes themselves to be painted."""
    takes, rows, frames = event.codes.shape
    codes = (event.codes + 1).numpy().astype("<u2")  # 0 where there is none yet
    share = event.done / event.total
    return {
        **meter_value(f"Drawing codes, {event.done} of {event.total}", share, "running"),
        "codes": b64encode(codes.tobytes()).decode(),
        "shape": [takes, rows, frames],
    }


def new_seed() -> int:
    return secrets.randbelow(SEEDS)


def _palette(codebook_size: int) -> str:
    return b64encode(np.ascontiguousarray(plots.code_colours(codebook_size)).tobytes()).decode()
