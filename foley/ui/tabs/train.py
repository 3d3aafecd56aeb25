"""The tab that trains models on one's own recordings: it drives `python -m training` and watches what that leaves."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from foley.dataset import load_dataset
from foley.presets import PRESETS, get_preset
from foley.runs.view import RunView
from foley.ui.access import Mode
from foley.ui.components import run_view as view
from foley.ui.components.model_menu import ModelMenu
from foley.ui.session.device import USES_MODEL, error_message
from foley.ui.session.events import PAGE_ONLY
from foley.ui.session.trainer import ALL, RUNS, Order, Trainer, devices

LOOK_EVERY_S = 2.0
FIRST_MINUTES, FIRST_NAME = 60, "first"
STAGES = [("All, one after the other", ALL), *((title, name) for name, title in view.TITLES.items())]
INSTEAD = """
<section class="no-training"><h2>Training is off here</h2><p>{reason}</p>
<p>On your own machine, the same is one command; a folder of recordings for each class is all that it needs:</p>
<pre>python -m training all --data DATA --preset studio --run runs/mine
python app.py --checkpoint runs/mine/model</pre></section>
"""


def train_tab(menu: ModelMenu, why_not: str = "", runs: Path = RUNS, mode: Mode = Mode.OWN) -> None:
    """Lay the tab out inside the open Blocks; `menu` opens what was trained. With `why_not` it only says why not."""
    if why_not or mode.is_public:
        gr.HTML(INSTEAD.format(reason=escape(why_not)), apply_default_css=False)
        return
    trainer = Trainer(runs, mode)
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls", min_width=280, scale=0):
            order, found = _controls(menu.choices())
            start = gr.Button("Start", variant="primary", elem_id="train-start", min_width=0)
        with gr.Column(elem_classes="stage"):
            watch = Watch(trainer)
    order_of = [order[name] for name in ("name", "data", "preset", "stage", "device", "minutes", "begin", "more")]

    def begin(*values: Any) -> str:
        name, data, preset, stage, device, minutes, begin, more = values
        return trainer.start(Order(name, data, preset, stage, device, float(minutes or 0), begin or "", more)).name

    def planned(begin: str, stage: str, device: str, minutes: float | None, name: str) -> tuple:
        return view.plan(begin or "", stage, device, float(minutes or 0), name), gr.Dropdown(visible=not begin)

    def go_on(name: str, device: str, minutes: float, more: str) -> str:
        return trainer.resume(watch.known(name), device, float(minutes or 0), more).name

    def end(name: str) -> str:
        trainer.stop(watch.known(name))
        return name

    def use(name: str, now: str) -> Iterator[tuple]:
        if (yield from menu.open(str(watch.known(name).model), now)):
            gr.Info(f"Generate, Reconstruct and Explore now use {escape(name)}.")

    asked = [order[name] for name in ("begin", "stage", "device", "minutes", "name")]
    for event in (each.change for each in asked):
        event(planned, asked, [order["plan"], order["preset"]], queue=False, **PAGE_ONLY)
    watch.on(start, begin, order_of)
    watch.on(watch.resume, go_on, [watch.chosen, order["device"], order["minutes"], order["more"]])
    watch.on(watch.stop, end, [watch.chosen])
    watch.use.click(use, [watch.chosen, menu.model], menu.outputs, **PAGE_ONLY, **USES_MODEL)
    gr.on(
        [order["look"].click, order["data"].submit],
        look_at,
        [order["data"], order["preset"]],
        found,
        show_progress="full",
        api_visibility="private",
    )


def _controls(models: list[tuple[str, str]]) -> tuple[dict[str, Any], gr.HTML]:
    data = gr.Textbox(
        label="Recordings", placeholder="/home/me/sounds", elem_id="train-data",
        info="A folder on this machine with one folder a class, or a manifest.csv.",
    )  # fmt: skip
    look = gr.Button("See what is in it", elem_id="train-look", min_width=0)
    found = gr.HTML("", elem_id="train-found", apply_default_css=False)
    begin = gr.Dropdown(
        [("nothing: a new model", ""), *((f"{words}: fine-tune it", path) for words, path in models)],
        value="", label="Begin with", elem_id="train-begin",
        info="Few recordings make a better model when they fine-tune one that knows many.",
    )  # fmt: skip
    preset = gr.Dropdown(list(PRESETS), value="studio", label="Preset", elem_id="train-preset")
    stage = gr.Dropdown(STAGES, value=ALL, label="Stages", elem_id="train-stage")
    here = devices()
    device = gr.Dropdown(here, value=here[0], label="Device", elem_id="train-device")
    minutes = gr.Number(
        FIRST_MINUTES,
        minimum=0,
        label="Minutes",
        elem_id="train-minutes",
        info="Shared out between the stages; 0 for no limit.",
    )
    name = gr.Textbox(FIRST_NAME, label="Name of the run", elem_id="train-name")
    more = gr.Textbox(
        label="Further options", placeholder="--set prior.channels=128 --views 2", elem_id="train-more",
        info="As on the command line of python -m training.",
    )  # fmt: skip
    plan = gr.HTML(
        view.plan("", ALL, here[0], FIRST_MINUTES, FIRST_NAME), elem_id="train-plan", apply_default_css=False
    )
    controls = {
        "plan": plan, "begin": begin,
        "data": data, "look": look, "preset": preset, "stage": stage, "device": device, "minutes": minutes,
        "name": name, "more": more,
    }  # fmt: skip
    return controls, found


def look_at(data: str, preset: str, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008 - so Gradio wants it
    """The table of what a dataset folder holds, or a sentence about why it is none."""
    try:
        dataset = load_dataset(
            Path(data.strip()).expanduser(), get_preset(preset).audio, check=lambda done, of: progress((done, of))
        )
        return view.dataset_table(dataset)
    except (ValueError, OSError) as error:
        return f'<p class="note wrong">{escape(str(error))}</p>'


class Watch:
    """The right side of the tab: one run, looked at again and again while the page is open."""

    def __init__(self, trainer: Trainer):
        self.trainer = trainer
        with gr.Row(elem_classes="run-row"):
            self.chosen = gr.Dropdown([], label="Run", show_label=False, container=False, elem_id="train-run")
            self.stop = gr.Button("Stop", elem_id="train-stop", min_width=0, scale=0, interactive=False)
            self.resume = gr.Button("Resume", elem_id="train-resume", min_width=0, scale=0, interactive=False)
            self.use = gr.Button("Use in Generate", elem_id="train-use", min_width=0, scale=0, interactive=False)
        self.stage, self.seen = gr.State(""), gr.State({})
        self.overview = gr.HTML(
            view.overview(None, ""), html_template=view.OVERVIEW, js_on_load=view.CHOOSE, elem_id="train-overview",
            apply_default_css=False,
        )  # fmt: skip
        self.curves = gr.HTML("", elem_id="train-curves", apply_default_css=False)
        self.samples = gr.HTML(
            {"samples": []}, html_template=view.SAMPLES, js_on_load=view.CHOOSE_STEP, elem_id="train-samples",
            apply_default_css=False,
        )  # fmt: skip
        with gr.Accordion("Log", open=False, elem_id="train-log"):
            self.log = gr.HTML("", apply_default_css=False)
        self.outputs = [
            self.chosen, self.stop, self.resume, self.use, self.seen, self.overview, self.curves, self.samples, self.log
        ]  # fmt: skip
        self.inputs = [self.chosen, self.stage, self.seen]
        timer = gr.Timer(LOOK_EVERY_S)
        for event in (timer.tick, self.chosen.input):
            event(self.look, self.inputs, self.outputs, concurrency_limit=None, **PAGE_ONLY)
        gr.on(None, self.look, self.inputs, self.outputs, **PAGE_ONLY)  # when the page is loaded
        self.overview.click(self._choose, None, self.stage, queue=False, **PAGE_ONLY).then(
            self.look, self.inputs, self.outputs, **PAGE_ONLY
        )

    def on(self, button: gr.Button, action: Any, inputs: list[gr.Component]) -> None:
        """Do something when a button is pressed, and then look at the run that it returns the name of."""

        def act(*values: Any) -> Any:
            try:
                name = action(*values)
                return gr.Dropdown(choices=self._choices(), value=name)
            except Exception as error:
                gr.Warning(error_message(error, whole_paths=True))
                return gr.skip()

        button.click(act, inputs, self.chosen, **PAGE_ONLY).then(self.look, self.inputs, self.outputs, **PAGE_ONLY)

    def known(self, name: str | None) -> RunView:
        """The run of that name. Raises ValueError when it is gone."""
        run = self.trainer.run(name) if name else None
        if run is None:
            raise ValueError("There is no such run any more.")
        return run

    def look(self, name: str | None, stage: str, seen: dict[str, Any]) -> list[Any]:
        """All outputs, of which only those are sent that have changed since they were `seen`."""
        run = self.trainer.run(name) or self.trainer.run(None)
        stopping = run is not None and self.trainer.is_stopping(run)
        chosen = stage or (run.current.name if run else "")
        shown = run.stages.get(chosen) if run else None
        running = run is not None and run.is_running
        values = {
            "chosen": (run.name if run else None, self._choices()),
            "stop": (running, stopping),
            "resume": run is not None and not running and bool(run.settings),
            "use": run is not None and run.is_whole,
            "overview": view.overview(run, chosen, stopping),
            "curves": view.curves(shown),
            "samples": (run and run.name, chosen, [event["step"] for event in shown.events if event["kind"] == "show"])
            if shown
            else None,
            "log": view.log(run),
        }
        new = {key: value for key, value in values.items() if key not in seen or seen[key] != value}
        make = {
            "chosen": lambda value: gr.Dropdown(choices=value[1], value=value[0]),
            "stop": lambda value: gr.Button("Stop now" if value[1] else "Stop", interactive=value[0]),
            "resume": lambda value: gr.Button(interactive=value),
            "use": lambda value: gr.Button(interactive=value),
            "samples": lambda value: view.samples(shown),
        }
        sent = {key: make.get(key, lambda value: value)(value) for key, value in new.items()}
        order = ("chosen", "stop", "resume", "use", "seen", "overview", "curves", "samples", "log")
        sent["seen"] = seen | new if new else gr.skip()
        return [sent.get(key, gr.skip()) for key in order]

    def _choices(self) -> list[tuple[str, str]]:
        return [(f"{run.name} · {run.state}", run.name) for run in self.trainer.runs()]

    @staticmethod
    def _choose(event: gr.EventData) -> str:
        return str(event.stage) if event.stage in view.TITLES else ""
