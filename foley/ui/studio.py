"""The studio: the tabs, what they share, and what is open to programs."""

from collections.abc import Iterator
from html import escape

import gradio as gr

from foley.pipeline import Foley
from foley.sampling import Progress
from foley.takes import Reconstruction, Take
from foley.ui.api import add_endpoints
from foley.ui.device import on_gpu
from foley.ui.generate import generate_tab
from foley.ui.reconstruct import reconstruct_tab
from foley.ui.visitors import DELETE_CACHE, forget

TITLE = "foley studio"


def build_studio(foley: Foley) -> gr.Blocks:
    """The whole interface round one model, to be launched with `theme.launch_settings()`."""

    @on_gpu
    def draw(*arguments, **settings) -> Iterator[Progress | Take]:
        yield from foley.draw(*arguments, **settings)

    @on_gpu
    def reconstruct(recording: str, seed: int) -> Reconstruction:
        return foley.reconstruct(recording, seed)

    with gr.Blocks(title=TITLE, fill_width=True, delete_cache=DELETE_CACHE, analytics_enabled=False) as studio:
        gr.HTML(_top_bar(foley), elem_id="top-bar", apply_default_css=False)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Generate", id="generate"):
                generate_tab(foley, draw)
            with gr.Tab("Reconstruct", id="reconstruct"):
                reconstruct_tab(foley, reconstruct)
        add_endpoints(draw, reconstruct)
        studio.unload(forget)
    return studio


def _top_bar(foley: Foley) -> str:
    audio = foley.preset.audio
    model = f"{foley.name} · {audio.sample_rate / 1000:g} kHz · {audio.duration_s:g} s · {foley.device.type}"
    return (
        '<div class="row"><span class="brand">foley <b>studio</b></span>'
        f'<span class="model" title="Model, sample rate, length of a take, device">{escape(model)}</span>'
        '<button type="button" class="text" data-api title="How programs use this studio">API</button>'
        '<button type="button" class="round" data-theme-switch aria-label="Switch between dark and light"></button>'
        "</div>"
    )
