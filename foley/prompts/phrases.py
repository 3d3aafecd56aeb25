"""Phrases with numbers and times in them: how often, when, how long, how loud, and settings said outright."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from foley.conditions.knobs import KNOBS
from foley.prompts.quantities import ANY_TIME, NUMBER, TIME, UNIT, number, seconds
from foley.prompts.vocabulary import DEGREES, LOUDER, VAGUE_COUNTS


class Found(NamedTuple):
    """A phrase: its kind (of a Piece, or `break`, `per`, `number`, `louder`, `range`), its value, its last token."""

    kind: str
    value: Any
    last: int


_TIMES = "(?:once|twice|thrice|" + NUMBER + " times)"
_DEGREE = "(?:(?P<degree>" + "|".join(sorted(DEGREES, key=len, reverse=True)) + ") )?"
_LOUDER = "(?P<louder>" + "|".join(LOUDER) + ")"
_MEMBER = rf"(?:{TIME}|{NUMBER}(?: {UNIT})?)"
_JOIN = r"(?: , and | , | and | & )"
_PER_STEP = {0.5: 3.0, 1.0: 6.0, 1.5: 12.0}  # dB by degree
_SAMPLE = "(?:variations|variation|variants|versions|takes|take|alternatives|options|samples|examples|renditions)"
_PAUSE = "(?:pause|gap|silence|rest|wait|break)"


def _often(words: str) -> float:
    counts = {"once": 1.0, "twice": 2.0, "thrice": 3.0}
    return counts[words] if words in counts else number(words.removesuffix(" times"))


def _at(match: re.Match) -> tuple[float, ...] | None:
    parts = [part[0] for part in re.finditer(_MEMBER, match["list"])]
    unit = next((word for word in reversed(parts[-1].split()) if re.fullmatch(UNIT, word)), None)
    if unit is None:
        return None
    return tuple(seconds(part if re.search(rf"\b{UNIT}\b", part) else f"{part} {unit}") for part in parts)


def _rate(match: re.Match) -> float | None:
    often = _often(match["often"])
    return round(seconds(match["span"]) / often, 6) if often else None


def _bpm(match: re.Match) -> float | None:
    beats = number(match["n"])
    return round(60 / beats, 6) if beats else None


def _ratio(match: re.Match) -> tuple[str, float] | None:
    value = number(match["n"]) / (100 if match["percent"] else 1)
    return (match["knob"], value) if 0 <= value <= 1 else None


def louder(words: str, degree: str | None) -> float:
    """Decibels of words such as `louder` with `much` or `a little` before them."""
    step = _PER_STEP[_far(degree)]
    if abs(LOUDER[words]) != 6:
        return LOUDER[words]
    return step if LOUDER[words] > 0 else -step


def _far(degree: str | None) -> float:
    return DEGREES[degree] if degree else 1.0


def _whole(words: str) -> int | None:
    value = number(words)
    return int(value) if value == int(value) else None


Rule = tuple[re.Pattern, str, Callable[[re.Match], Any]]


def _rule(pattern: str, kind: str, value: Callable[[re.Match], Any]) -> Rule:
    return re.compile(rf"(?:{pattern})(?= |$)"), kind, value


def _count(value: float) -> int | None:
    return int(value) if value == int(value) and value >= 1 else None


def _decibels(match: re.Match) -> float:
    words = match["n"]
    value = float(words) if words[0] in "+-" else number(words)
    return -abs(value) if match["way"] in ("quieter", "softer", "down") else value


_T = rf"(?P<t>{ANY_TIME})"
_PROPER_T = rf"(?P<t>{TIME})"
_N = rf"(?P<n>{NUMBER})"
_IS = "(?:= |: |of |at )?"
_BETWEEN = "between (?:them|each|shots|steps|barks|coughs)"
_GETTING = "(?:getting|growing|becoming|get|gets|gradually|slowly)(?: gradually| slowly| steadily| ever)?"
_RISING = (
    "louder and louder|crescendo|coming closer|getting closer|approaching|approaches|fading in|fade in|rising in volume"
)
_FALLING = (
    "quieter and quieter|softer and softer|fading away|fading out|fading|fade out|fades away|fades out|receding"
    "|getting (?:further|farther) away|walking away|walks away|walk away|diminuendo"
)
_ABOUT = "(?:about |around |at least |up to )?"
_THAN = "than the (?:last|one before)"
_WAY = "(?P<way>louder|quieter|softer|up|down)"
_FASTER = "speeding up|speeds? up|(?:getting|growing) (?:faster|quicker)|faster and faster|quickening|accelerando"
_SLOWER = "slowing down|slows? down|getting slower|slower and slower"


def _time(match: re.Match) -> float:
    return seconds(match["t"])


def _always(value: Any) -> Callable[[re.Match], Any]:
    return lambda match: value


RULES: tuple[Rule, ...] = (
    _rule(rf"(?:one )?(?:every|each) {_T}", "every", _time),
    _rule("every other second", "every", _always(2.0)),
    _rule(rf"(?P<often>{_TIMES}) (?:per |every |each )(?P<span>{ANY_TIME})", "every", _rate),
    _rule(rf"(?P<often>{_TIMES}) (?P<span>an? {UNIT})", "every", _rate),
    _rule(rf"{_T} (?:apart|{_BETWEEN})", "every", _time),
    _rule(rf"(?:at |in )?(?:intervals of|spaced|spaced by) {_T}", "every", _time),
    _rule(rf"(?:at )?{_T} intervals?", "every", _time),
    _rule(rf"(?:at )?{_N} (?:bpm|beats per minute)", "every", _bpm),
    _rule(rf"(?:per {_T}|(?:a|each) (?P<u>{UNIT}))", "per", lambda m: seconds(m["t"] or m["u"])),
    _rule(rf"(?:at|@) (?P<list>{_MEMBER}(?:{_JOIN}{_MEMBER})*)", "at", _at),
    _rule("at the (?:very )?(?:start|beginning)", "at", _always((0.0,))),
    _rule(rf"(?:then )?after {_T}", "after", _time),
    _rule(rf"{_T} later", "after", _time),
    _rule(rf"(?:an? )?{_PAUSE} (?:of|for) {_T}", "after", _time),
    _rule(rf"(?:wait|waits|waiting|pause|pauses) (?:for )?{_PROPER_T}", "after", _time),
    _rule(rf"(?:an? )?{_PROPER_T} (?:of )?{_PAUSE}", "after", _time),
    _rule(rf"(?:for|lasting|lasts|of|in|over|is) {_ABOUT}{_T}(?: long)?", "duration", _time),
    _rule(rf"{_PROPER_T}(?: (?:long|of|in length))?", "duration", _time),
    _rule(rf"an? (?P<t>{UNIT}) (?:long|of)", "duration", _time),
    _rule(r"(?:then|followed by|and then|after that|afterwards|finally)", "break", _always(None)),
    _rule(rf"(?P<n>[+-][0-9.]+|{NUMBER}) (?:db|decibels?)(?: {_WAY})?", "level", _decibels),
    _rule(rf"{_GETTING} {_DEGREE}{_LOUDER}", "ramp", lambda m: 12.0 if LOUDER[m["louder"]] > 0 else -12.0),
    _rule(_RISING, "ramp", _always(12.0)),
    _rule(_FALLING, "ramp", _always(-12.0)),
    _rule(rf"each (?:one |step |shot |bark |cough |time )?{_DEGREE}{_LOUDER}(?: {_THAN})?", "step",
          lambda m: louder(m["louder"], m["degree"])),
    _rule(rf"{_DEGREE}{_LOUDER}", "louder", lambda m: (louder(m["louder"], m["degree"]), _far(m["degree"]))),
    _rule(_FASTER, "tempo", _always(0.5)),
    _rule(_SLOWER, "tempo", _always(2.0)),
    _rule(rf"{_N} (?:different |new )?{_SAMPLE}(?: of)?", "takes", lambda m: _whole(m["n"]) or None),
    _rule(rf"seed {_IS}{_N}", "seed", lambda m: _whole(m["n"])),
    _rule(rf"temperature {_IS}{_N}", "temperature", lambda m: number(m["n"])),
    _rule(rf"(?P<knob>{'|'.join(KNOBS)}) {_IS}{_N}(?P<percent> (?:%|percent))?", "knob", _ratio),
    _rule(rf"(?P<often>{_TIMES})", "times", lambda m: _count(_often(m["often"]))),
    _rule(r"x (?P<n>[1-9][0-9]{0,8})|(?P<m>[1-9][0-9]{0,8}) x", "times", lambda m: int(m["n"] or m["m"])),
    _rule("(?:a )?(?:pair|couple)(?: of)?", "number", _always(2)),
    _rule("|".join(VAGUE_COUNTS), "vague number", lambda m: VAGUE_COUNTS[m[0]]),
    _rule(rf"{NUMBER} (?:to|or) {NUMBER}", "unknown", _always(None)),
    _rule(rf"{_N}(?: of)?", "number", lambda m: _count(number(m["n"]))),
)  # fmt: skip


def find(line: str, offsets: dict[int, int], starts: list[int], at: int) -> Found | None:
    """The longest phrase that begins with token `at`, or None.

    `line` is all tokens joined by single spaces, `starts` where each token begins in it, `offsets` which token ends at
    a place.
    """
    best: Found | None = None
    for pattern, kind, value in RULES:
        match = pattern.match(line, starts[at])
        if not match:
            continue
        last = offsets[match.end()]
        if best is not None and last <= best.last:
            continue
        try:
            read = value(match)
        except ValueError:  # words that make no number
            continue
        if read is None and kind not in ("break", "unknown"):
            continue
        best = Found(kind, read, last)
    return best
