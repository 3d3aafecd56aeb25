"""Winograd's minimal filtering, for the rows above: a convolution along a row at fewer multiplications.

m neighbouring outputs of r taps are m x r products. As polynomials, known at m + r - 1 points, they are m + r - 1:
inputs and taps are brought to the points, multiplied there, and the products brought back. Points that are small
numbers cost about one decimal of float32's seven. (Winograd 1980; Lavin and Gray 2016, section 4.1.)
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

_POINTS = (0, 1, -1, 2, -2, 1 / 2, -1 / 2)  # and infinity


@dataclass(frozen=True)
class Filtering:
    """y (outputs) of x (outputs + taps - 1): y[i] = sum over j of taps[j] x[i + j].

    That is `from_points` @ ((`tap_points` @ taps) * (`to_points` @ x)), in float64.
    """

    to_points: np.ndarray  # (points, points): there are as many inputs as points
    tap_points: np.ndarray  # (points, taps)
    from_points: np.ndarray  # (outputs, points)

    @property
    def points(self) -> int:
        return len(self.to_points)

    @property
    def outputs(self) -> int:
        """Neighbouring outputs found together: a tile."""
        return len(self.from_points)

    def tiles(self, width: int) -> int:
        """How many tiles hold a row of that width; the last may be longer than what is left of the row."""
        return -(-width // self.outputs)


@cache
def filtering(taps: int) -> Filtering:
    """Four outputs a tile for up to five taps, fewer for more, down to one: the plain convolution."""
    outputs = max(1, min(4, len(_POINTS) + 2 - taps))
    if outputs == 1:
        return Filtering(np.eye(taps), np.eye(taps), np.ones((1, taps)))
    points = outputs + taps - 1
    return Filtering(np.linalg.inv(_powers(points, points)).T, _powers(points, taps), _powers(points, outputs).T)


def _powers(points: int, terms: int) -> np.ndarray:
    """(points, terms): the powers of each point; the last is infinity, where only the highest power counts."""
    finite = np.array(_POINTS[: points - 1], np.float64)[:, None] ** np.arange(terms)
    return np.concatenate([finite, np.eye(terms)[-1:]])
