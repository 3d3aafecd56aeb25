"""How a code is chosen from its logits."""

from dataclasses import dataclass
from numbers import Real

MOST_TEMPERATURE = 100.0  # where every code is as likely as any other
MOST_CODES = 2**16
TOP_P = 0.98  # unless asked otherwise: of 1,800 codes a clip, 36 would come from the least likely 2 %, and be heard


@dataclass(frozen=True)
class SamplingSettings:
    """`temperature` 0 takes the most likely code; `top_k` 0 and `top_p` 1 leave every code in play.

    A code is in play when fewer than `top_k` codes are more likely, and when the codes more likely than it have
    less than `top_p` of the probability (at this temperature) together. Raises ValueError for values out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = TOP_P

    def __post_init__(self):
        if not (_is_number(self.temperature) and 0 <= self.temperature <= MOST_TEMPERATURE):
            raise ValueError(
                f"The temperature is {_short(self.temperature)}, but must be a number from 0 to {MOST_TEMPERATURE:g}."
            )
        if not (_is_number(self.top_k) and 0 <= self.top_k <= MOST_CODES and self.top_k == int(self.top_k)):
            raise ValueError(
                f"top_k is {_short(self.top_k)}, but must be a whole number of codes, 0 for all, {MOST_CODES} at most."
            )
        if not (_is_number(self.top_p) and 0 < self.top_p <= 1):
            raise ValueError(f"top_p is {_short(self.top_p)}, but must lie above 0 and at most at 1.")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 30 else f"{text[:20]}..."
