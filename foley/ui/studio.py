"""The studio: the tabs, what they share, and what is open to programs."""

from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from pathlib import Path

import gradio as gr

from foley.conditions.asked import Asked
from foley.pipeline import Foley
from foley.sampling import TOP_P, SamplingSettings
from foley.ui.access import Mode, check
from foley.ui.api import add_endpoints
from foley.ui.components.library_list import library_value
from foley.ui.components.model_menu import ModelMenu, terms
from foley.ui.session.device import error_message
from foley.ui.session.events import PAGE_ONLY
from foley.ui.session.models import Models
from foley.ui.session.secret import installation_secret
from foley.ui.session.trainer import RUNS, why_no_training
from foley.ui.session.visitors import DELETE_CACHE, Libraries, forget, new_token
from foley.ui.tabs.evaluate import evaluate_tab
from foley.ui.tabs.explore import explore_tab
from foley.ui.tabs.generate import generate_tab
from foley.ui.tabs.perform import PerformTab
from foley.ui.tabs.reconstruct import reconstruct_tab
from foley.ui.tabs.train import train_tab

TITLE = "foley studio"
DRAWN_TOGETHER = 8  # takes of a program's call
MOST_WAITING = 200  # visitors' calls of each sort in Gradio's queue; for the model there is a queue of our own


def build_studio(
    foley: Foley,
    no_training: str = "",
    runs: Path = RUNS,
    library: str | Path | None = None,
    mode: Mode = Mode.OWN,
) -> gr.Blocks:
    """The whole interface round one model, to be launched with `theme.launch_settings()`.

    `runs` is where models are trained; `no_training` is why none are, where none may be.

    `library` is the folder that keeps the takes of whoever opens the page; without one every visitor has a library
    of their own, for a day. In a public `mode` the page reads no folder and no model that a visitor names: what the
    table of `foley.ui.access` does not allow there is not served. Raises PermissionError where something is.
    """
    no_training = no_training or why_no_training(False, mode)
    models, libraries = Models(foley, mode, runs), Libraries(library)
    with gr.Blocks(title=TITLE, fill_width=True, delete_cache=DELETE_CACHE, analytics_enabled=False) as studio:
        top_bar = gr.HTML(_top_bar(foley), elem_id="top-bar", apply_default_css=False)
        token = gr.BrowserState("", storage_key="foley-visitor", secret=installation_secret())
        model = gr.State("")
        menu = ModelMenu(models, model, top_bar, _top_bar)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
            with gr.Tab("Generate", id="generate"):
                controller = generate_tab(models, libraries, model, token)
            with gr.Tab("Perform", id="perform") as tab:
                PerformTab(models, libraries, model, token, tab)
            with gr.Tab("Reconstruct", id="reconstruct"):
                reconstruct_tab(models, controller, model, tabs)
            with gr.Tab("Explore", id="explore"):
                explore_tab(models, controller, model, tabs)
            with gr.Tab("Train", id="train"):
                train_tab(menu, no_training, runs, mode)
            with gr.Tab("Evaluate", id="evaluate"):
                evaluate_tab(models, model, mode)
        add_endpoints(
            partial(models.run, "", _stream_in_parts),
            partial(models.call, "", Foley.reconstruct),
        )

        def welcome(key: str) -> tuple:
            key = key or new_token()
            try:
                return key, library_value(libraries.of(key))
            except Exception as error:  # a disk that is gone: takes can be made and heard even so
                gr.Warning(error_message(error))
                return key, gr.skip()

        studio.load(welcome, token, [token, controller.outputs["library"]], concurrency_limit=None, **PAGE_ONLY)
        studio.unload(forget)
    check(functions_of(studio), mode)
    return studio.queue(max_size=MOST_WAITING)


def functions_of(studio: gr.Blocks) -> list[Callable]:
    """Everything of a page that its server runs for visitors: handlers of events, and functions of components."""
    handlers = [one.fn for one in studio.fns.values() if one.fn]
    return [*handlers, *(function for block in studio.blocks.values() for function in getattr(block, "server_fns", ()))]


def _stream_in_parts(
    foley: Foley,
    category: str,
    seed: int,
    temperature: float,
    count: int,
    top_k: int = 0,
    top_p: float = TOP_P,
    asked: Asked | None = None,
) -> Iterator:
    """The takes of `Foley.stream`, a few at a time, so that nobody else waits long while their codes are drawn.

    By its name, so that it can be handed to another process.
    """
    settings = SamplingSettings(temperature, top_k, top_p)
    whole = foley.stream(category, seed, count, settings, asked)  # raises where it cannot be, and draws nothing
    if count <= DRAWN_TOGETHER:
        yield from whole
        return
    for first in range(0, count, DRAWN_TOGETHER):
        some = min(DRAWN_TOGETHER, count - first)
        yield from foley.stream(category, seed + first, some, settings, asked)


def _top_bar(foley: Foley, instead: str = "") -> str:
    audio = foley.preset.audio
    model = f"{audio.sample_rate / 1000:g} kHz · {audio.duration_s:g} s · {foley.device.type} · {terms(foley)[0]}"
    return (
        '<div class="row"><h1 class="brand">foley <b>studio</b></h1>'
        f'<span class="model" title="{escape(terms(foley)[1])}">{escape(instead or model)}</span>'
        '<button type="button" class="text" data-api title="How programs use this studio">API</button>'
        '<button type="button" class="round" data-theme-switch title="Dark or light"'
        ' aria-label="Switch between dark and light"></button>'
        "</div>"
    )
