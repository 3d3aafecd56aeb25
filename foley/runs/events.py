"""The events of a stage's training, one JSON object a line: what of a file is believed."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foley.system.validation import Count, Seconds, Text

Number = Annotated[float, Field(ge=-1e300, le=1e300)]
Value = bool | Number | Text | None


class _Event(BaseModel):
    """What all that reads events relies on: the types of what is there, beside any other plain values."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value] = Field(init=False)

    kind: Annotated[Text, Field(max_length=40)]
    time: Seconds = 0.0
    step: Count = 0
    steps: Count = 0
    score: Number | None = None
    seconds_a_step: Seconds = 0.0
    left_s: Seconds = 0.0
    files: dict[Text, Text] = {}


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a stage: without a line cut by a kill or damaged, and without what a resumed run did once more.

    Each has a kind, a time and a step.
    """
    events: list[dict[str, Any]] = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return events
    for line in lines:
        try:
            event = _Event.model_validate(json.loads(line))
        except (ValidationError, ValueError, RecursionError):
            continue
        if event.kind == "begin":
            events = [earlier for earlier in events if earlier["step"] <= event.step]
        events.append({"time": event.time, "step": event.step, **event.model_dump(exclude_unset=True)})
    return events
