"""The tab that measures: what `python -m foley evaluate` does, its figures as bars, its sounds to be heard."""

from collections.abc import Generator, Iterator
from contextlib import closing
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from foley.evaluation.chain import PARTS
from foley.evaluation.evaluate import EvaluationProgress, EvaluationSettings, evaluating
from foley.evaluation.report import Report
from foley.evaluation.report_files import keep_report, kept_reports
from foley.evaluation.report_pages import comparison
from foley.pipeline import Foley
from foley.resources import SHIPPED_REPORT, WORK
from foley.sampling import TOP_P
from foley.ui.access import Mode
from foley.ui.components import report_view as view
from foley.ui.components.progress_bar import bar_value, progress_bar
from foley.ui.session.device import error_message
from foley.ui.session.events import PAGE_ONLY
from foley.ui.session.models import Models
from foley.ui.session.visitors import new_folder

HOME = WORK / "evaluation"  # where sounds and embeddings are kept, so that an evaluation goes on after a stop

MOST_TAKES = 100  # a class, as in the challenge
WHOLE_TAKES = 32  # a class, as in the paper: with fewer an evaluation is a trial
NOTHING_ELSE = "-"  # to compare with
MEANWHILE: dict[str, Any] = {"concurrency_id": "evaluation", "concurrency_limit": 1}  # one evaluation at a time
PRESSED = '() => [false, true].map((interactive) => ({interactive, __type__: "update"}))'
NO_EVALUATING = "Evaluating is off here: it reads folders of the machine, and others can open this page."


def evaluate_tab(models: Models, model: gr.State, mode: Mode = Mode.OWN, home: Path = HOME) -> None:
    """Lay the tab out inside the open Blocks; it measures the model of the menu. In a public mode it only shows the
    figures that ship.

    An evaluation runs beside the other tabs on a CPU, and in turn with them where there is one GPU.
    """
    if mode.is_public:
        _shipped_figures()
        return
    report = gr.State(None)
    with gr.Row(elem_classes="bench"):
        with gr.Column(elem_classes="controls", min_width=280, scale=0):
            controls = _controls()
            with gr.Row(elem_classes="actions"):
                go = gr.Button("Evaluate", variant="primary", elem_id="evaluate", min_width=0)
                stop = gr.Button("Stop", elem_id="evaluate-stop", min_width=74, interactive=False, scale=0)
            note = "What is stopped goes on where it was, with the same settings."
            gr.HTML(f'<p class="note">{note}</p>', apply_default_css=False)
            links = gr.HTML({"files": []}, html_template=view.LINKS, css_template=view.STYLE, js_on_load=None)
        with gr.Column(elem_classes="stage"):
            progress = progress_bar(bar_value("Ready"), "", elem_id="evaluate-progress", js_on_load=None)
            with gr.Row(elem_classes="choices"):
                chosen = gr.Dropdown([], label="Report", elem_id="evaluate-report", min_width=200)
                other = gr.Dropdown([], label="Compare with", elem_id="evaluate-other", min_width=200)
            table = gr.Markdown("", elem_id="evaluate-comparison")
            measure = _measures()
            chart = gr.HTML(
                view.NOTHING, elem_id="chart", css_template=view.STYLE, js_on_load=view.CHART_SCRIPT,
                apply_default_css=False,
            )  # fmt: skip
            clips = gr.HTML(
                view.clips_value(None, "", "", home, home), html_template=view.CLIPS, css_template=view.STYLE,
                js_on_load=None, apply_default_css=False, elem_id="clips",
            )  # fmt: skip

    def measuring(chosen: str, *arguments: Any) -> Generator[EvaluationProgress | Report]:
        """The evaluation's events. On a CPU it works beside the takes of others; of a GPU there is one, for all in
        turn."""
        if models.first.device.type == "cpu":
            return evaluating(models.get(chosen), *arguments)
        return models.run(chosen, _evaluating, *arguments)

    def run(chosen: str, *values: Any) -> Iterator[dict]:
        """Measure the chosen model, showing how far it is; then the report."""
        reference, takes, temperature, top_p, seed, chain = values
        try:
            mode.refuse_unless_allowed("evaluate.run")
            settings = EvaluationSettings(
                int(takes), int(seed or 0), float(temperature), float(top_p), parts=PARTS if chain else ()
            )
            if not str(reference).strip():
                raise ValueError("Name a folder with recordings of each class, or a file of statistics.")
            place = Path(str(reference).strip()).expanduser()
            with closing(measuring(chosen, place, home, settings)) as events:
                for event in events:
                    if isinstance(event, EvaluationProgress):
                        share = event.done / max(event.total, 1)
                        yield {progress: bar_value(f"{event.what}, {event.done} of {event.total}", share, "running")}
                    else:
                        place = str(keep_report(event, home))
                        bar = bar_value(f"{event.minutes:.1f} min; kept beside the other reports", 1.0, "done")
                        yield {report: event, progress: bar, **_buttons(running=False), **_lists(place)}
        except Exception as error:
            gr.Warning(error_message(error, whole_paths=True))
            yield {progress: bar_value("Ready"), **_buttons(running=False)}

    def _buttons(running: bool) -> dict[gr.Button, gr.Button]:
        return {go: gr.Button(interactive=not running), stop: gr.Button(interactive=running)}

    def stopped() -> tuple:
        return bar_value("Stopped: what was made is kept"), *_buttons(running=False).values()

    def listen(now: Report | None, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """The sounds behind the bar that was clicked."""
        mode.refuse_unless_allowed("evaluate.listen")
        return view.clips_value(now, event.category, event.set, home, new_folder(request))

    def _lists(place: str) -> dict[gr.Dropdown, gr.Dropdown]:
        """The reports to choose from, of which the one in that folder is shown."""
        choices = view.report_choices(kept_reports(home), _shipped())
        none = ("nothing", NOTHING_ELSE)
        return {chosen: gr.Dropdown(choices, value=place), other: gr.Dropdown([none, *choices], value=NOTHING_ELSE)}

    def _report(place: str) -> Report | None:
        """The report of a folder, one of those that are kept here."""
        return _shipped() if place == view.SHIPPED else kept_reports(home).get(Path(place))

    def last() -> dict:
        """When the page is loaded: the newest report of a whole evaluation, else the one that ships, else any."""
        kept, shipped = kept_reports(home), _shipped()
        whole = [place for place, found in kept.items() if found.settings["per_class"] >= WHOLE_TAKES]
        place = str(whole[0]) if whole else view.SHIPPED if shipped or not kept else str(next(iter(kept)))
        return {report: _report(place), **_lists(place)}

    def pick(place: str | None) -> Report | None:
        """The report that was chosen."""
        return _report(place or view.SHIPPED)

    def show(now: Report | None, what: str, place: str | None, beside: str | None, request: gr.Request) -> tuple:
        second = None if beside in (None, NOTHING_ELSE) else _report(str(beside))
        compared = comparison(now, second) if now and second else ""
        return view.chart(now, what), view.links_value(Path(place or SHIPPED_REPORT), new_folder(request)), compared

    go.click(None, None, [go, stop], js=PRESSED, **PAGE_ONLY)  # a run that waits for its turn can be stopped, too
    running = go.click(run, [model, *controls], [report, progress, go, stop, chosen, other], **PAGE_ONLY, **MEANWHILE)
    stop.click(None, cancels=running, **PAGE_ONLY)
    stop.click(stopped, None, [progress, go, stop], concurrency_limit=None, **PAGE_ONLY)
    gr.on(None, last, None, [report, chosen, other], **PAGE_ONLY)
    chosen.input(pick, chosen, report, **PAGE_ONLY)
    changed = [report.change, measure.change, other.change]
    gr.on(changed, show, [report, measure, chosen, other], [chart, links, table], concurrency_limit=None, **PAGE_ONLY)
    chart.select(listen, report, clips, concurrency_limit=None, **PAGE_ONLY)


def _evaluating(foley: Foley, *arguments: Any) -> Iterator[EvaluationProgress | Report]:
    """As `evaluating`; by its name, so that it can be handed to another process."""
    return evaluating(foley, *arguments)


def _shipped() -> Report | None:
    """The report that ships, where it does."""
    try:
        return Report.load(SHIPPED_REPORT)
    except ValueError:
        return None


def _shipped_figures() -> None:
    """The tab of a public page: the report that ships, read once, and no sounds."""
    report = _shipped()

    def switch(what: str) -> str:
        """The chart of another measure."""
        return view.chart(report, what, listen=False)

    gr.HTML(f'<p class="note">{escape(NO_EVALUATING)}</p>', apply_default_css=False)
    measure = _measures()
    chart = gr.HTML(
        view.chart(report, measure.value, listen=False), elem_id="chart", css_template=view.STYLE,
        js_on_load=None, apply_default_css=False,
    )  # fmt: skip
    measure.change(switch, measure, chart, concurrency_limit=None, **PAGE_ONLY)


def _measures() -> gr.Radio:
    metrics = [(metric.label, name) for name, metric in view.CHARTED.items()]
    return gr.Radio(metrics, value="fad", show_label=False, container=False, elem_id="measure")


def _controls() -> list[gr.Component]:
    return [
        gr.Textbox(
            label="Reference", placeholder="/path/to/recordings", elem_id="reference",
            info="A folder on this machine with recordings of each class, or a file of statistics.",
        ),
        gr.Slider(
            2, MOST_TAKES, 32, step=1, label="Takes a class", elem_id="evaluate-takes",
            info="32 as in the paper, 100 as in the challenge. Fewer are quicker and say less.",
        ),
        gr.Slider(0, 1.5, 1.0, step=0.01, label="Temperature", elem_id="evaluate-temperature"),
        gr.Slider(0.05, 1, TOP_P, step=0.01, label="Top-p", elem_id="evaluate-top-p"),
        gr.Number(0, precision=0, label="First seed", elem_id="evaluate-seed"),
        gr.Checkbox(
            True, label="Each part of the chain", elem_id="evaluate-chain",
            info="Also send recordings through mel, codes and vocoder: which stage loses the sound?",
        ),
    ]  # fmt: skip
