"""The tab that makes new sounds: class, temperature and seed in, takes out; and all that can be done with them."""

from base64 import b64encode
from typing import Any

import gradio as gr

from foley import plots
from foley.categories import Category
from foley.sampling import TOP_P
from foley.takes.recipe import Recipe
from foley.ui.components.edit_panel import EDITS
from foley.ui.components.library_list import EXPORT, change_shelf, export_settings, export_takes, shelf, shelf_value
from foley.ui.components.progress_bar import meter_value, progress_meter
from foley.ui.components.take_card import LARGE, SMALL, no_take, take_card
from foley.ui.session.device import ONE_AT_A_TIME, notice
from foley.ui.session.generation import NO_TAKES, SEEDS, Desk, new_seed, without_files
from foley.ui.session.models import Models
from foley.ui.session.visitors import Libraries, new_folder, served

MOST_VARIATIONS = 16
KEYS = (
    "<kbd>1</kbd>–<kbd>7</kbd> class <kbd>G</kbd> generate <kbd>Esc</kbd> stop <kbd>Space</kbd> play <kbd>↑</kbd> "
    "<kbd>↓</kbd> take <kbd>?</kbd> all keys"
)
START = "<span>Choose a class with <kbd>1</kbd>–<kbd>7</kbd> and press <kbd>G</kbd>.</span>"
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def generate_tab(
    models: Models, libraries: Libraries, model: gr.State, token: gr.BrowserState
) -> tuple[Desk, gr.State]:
    """Lay the tab out inside the open Blocks. Returns the desk and its stage, on which other tabs put takes, too."""
    foley = models.first
    category = gr.Radio(
        [(kind.title, int(kind)) for kind in Category],
        value=0, show_label=False, container=False, elem_id="category", elem_classes="pads",
    )  # fmt: skip
    stage, used = gr.State(NO_TAKES), gr.State(None)
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls", min_width=260, scale=0):
            temperature, top_p, count = _sliders()
            seed, locked = _seed_controls()
            with gr.Row(elem_classes="actions"):
                go = gr.Button("Generate", variant="primary", elem_id="generate", min_width=0)
                stop = gr.Button("Stop", elem_id="stop", min_width=0, interactive=False, scale=0)
            gr.HTML(EDITS, apply_default_css=False, elem_id="edits", js_on_load=None)
            gr.HTML(f'<p class="keys">{KEYS}</p>', apply_default_css=False)
        with gr.Column(elem_classes="stage"):
            colours = b64encode(plots.code_colours(foley.preset.vqvae.codebook_size).tobytes()).decode()
            meter = progress_meter(meter_value("Ready"), colours, elem_id="meter")
            _show_takes(models, stage, model)
        with gr.Column(elem_classes="side", min_width=260, scale=0):
            rack = shelf({"takes": []}, elem_id="library")
            gr.HTML(EXPORT, apply_default_css=False, elem_id="export", js_on_load=None)
            courier = gr.HTML(
                {}, html_template="", elem_id="courier", apply_default_css=False,
                js_on_load="watch('value', () => window.foley.take(props.value));",
            )  # fmt: skip
            back = gr.File(elem_id="bring-back", file_types=[".wav", ".flac"], label="Bring a take back")

    desk = Desk(
        models,
        libraries,
        {"stage": stage, "meter": meter, "seed": seed, "used": used, "go": go, "stop": stop, "shelf": rack},
    )
    outputs = list(desk.outputs.values())
    waiting: dict[str, Any] = {"js": "() => window.foley.wait()", **QUIET}
    settings = [temperature, top_p, count, seed, locked, used, stage, token, model]
    go.click(None, None, [go, stop], **waiting)  # a run that waits can be stopped, too
    running = go.click(
        desk.generate,
        [category, *settings],
        outputs,
        api_name="page_generate",  # the plain name is for programs
        **QUIET,
        **ONE_AT_A_TIME,
    )
    rack.submit(None, None, [go, stop], **waiting)
    editing = rack.submit(desk.edit, settings, outputs, **QUIET, **ONE_AT_A_TIME)
    stop.click(None, cancels=[running, editing], **QUIET)
    stop.click(desk.stopped, stage, [stage, meter, go, stop], concurrency_limit=None, **QUIET)
    _library_events(desk, rack, courier, back, stage, meter, token, model)
    return desk, stage


def _library_events(desk: Desk, rack, courier, back, stage, meter, token, model) -> None:
    """What the library's list, the cards and the export panel ask for."""
    libraries, outputs = desk.libraries, list(desk.outputs.values())

    def open_take(now, key, chosen, event: gr.EventData, request: gr.Request) -> dict:
        try:
            return desk.open(now, key, chosen, request, str(event._data["file"]))
        except Exception as error:
            gr.Warning(notice(error))
            return {meter: gr.skip()}

    def bring_back(file: str | None, now, key, chosen, request: gr.Request) -> dict:
        if file is None:
            return {meter: gr.skip()}
        try:
            return {**desk.bring_back(now, key, chosen, request, Recipe.read(file)), back: None}
        except Exception as error:
            gr.Warning(notice(error))
            return {back: None}

    def change(now, key, event: gr.EventData) -> tuple:
        try:
            gone = change_shelf(libraries.of(key), event._data)
        except Exception as error:
            gr.Warning(notice(error))
            gone = []
        left = without_files(now, gone.__contains__)
        return shelf_value(libraries.of(key)), gr.skip() if left is now else left

    def export(key, chosen, event: gr.EventData, request: gr.Request):
        try:
            asked = event._data
            settings, files = export_settings(asked["settings"]), [str(file) for file in asked["files"]]
            library, folder = libraries.of(key), new_folder(request)
            steps = export_takes(
                library, lambda file: desk.models.call(chosen, "recall", *library.saved(file)), files, settings, folder
            )
            for done, path, words in steps:
                if path is None:
                    yield gr.skip(), meter_value(f"Exporting {done} of {len(files)}", done / len(files), "running")
                else:
                    yield {"file": served(path), "name": path.name}, meter_value(words, 1.0, "done")
        except Exception as error:
            gr.Warning(notice(error))
            yield gr.skip(), meter_value("Ready")

    rack.select(open_take, [stage, token, model], outputs, **QUIET, **ONE_AT_A_TIME)
    back.upload(bring_back, [back, stage, token, model], [*outputs, back], **QUIET, **ONE_AT_A_TIME)
    # one after the other: of two answers at once, the older could come last and undo the newer on the page
    rack.input(change, [stage, token], [rack, stage], trigger_mode="multiple", concurrency_limit=1, **QUIET)
    rack.click(export, [token, model], [courier, meter], **QUIET, **ONE_AT_A_TIME)


def _sliders() -> tuple[gr.Slider, gr.Slider, gr.Slider]:
    temperature = gr.Slider(
        0, 1.5, 1.0, step=0.01, label="Temperature", elem_id="temperature",
        info="Low: tamer, and far below 1 often near silence. High: rarer, rougher, stranger. Keys T and Shift+T.",
    )  # fmt: skip
    top_p = gr.Slider(
        0.05, 1, TOP_P, step=0.01, label="Top-p", elem_id="top-p",
        info="Below 1 the unlikely turns are left out: cleaner and safer, less surprising. Keys P and Shift+P.",
    )  # fmt: skip
    count = gr.Slider(
        1, MOST_VARIATIONS, 1, step=1, label="Variations", elem_id="count",
        info="Takes of the same settings, with this seed and the ones that follow it. Keys V and Shift+V.",
    )  # fmt: skip
    return temperature, top_p, count


def _seed_controls() -> tuple[gr.Number, gr.Checkbox]:
    with gr.Row(elem_classes="seed-row"):
        seed = gr.Number(
            precision=0, label="Seed", elem_id="seed", min_width=0,
            info="The same seed and settings give the same sound. Typing one locks it. D rolls a new one.",
        )  # fmt: skip
        dice = gr.Button("Roll a new seed", elem_id="dice", min_width=0, scale=0)
        locked = gr.Checkbox(False, label="Lock the seed", elem_id="lock", container=False, min_width=0, scale=0)
    gr.on(None, new_seed, None, seed, queue=False, **QUIET)  # when the page is loaded
    # In the page and not on the server: whoever types a seed and generates at once gets that seed.
    seed.input(None, None, locked, js="() => true", **QUIET)
    dice.click(None, None, seed, js=f"() => Math.floor(Math.random() * {SEEDS})", **QUIET)
    return seed, locked


def _show_takes(models: Models, stage: gr.State, model: gr.State) -> None:
    """The cards of the run; keyed, so that a take goes on playing while the next one joins it."""

    @gr.render(inputs=[stage, model], show_progress="hidden")
    def show(now: dict[str, Any], chosen: str | None) -> None:
        size, preset = SMALL if now["count"] > 1 else LARGE, models.get(chosen).preset
        with gr.Column(elem_classes=["takes", "many" if size is SMALL else "one"]):
            for number in range(now["count"]):
                if number < len(now["takes"]):
                    value = now["takes"][number]
                elif "title" in now:
                    value = no_take(preset, size, now["title"], now["seed"] + number)
                else:
                    value = no_take(preset, size, hint=START)
                take_card(value, key=(now["run"], number))
