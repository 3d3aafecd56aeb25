"""How a code is chosen from its logits."""

import math
from dataclasses import dataclass

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
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(f"The temperature is {self.temperature}, but must be a number from 0 up.")
        if not (math.isfinite(self.top_k) and self.top_k >= 0 and self.top_k == int(self.top_k)):
            raise ValueError(f"top_k is {self.top_k}, but must be a whole number of codes, 0 for all of them.")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}, but must lie above 0 and at most at 1.")
