"""The field for words: a sentence, what was understood of it as chips, and what was not."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from foley.prompts import Prompt
from foley.prompts.abilities import answers, unmet
from foley.prompts.schedule import has_events
from foley.prompts.tags import TagError, TagStatistics
from foley.ui.components import protocol
from foley.ui.session.device import ONE_AT_A_TIME
from foley.ui.session.generation import Changes, Desk
from foley.ui.session.words import number_of, place_of, reading

NOT_PLACED = "Takes come here as they are drawn: `foley say` and Perform place single events."
_OF_EVENTS = frozenset({"count", "pace", "every", "at", "after", "level", "ramp", "tempo"})

WORDS = """
<form class="words" data-words aria-label="Say what to make" autocomplete="off">
  <input type="text" name="words" maxlength="400" spellcheck="false" aria-label="Say what to make"
    placeholder="Say it: dark heavy rain on leaves, 8 seconds">
  <button type="submit" disabled title="Make takes of what was understood (Enter)">Make it</button>
  <div class="chips" data-chips role="list" aria-label="What was understood"></div>
  <p data-not-understood role="status" hidden></p>
  <ul data-unmet hidden></ul>
</form>
"""


def words_field() -> None:
    """Lay the field out inside the open Blocks; `connect` gives it something to do."""
    gr.HTML(WORDS, apply_default_css=False, elem_id="words", js_on_load=None)


def connect(desk: Desk) -> None:
    """Read what is typed, and make takes of it on the desk's stage."""
    answer = protocol.answers()
    inputs, outputs = set(desk.inputs.values()), list(desk.outputs.values())

    def read(message: protocol.ReadWords, values: dict, request: gr.Request) -> Changes:
        return {answer: described(_prompt(message))}

    def say(message: protocol.SayWords, values: dict, request: gr.Request) -> Iterator[Changes]:
        yield from desk.say(_prompt(message), values, request)

    protocol.Mailbox("reading").on(
        {protocol.ReadWords: read}, set(), [answer], trigger_mode="always_last", concurrency_limit=None
    )
    mailbox = protocol.Mailbox("words")
    mailbox.on({protocol.SayWords: say}, inputs, outputs, desk.idle, trigger_mode="multiple", **ONE_AT_A_TIME)


def described(prompt: Prompt) -> dict[str, Any]:
    """A reading for the page: a chip for each piece that was understood, the words that were not, and what is unmet."""
    try:
        tags = TagStatistics.load()
    except TagError:
        tags = None
    by_piece = {id(answer.piece): answer for answer in answers(prompt, tags)}
    placed = has_events(prompt)
    chips = []
    for piece in prompt.pieces:
        answer = by_piece.get(id(piece))
        if answer is None:
            continue
        drawn_only = placed and piece.kind in _OF_EVENTS
        chips.append(
            {
                "label": piece.label,
                "words": prompt.words(piece),
                "place": place_of(piece, prompt.text),
                "number": number_of(piece),
                "name": piece.value[0] if piece.kind == "knob" else piece.kind,
                "met": answer.met and not drawn_only,
                "why": NOT_PLACED if drawn_only else answer.words,
            }
        )
    reasons = [*unmet(prompt, tags), *([NOT_PLACED] if placed else [])]
    return {"action": "reading", "text": prompt.text, "chips": chips, "unknown": list(prompt.unknown), "unmet": reasons}


def _prompt(message: protocol.ReadWords | protocol.SayWords) -> Prompt:
    return reading(message.text, message.dropped, dict(message.values))
