"""The tab that makes new sounds: class, temperature and seed in, takes out."""

from base64 import b64encode
from typing import Any

import gradio as gr

from foley import plots
from foley.categories import Category
from foley.pipeline import Foley
from foley.presets import Preset
from foley.ui.cards import EARLIER, LARGE, SMALL, no_take, take_card
from foley.ui.device import ONE_AT_A_TIME
from foley.ui.meter import meter_value, progress_meter
from foley.ui.run import NO_TAKES, SEEDS, Desk, Draw, new_seed

MOST_VARIATIONS = 8
KEYS = "<kbd>1</kbd>–<kbd>7</kbd> class <kbd>G</kbd> generate <kbd>Esc</kbd> stop <kbd>Space</kbd> play"
START = "<span>Choose a class with <kbd>1</kbd>–<kbd>7</kbd> and press <kbd>G</kbd>.</span>"
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def generate_tab(foley: Foley, draw: Draw) -> None:
    """Lay the tab out inside the open Blocks; `draw` is `Foley.draw`, on whatever device it is lent."""
    category = gr.Radio(
        [(kind.title, int(kind)) for kind in Category],
        value=0, show_label=False, container=False, elem_id="category", elem_classes="pads",
    )  # fmt: skip
    stage, used = gr.State(NO_TAKES), gr.State(None)
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls", min_width=280, scale=0):
            temperature, top_p, count = _sliders()
            seed, locked = _seed_controls()
            with gr.Row(elem_classes="actions"):
                go = gr.Button("Generate", variant="primary", elem_id="generate", min_width=0)
                stop = gr.Button("Stop", elem_id="stop", min_width=0, interactive=False, scale=0)
            gr.HTML(f'<p class="keys">{KEYS}</p>', apply_default_css=False)
            _show_earlier(stage)
        with gr.Column(elem_classes="stage"):
            colours = b64encode(plots.code_colours(foley.preset.vqvae.codebook_size).tobytes()).decode()
            meter = progress_meter(meter_value("Ready"), colours, elem_id="meter")
            _show_takes(foley.preset, stage)

    desk = Desk(
        foley.preset, draw, {"stage": stage, "meter": meter, "seed": seed, "used": used, "go": go, "stop": stop}
    )
    go.click(None, None, [go, stop], js="() => window.foley.wait()", **QUIET)  # a run that waits can be stopped, too
    running = go.click(
        desk.generate,
        [category, temperature, top_p, count, seed, locked, used, stage],
        list(desk.outputs.values()),
        api_name="page_generate",  # the plain name is for programs
        **QUIET,
        **ONE_AT_A_TIME,
    )
    stop.click(None, cancels=running, **QUIET)
    stop.click(desk.stopped, stage, [stage, meter, go, stop], concurrency_limit=None, **QUIET)


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
            precision=0, label="Seed", elem_id="seed", min_width=0,
            info="The same seed and settings give the same sound. Typing one locks it.",
        )  # fmt: skip
        dice = gr.Button("Roll a new seed", elem_id="dice", min_width=0, scale=0)
        locked = gr.Checkbox(False, label="Lock the seed", elem_id="lock", container=False, min_width=0, scale=0)
    gr.on(None, new_seed, None, seed, queue=False, **QUIET)  # when the page is loaded
    # In the page and not on the server: whoever types a seed and generates at once gets that seed.
    seed.input(None, None, locked, js="() => true", **QUIET)
    dice.click(None, None, seed, js=f"() => Math.floor(Math.random() * {SEEDS})", **QUIET)
    return seed, locked


def _show_takes(preset: Preset, stage: gr.State) -> None:
    """The cards of the run; keyed, so that a take goes on playing while the next one joins it."""

    @gr.render(inputs=stage, show_progress="hidden")
    def show(now: dict[str, Any]) -> None:
        size = SMALL if now["count"] > 1 else LARGE
        with gr.Column(elem_classes=["takes", "many" if size is SMALL else "one"]):
            for number in range(now["count"]):
                if number < len(now["takes"]):
                    value = now["takes"][number]
                elif "title" in now:
                    value = no_take(preset, size, now["title"], now["seed"] + number)
                else:
                    value = no_take(preset, size, hint=START)
                take_card(value, key=(now["run"], number))


def _show_earlier(stage: gr.State) -> None:
    """The takes of the runs before, to be heard and fetched again."""

    @gr.render(inputs=stage, show_progress="hidden")
    def show(now: dict[str, Any]) -> None:
        if now["earlier"]:
            with gr.Column(elem_classes="earlier-takes"):
                for take in now["earlier"]:
                    take_card(take, EARLIER, key=take["key"])
