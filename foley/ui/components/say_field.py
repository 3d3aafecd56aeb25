"""The field for words, and what was understood of them: chips that can be changed or taken back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from foley.categories import Category
from foley.perform.events import LONGEST_S, MOST_EVENTS
from foley.pipeline import MOST_TAKES
from foley.prompts.abilities import Answer, answers, unmet
from foley.prompts.changes import Change, keyed, pieces_after, same
from foley.prompts.reading import Piece, Prompt
from foley.prompts.say import usual_ranker
from foley.prompts.tags import TagError
from foley.sampling import TOP_P

FIELD = """
<form class="say" aria-label="Say it" onsubmit="return false">
  <label for="say-words">Say it</label>
  <input id="say-words" type="text" maxlength="400" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go"
    placeholder="three slow heavy steps on gravel, far away" title="Words for a sound (Y). Enter makes it; what is understood is shown below and can be changed">
  <button type="submit" title="Make what is understood (Enter)">Make it</button>
  <ul class="chips" aria-label="What is understood" hidden></ul>
  <p class="said" role="status" hidden></p>
</form>
"""  # noqa: E501
PACES = ("slow", "fast")


def say_field() -> gr.HTML:
    """The field and the place of its chips. Returns the component that is told what was understood."""
    begin = "window.foley.say.connect(element);"
    gr.HTML(FIELD, js_on_load=begin, elem_id="say", apply_default_css=False)
    receive = "watch('value', () => window.foley.say.receive(props.value));"
    return gr.HTML({}, html_template="", js_on_load=receive, elem_classes="unseen", apply_default_css=False)


def understood(number: int, said: Prompt, changes: Sequence[Change], hears_knobs: bool) -> dict[str, Any]:
    """What the page shows of a reading with its changes, in answer to its question of that number, and the controls
    that it sets. Raises PromptError for a change that cannot be.
    """
    pieces = pieces_after(said, changes)
    prompt = replace(said, pieces=tuple(pieces.values()))
    found = answers(prompt, hears_knobs=hears_knobs)
    marked = [answer.words for answer in found if answer.met and answer.mark]
    category = prompt.category
    controls = None if category is None else {
        "category": int(category),
        "temperature": 1.0 if prompt.temperature is None else prompt.temperature,
        "top_p": TOP_P,
        "count": prompt.takes,
        "seed": prompt.seed,
        "knobs": prompt.knobs if hears_knobs else {},
    }  # fmt: skip
    return {
        "number": number,
        "keys": [key for key, _ in keyed(said)],
        "chips": list(_chips(prompt, found, pieces)),
        "unknown": list(prompt.unknown),
        "notes": [*unmet(prompt, hears_knobs=hears_knobs), *dict.fromkeys(marked)],
        "controls": controls,
        "loop": prompt.loop,
    }


def not_understood(number: int, words: str) -> dict[str, Any]:
    """The same where the sentence could not be read at all, with the reason."""
    return {"number": number, "keys": [], "chips": [], "unknown": [], "notes": [words], "controls": None, "loop": False}


def _chips(prompt: Prompt, found: list[Answer], pieces: dict[str, Piece]) -> Iterator[dict[str, Any]]:
    """A chip for each piece; what says the same twice has one."""
    keys = {id(piece): key for key, piece in pieces.items()}
    shown: list[Piece] = []
    for answer in found:
        piece = answer.piece
        if any(same(piece, other) for other in shown):
            continue
        shown.append(piece)
        yield {
            "key": keys[id(piece)],
            "label": piece.label,
            "said": prompt.words(piece),
            "mark": answer.mark,
            "met": answer.met,
            "note": answer.words,
            "edit": _editor(prompt, piece),
        }


def _editor(prompt: Prompt, piece: Piece) -> dict[str, Any] | None:
    """How the page lets a piece's value be changed: a number within bounds, or one of some choices."""
    match piece.kind:
        case "class":
            choices: list[tuple[str, str]] = [(kind.name, kind.title) for kind in Category]
            return {"value": piece.value.name, "choices": choices}
        case "pace":
            return {"value": piece.value, "choices": [(pace, pace) for pace in PACES]}
        case "tag":
            tags = _tags_of(prompt.category)
            return {"value": piece.value, "choices": [(tag, tag) for tag in tags]} if piece.value in tags else None
        case "knob":
            return {"value": piece.value[1], "min": 0, "max": 1, "step": 0.05}
        case kind if kind in _BOUNDS:
            low, high, step = _BOUNDS[kind]
            return {"value": piece.value, "min": low, "max": high, "step": step}
    return None


def _tags_of(category: Category | None) -> list[str]:
    try:
        return [tag.name for tag in usual_ranker().tags.of_class(category)] if category is not None else []
    except TagError:
        return []


_BOUNDS: dict[str, tuple[float, float, float]] = {
    "takes": (1, MOST_TAKES, 1),
    "count": (1, MOST_EVENTS, 1),
    "every": (0.05, LONGEST_S, 0.05),
    "after": (0, LONGEST_S, 0.1),
    "level": (-40, 40, 1),
    "ramp": (-40, 40, 1),
    "duration": (0.5, LONGEST_S, 0.5),
    "temperature": (0, 1.5, 0.05),
    "seed": (0, 2**53, 1),
}
