"""The panel of knobs: a slider each, with the words at its ends, "as it comes" until it is turned."""

import json

import gradio as gr

from foley.conditions.asked import Asked
from foley.conditions.knobs import ENDS, KNOBS
from foley.pipeline import Foley

USUAL = 0.5
ROW = """
  <div class="knob" data-knob="{name}">
    <label for="knob-{name}">{title}</label><output for="knob-{name}">as it comes</output>
    <button type="button" data-release aria-label="{title} as it comes" title="As it comes (double click on the slider, Del)">✕</button>
    <span class="ends"><i>{low}</i><input type="range" id="knob-{name}" min="0" max="1" step="0.05" value="0.5" aria-valuetext="as it comes"><i>{high}</i></span>
  </div>"""  # noqa: E501
PANEL = """
<details class="knobs" open>
  <summary title="What a take is asked for beside its class. Turning a knob draws the take on the stage again from the same seed, so that you hear the knob and not the luck. Double click or Del: as it comes">Knobs <span data-turned></span></summary>{rows}
</details>
"""  # noqa: E501


def knob_panel(foley: Foley) -> tuple[gr.HTML, gr.HTML]:
    """The panel, and the component that holds what it says: values from 0 to 1 by the names of the knobs turned."""
    rows = "".join(ROW.format(name=name, title=name.title(), low=low, high=high) for name, (low, high) in ENDS.items())
    panel = gr.HTML(
        PANEL.format(rows=rows), elem_id="knobs", apply_default_css=False, js_on_load=None, visible=foley.hears_knobs
    )
    connect = f"window.foley.knobs.connect((value) => {{ props.value = value; }}, {json.dumps(KNOBS)});"
    turned = gr.HTML({}, html_template="", js_on_load=connect, elem_classes="unseen", apply_default_css=False)
    return panel, turned


def knob_words(asked: Asked) -> str:
    """What was asked for by knobs, in words: `tonal 0.8, dark 0.2`, each with the value of its knob."""
    return ", ".join(_words(name, asked.knobs[name]) for name in KNOBS if name in asked.knobs)


def _words(name: str, value: float) -> str:
    if value == USUAL:
        return f"usual {name}"
    return f"{ENDS[name][value > USUAL]} {value:g}"
