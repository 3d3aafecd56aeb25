"""The line above the takes: a bar, a sentence, and the codes on their way to the page."""

from base64 import b64encode
from html import escape
from itertools import count
from typing import Any

import gradio as gr

from foley.sampling import Progress

_NUMBERS = count()

TEMPLATE = """
<div class="progress ${value.state}" data-number="${value.number}">
  <div class="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"
    aria-valuenow="${Math.round(100 * value.share)}"><i style="transform: scaleX(${value.share})"></i></div>
  <output>${value.text}</output>
</div>
"""
PAINT = "watch('value', () => window.foley.paint(props.value, props.colours));"


def progress_bar(value: dict[str, Any], colours: str, **settings: Any) -> gr.HTML:
    """Progress as the page shows it, of values made by `bar_value`; `codes` in them are painted on the cards."""
    settings = {"js_on_load": PAINT, "apply_default_css": False, "colours": colours} | settings
    return gr.HTML(value, html_template=TEMPLATE, **settings)


def bar_value(text: str, share: float = 0.0, state: str = "idle") -> dict[str, Any]:
    """A sentence and how much of the work is done, from 0 to 1.

    No two values are alike: the page writes into the bar by itself, and what equals the last value is not shown.
    """
    number = next(_NUMBERS)
    return {"text": escape(text), "share": round(share, 4), "state": state, "codes": "", "shape": [], "number": number}


def waiting_value(words: str) -> dict[str, Any]:
    """The value while nothing comes: where in the queue a request is; as it was where it is at work, without words."""
    return bar_value(words, 0.0, "running") if words else gr.skip()


def codes_value(event: Progress, there: int = 0, wanted: int = 1) -> dict[str, Any]:
    """The value for codes that are being drawn: how far it is, and the codes themselves to be painted.

    `there` of the `wanted` takes are done already: the event tells of those that follow them.
    """
    codes = (event.codes + 1).numpy().astype("<u2")  # 0 where there is none yet
    drawn = len(codes)
    share = (there + drawn * event.done / event.total) / max(wanted, there + drawn)
    which = f"take {there + 1}" if drawn == 1 else f"takes {there + 1} to {there + drawn}"
    words = f"Drawing {which} of {wanted}" if wanted > 1 else f"Drawing codes, {event.done} of {event.total}"
    return {
        **bar_value(words, share, "running"),
        "codes": b64encode(codes.tobytes()).decode(),
        "shape": list(codes.shape),
    }
