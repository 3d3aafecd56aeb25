"""Numbers and times in English, as regular expressions over tokens joined by single spaces, and their values."""

import re

_SMALL = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_PLAIN = {**_SMALL, **_TENS, "dozen": 12}

_DIGITS = r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,9})?"
_WORD = "(?:" + "|".join([*_SMALL, *_TENS, *_SCALES]) + ")"
_WORDS = rf"{_WORD}(?: (?:(?:(?<=hundred )|(?<=thousand ))and )?{_WORD})*"
NUMBER = rf"(?:{_DIGITS}|half a dozen|(?:(?:a|{_WORD}) )?dozen|a (?:hundred|thousand)|{_WORDS})"
UNIT = r"(?:s|sec|secs|second|seconds|ms|msec|millisecond|milliseconds|min|mins|minute|minutes)"
# what is a time by itself; `a second` is one only after words such as `every`: it may be an ordinal
TIME = (
    rf"(?:half (?:of )?(?:a )?{UNIT}|a half {UNIT}|(?:a )?quarter (?:of )?(?:a )?{UNIT}"
    rf"|three quarters of a {UNIT}|(?:a|one) {UNIT} and a half|{NUMBER}(?: and a half)? {UNIT})"
)
ANY_TIME = rf"(?:{TIME}|(?:a |one |another )?{UNIT})"


def number(words: str) -> float:
    """The value of what `NUMBER` matched. Raises ValueError for words that make no number, such as `two nine`."""
    if re.fullmatch(_DIGITS, words):
        return float(words)
    if words == "half a dozen":
        return 6
    total = part = 0
    last = None  # the value of the word before: each must be smaller, or a scale
    for word in words.split():
        if word in ("a", "and"):
            continue
        if word == "dozen":
            return 12 * max(1, total + part)
        if word in _SCALES:
            scale = _SCALES[word]
            part = max(1, part) * scale
            if scale >= 1000:
                total, part = total + part, 0
            last = scale
            continue
        value = _PLAIN[word]
        if last is not None and not (last >= 100 or (last in _TENS.values() and 0 < value < 10)):
            raise ValueError(f"{words!r} is no number.")
        part += value
        last = value
    return total + part


def seconds(words: str) -> float:
    """The value of what `ANY_TIME` matched, in seconds. Raises ValueError as `number` does."""
    *amount, unit = words.split()
    if words.endswith(" and a half"):
        first, unit, *_ = amount
        value = number("one" if first == "a" else first) + 0.5
    else:
        value = _amount(" ".join(amount))
    return round(value * _unit(unit), 6)


def _amount(words: str) -> float:
    if words in ("", "a", "one", "another"):
        return 1
    if words in ("half", "half of", "half a", "half of a", "a half"):
        return 0.5
    if "quarters" in words:
        return 0.75
    if "quarter" in words:
        return 0.25
    if words.endswith(" and a half"):
        return number(words.removesuffix(" and a half")) + 0.5
    return number(words)


def _unit(unit: str) -> float:
    if unit in ("ms", "msec", "millisecond", "milliseconds"):
        return 0.001
    return 60 if unit.startswith("min") else 1
