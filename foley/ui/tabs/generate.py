"""The tab that makes new sounds: class, temperature and seed in, takes out; and all that can be done with them."""

from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from foley import plots
from foley.audio.files import write_audio
from foley.categories import Category
from foley.pipeline import Foley
from foley.prompts.parser import parse
from foley.prompts.tokens import PromptError
from foley.sampling import TOP_P
from foley.takes.export import render
from foley.takes.recipe import Recipe
from foley.ui.components import protocol
from foley.ui.components.edit_panel import EDITS
from foley.ui.components.export_panel import EXPORT, export_settings, export_takes
from foley.ui.components.knob_panel import knob_panel
from foley.ui.components.library_list import change_library, library_list, library_value
from foley.ui.components.listening import LISTENING
from foley.ui.components.progress_bar import bar_value, progress_bar
from foley.ui.components.say_field import not_understood, say_field, understood
from foley.ui.components.take_card import no_take, take_card
from foley.ui.session.device import USES_MODEL, error_message
from foley.ui.session.events import PAGE_ONLY
from foley.ui.session.generation import SEEDS, Changes, GenerateController
from foley.ui.session.models import Models
from foley.ui.session.stage import Stage
from foley.ui.session.visitors import Libraries, new_folder, served

MOST_VARIATIONS = 16
KEPT = "Every take is kept here.", "Every take is kept here for a day: download what you want to keep."
KEYS = (
    "<kbd>1</kbd>–<kbd>7</kbd> class <kbd>G</kbd> generate <kbd>Esc</kbd> stop <kbd>Space</kbd> play <kbd>↑</kbd> "
    "<kbd>↓</kbd> take <kbd>?</kbd> all keys"
)
START = "Choose a class and press Generate."


def generate_tab(models: Models, libraries: Libraries, model: gr.State, token: gr.BrowserState) -> GenerateController:
    """Lay the tab out inside the open Blocks. Returns its controller, on whose stage other tabs put takes, too."""
    foley = models.first
    words = say_field()
    category = gr.Radio(
        [(kind.title, int(kind)) for kind in Category],
        value=0, label="Class", show_label=False, container=False, elem_id="category", elem_classes="pads",
    )  # fmt: skip
    stage, used = gr.State(Stage()), gr.State(None)
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls", min_width=260, scale=0):
            temperature, top_p, count = _sliders()
            panel, knobs = knob_panel(foley)
            seed, locked = _seed_controls()
            with gr.Row(elem_classes="actions"):
                go = gr.Button("Generate", variant="primary", elem_id="generate", min_width=0)
                stop = gr.Button("Stop", elem_id="stop", min_width=0, interactive=False, scale=0)
            gr.HTML(EDITS, apply_default_css=False, elem_id="edits", js_on_load=None)
            gr.HTML(f'<p class="keys">{KEYS}</p>', apply_default_css=False)
        with gr.Column(elem_classes="stage"):
            with gr.Row(elem_classes="above"):
                colours = b64encode(plots.code_colours(foley.preset.vqvae.codebook_size).tobytes()).decode()
                progress = progress_bar(bar_value("Ready"), colours, elem_id="progress")
                gr.HTML(LISTENING, apply_default_css=False, elem_id="listening", js_on_load=None)
            _show_takes(models, stage, model)
        with gr.Column(elem_classes="side", min_width=260, scale=0):
            library = library_list(KEPT[libraries.folder is None])
            gr.HTML(EXPORT, apply_default_css=False, elem_id="export", js_on_load=None)
            back = gr.File(
                elem_id="bring-back", elem_classes="unseen", file_types=[".wav", ".flac"], label="Bring a take back"
            )
    settings = {
        "category": category, "temperature": temperature, "top_p": top_p, "count": count, "seed": seed,
        "locked": locked,
    }  # fmt: skip
    controller = GenerateController(
        models,
        libraries,
        {**settings, "knobs": knobs, "used": used, "stage": stage, "token": token, "model": model},
        {"stage": stage, "progress": progress, "seed": seed, "used": used, "go": go, "stop": stop, "library": library},
    )
    _generating(controller, go, stop)
    _bringing_back(controller, back)
    _library(controller)
    _exporting(controller)
    _understanding(models, words, model)
    setting = protocol.Mailbox("settings").submit  # settings of a take, or those that the page was left with
    setting(None, None, list(settings.values()), js="() => window.foley.pageState.settings()", **PAGE_ONLY)

    def hears_knobs(chosen: str) -> gr.HTML:
        return gr.HTML(visible=models.get(chosen).hears_knobs)

    model.change(hears_knobs, model, panel, concurrency_limit=None, **PAGE_ONLY)
    return controller


def _generating(controller: GenerateController, go: gr.Button, stop: gr.Button) -> None:
    """Generate, the edits and opening takes: what uses the model and changes the stage."""
    inputs, outputs = set(controller.inputs.values()), list(controller.outputs.values())
    waiting: dict[str, Any] = {"js": "() => window.foley.wait()", **PAGE_ONLY}
    mailbox = protocol.Mailbox("model")
    go.click(None, None, [go, stop], **waiting)  # a run that waits can be stopped, too
    running = go.click(
        controller.generate,
        inputs,
        outputs,
        api_name="page_generate",  # the plain name is for programs
        **PAGE_ONLY,
        **USES_MODEL,
    )
    mailbox.submit(None, None, [go, stop], **{**waiting, "js": "() => window.foley.wait(false)"})
    editing = mailbox.on(
        {
            **dict.fromkeys((protocol.Siblings, protocol.Region, protocol.Continue), controller.edit),
            protocol.Redraw: controller.redraw,
            protocol.Say: controller.say,
            protocol.Open: controller.open,
            protocol.Example: controller.example,
        },
        inputs,
        outputs,
        controller.idle,
        trigger_mode="multiple",
        **USES_MODEL,
    )
    queue: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": None}
    answered = {controller.inputs["token"]}, [controller.outputs["progress"]]
    protocol.Mailbox("heard").on({protocol.Heard: controller.heard}, *answered, **queue)
    stop.click(None, cancels=[running, editing], **PAGE_ONLY)
    ended = [controller.outputs[name] for name in ("stage", "progress", "go", "stop")]
    stop.click(controller.stopped, controller.outputs["stage"], ended, concurrency_limit=None, **PAGE_ONLY)


def _understanding(models: Models, words: gr.HTML, model: gr.State) -> None:
    """What a sentence is understood as, told while it is typed."""

    def understand(message: protocol.Understand, values: dict, request: gr.Request) -> Changes:
        hears_knobs = models.get(values[model]).hears_knobs
        try:
            return {words: understood(message.number, parse(message.text), message.changes, hears_knobs)}
        except PromptError as error:
            return {words: not_understood(message.number, str(error))}

    queue: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": None}
    protocol.Mailbox("say").on({protocol.Understand: understand}, {model}, [words], **queue)


def _bringing_back(controller: GenerateController, back: gr.File) -> None:
    """A file of foley studio that is dropped or chosen, back to the take that it came from."""
    inputs, outputs = {back, *controller.inputs.values()}, [back, *controller.outputs.values()]

    def bring(values: dict, request: gr.Request) -> Changes:
        if values[back] is None:
            return {back: gr.skip()}
        try:
            return {**controller.bring_back(Recipe.read(values[back]), values, request), back: None}
        except Exception as error:
            gr.Warning(error_message(error))
            return {back: None}

    back.upload(bring, inputs, outputs, **PAGE_ONLY, **USES_MODEL)


def _library(controller: GenerateController) -> None:
    """Stars, names, deletion, and the whole list for a page that has missed something."""
    stage, library = controller.outputs["stage"], controller.outputs["library"]

    def change(message: Any, values: dict, request: gr.Request) -> Changes:
        visit = controller.visit(values, request)
        value = change_library(controller.libraries.of(visit.token), message)
        left = controller.put(visit, lambda now: now.without(set(value["gone"])))
        return {library: value, stage: gr.skip() if left == visit.stage else left}

    def all_of_it(_: Any, values: dict, request: gr.Request) -> Changes:
        return {library: library_value(controller.libraries.of(controller.visit(values, request).token))}

    handlers = dict.fromkeys((protocol.Star, protocol.Rename, protocol.Tag, protocol.Delete, protocol.Restore), change)
    inputs = {controller.inputs[name] for name in ("stage", "token", "model")}
    # one after the other: of two answers at once, the older could come last and undo the newer on the page
    protocol.Mailbox("library").on(
        {**handlers, protocol.List: all_of_it}, inputs, [library, stage], trigger_mode="multiple", concurrency_limit=1
    )


def _exporting(controller: GenerateController) -> None:
    """Files to take home, and a loop as it would be one."""
    answer, progress = protocol.answers(), controller.outputs["progress"]

    def export(message: protocol.Export, values: dict, request: gr.Request) -> Iterator[Changes]:
        visit, settings = controller.visit(values, request), export_settings(message.settings)
        library, folder = controller.libraries.of(visit.token), new_folder(request)

        def take_of(file: str) -> Any:
            return controller.models.call(visit.model, Foley.recall, *library.saved(file))

        count = len(message.files)
        for done, path, words in export_takes(library, take_of, message.files, settings, folder):
            if path is None:
                yield {progress: bar_value(f"Exporting {done} of {count}", done / count, "running")}
            else:
                download = {"action": "download", "file": served(path), "name": path.name}
                yield {answer: download, progress: bar_value(words, 1.0, "done")}

    def preview(message: protocol.Preview, values: dict, request: gr.Request) -> Iterator[Changes]:
        visit, settings = controller.visit(values, request), export_settings(message.settings)
        yield {progress: bar_value("Looking for the seam", 0.3, "running")}
        take = controller.models.call(
            visit.model, Foley.recall, *controller.libraries.of(visit.token).saved(message.file)
        )
        loop = render(take, settings)
        path = write_audio(new_folder(request) / "loop.wav", loop.waveform, loop.sample_rate)
        heard = {"action": "hear_loop", "file": served(path), "take": message.file}
        yield {
            answer: heard,
            progress: bar_value(f"A loop of {len(loop.waveform) / loop.sample_rate:.2f} s", 1.0, "done"),
        }

    inputs = {controller.inputs[name] for name in ("stage", "token", "model")}
    failed = partial(dict, [(progress, bar_value("Ready"))])
    handlers = {protocol.Export: export, protocol.Preview: preview}
    protocol.Mailbox("export").on(
        handlers, inputs, [answer, progress], failed, concurrency_id="export", concurrency_limit=1
    )


def _sliders() -> tuple[gr.Slider, gr.Slider, gr.Slider]:
    temperature = gr.Slider(
        0, 1.5, 1.0, step=0.01, label="Variety", elem_id="temperature",
        info="Temperature. From 0.8 to 1.1 is safe; below 0.7 some takes are nearly silent, above 1.2 they get rough. "
        "Keys T and Shift+T.",
    )  # fmt: skip
    top_p = gr.Slider(
        0.05, 1, TOP_P, step=0.01, label="Surprise", elem_id="top-p",
        info="Top-p: the share of likely choices that are kept. Lower is cleaner and safer, 1 leaves every oddity in. "
        "Keys P and Shift+P.",
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
    # In the page and not on the server: whoever types a seed and generates at once gets that seed.
    seed.input(None, seed, locked, js="(seed) => seed !== null && seed !== ''", **PAGE_ONLY)
    dice.click(None, None, seed, js=f"() => Math.floor(Math.random() * {SEEDS})", **PAGE_ONLY)
    return seed, locked


def _show_takes(models: Models, stage: gr.State, model: gr.State) -> None:
    """The cards of the run; keyed, so that a take goes on playing while the next one joins it."""

    @gr.render(inputs=[stage, model], show_progress="hidden")
    def show(now: Stage, chosen: str | None) -> None:
        preset = models.get(chosen).preset
        with gr.Column(elem_classes=["takes", "many" if now.count > 1 else "one"]):
            for number in range(now.places):
                if number < len(now.takes):
                    value = now.takes[number]
                elif now.title:
                    value = no_take(preset, now.title, now.seed + number)
                else:
                    value = no_take(preset, hint=START)
                take_card(value, key=(now.run, now.deleted, number))
