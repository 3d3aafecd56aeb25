"""The line above the takes: a bar, a sentence, and the codes on their way to the page."""

from html import escape
from itertools import count
from typing import Any

import gradio as gr

_NUMBERS = count()

TEMPLATE = """
<div class="meter ${value.state}" data-number="${value.number}">
  <div class="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"
    aria-valuenow="${Math.round(100 * value.share)}"><i style="transform: scaleX(${value.share})"></i></div>
  <output>${value.text}</output>
</div>
"""
PAINT = "watch('value', () => window.foley.paint(props.value, props.colours));"


def progress_meter(value: dict[str, Any], colours: str, **settings: Any) -> gr.HTML:
    """Progress as the page shows it, of values made by `meter_value`; `codes` in them are painted on the cards."""
    settings = {"js_on_load": PAINT, "apply_default_css": False, "colours": colours} | settings
    return gr.HTML(value, html_template=TEMPLATE, **settings)


def meter_value(text: str, share: float = 0.0, state: str = "idle") -> dict[str, Any]:
    """A sentence and how much of the work is done, from 0 to 1.

    No two values are alike: the page writes into the meter by itself, and what equals the last value is not shown.
    """
    number = next(_NUMBERS)
    return {"text": escape(text), "share": round(share, 4), "state": state, "codes": "", "shape": [], "number": number}
