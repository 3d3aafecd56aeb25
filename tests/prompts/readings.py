"""A reading as the plain values that `sentences.jsonl` states."""

import json
from pathlib import Path
from typing import Any

from foley.prompts import EventGroup, Prompt

DEFAULTS: dict[str, Any] = {
    "class": None, "others": [], "takes": 1, "seed": None, "groups": [], "knobs": {}, "tags": [], "duration": None,
    "loop": False, "temperature": None, "unknown": [],
}  # fmt: skip
GROUP = EventGroup()


def expected(name: str) -> list[dict[str, Any]]:
    """The sentences of a file beside this one, each with its reading and the defaults filled in."""
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [{**DEFAULTS, **json.loads(line)} for line in lines]


def plain(prompt: Prompt) -> dict[str, Any]:
    """A reading as plain values, without what is as it comes."""
    groups = [
        {name: list(value) if name == "at" else value for name, value in vars(group).items()
         if value != getattr(GROUP, name)}
        for group in prompt.groups
    ]  # fmt: skip
    return {
        "class": None if prompt.category is None else prompt.category.name,
        "others": [category.name for category in prompt.others],
        "takes": prompt.takes,
        "seed": prompt.seed,
        "groups": groups,
        "knobs": prompt.knobs,
        "tags": list(prompt.tags),
        "duration": prompt.duration_s,
        "loop": prompt.loop,
        "temperature": prompt.temperature,
        "unknown": list(prompt.unknown),
    }
