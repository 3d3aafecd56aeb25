"""Types of command line arguments, each with its bounds: what lies outside gets a sentence, not a traceback."""

import argparse
import math
from collections.abc import Callable
from typing import Any, NoReturn

from foley.system.files import keep_from_others

MOST_DIGITS = 30


class ArgumentsError(ValueError):
    """A command line that cannot be understood; the message says which argument, why, and where help is."""


class Parser(argparse.ArgumentParser):
    """What each of our programs begins with. It raises ArgumentsError, one sentence, where argparse prints the usage
    and exits; and keeps what the program will write from others.
    """

    def parse_known_args(self, *arguments: Any, **settings: Any) -> Any:
        """As argparse's, of which `parse_args` is made."""
        keep_from_others()
        return super().parse_known_args(*arguments, **settings)

    def error(self, message: str) -> NoReturn:
        message = message if len(message) <= 250 else f"{message[:250]}..."
        raise ArgumentsError(f"{message.rstrip('.')}. Say {self.prog} --help to see what there is.")


def whole(least: int, most: int) -> Callable[[str], int]:
    """The type of a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            number = int(text) if len(text) <= MOST_DIGITS else None
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{_short(text)} is no whole number from {least} to {most}")
        return number

    return parse


def real(least: float, most: float, above: bool = False) -> Callable[[str], float]:
    """The type of a number from `least` to `most`; with `above`, `least` itself is too small."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most or (above and number == least):
            words = "above" if above else "from"
            raise argparse.ArgumentTypeError(f"{_short(text)} is no number {words} {least:g} up to {most:g}")
        return number

    return parse


def _short(text: str) -> str:
    text = ascii(text)
    return text if len(text) <= 40 else f"{text[:30]}...'"
