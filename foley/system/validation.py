"""Values from outside (recipes, configurations, messages) are checked by pydantic; its findings become one sentence."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

MOST = 2**53  # of whole numbers that a float holds exactly


def _encodable(text: str) -> str:
    text.encode()  # raises UnicodeEncodeError, a ValueError, for half of a surrogate pair
    return text


Text = Annotated[str, AfterValidator(_encodable)]  # that can be written and shown anywhere
Count = Annotated[int, Field(ge=0, le=MOST, strict=True)]
Seconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


def first_problem(error: ValidationError) -> str:
    """What pydantic found first, in words: which value, what it must be, and what it is."""
    found = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in found["loc"] if not str(part).startswith("function-")) or "the whole"
    words = found["msg"].removeprefix("Value error, ").rstrip(".")
    given = found["input"]
    if found["type"] in ("missing", "extra_forbidden", "value_error") or isinstance(given, dict | list | tuple):
        return f"{place}: {words}"
    return f"{place} is {_short(given)}: {words}"


def _short(value: object) -> str:
    text = ascii(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:40]}..."
