"""The character of a single sound: its tone, its crispness and its events, as numbers that can be compared.

Distances between embeddings hear class and texture; these hear whether a bark has a voice and a step an attack.
"""

import math

import numpy as np
from torch import Tensor

from foley.evaluation.metrics.crispness import crispness
from foley.evaluation.metrics.modulation import BANDS_HZ, events_per_second, modulation_spectrum
from foley.evaluation.metrics.tone import tone

CHARACTER = ("flatness", "periodicity", "voiced", "rise", "log_kurtosis", "events_per_second")
MODULATION = tuple(f"modulation_{low:g}_hz" for low in BANDS_HZ[:-1])


def character(waveform: Tensor, sample_rate: int) -> dict[str, float]:
    """The values named in `CHARACTER` and `MODULATION` of (samples,), NaN where a sound has none."""
    values = tone(waveform, sample_rate)._asdict() | crispness(waveform, sample_rate)._asdict()
    values["events_per_second"] = events_per_second(waveform, sample_rate)
    depths = modulation_spectrum(waveform, sample_rate).tolist()
    return values | dict(zip(MODULATION, depths, strict=True))


def changes(after: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    """By how much each value of `CHARACTER` changed on a sound's way, as `flatness_change` and so on."""
    return {f"{name}_change": abs(after[name] - before[name]) for name in CHARACTER}


def distribution_distance(values: np.ndarray, reference: np.ndarray) -> float:
    """The Wasserstein distance between two sets of values (clips,), in their unit; NaN where one is empty.

    It is the mean of how far each value has to be moved to turn one distribution into the other.
    """
    from scipy.stats import wasserstein_distance  # imported here: the page opens without it

    values, reference = values[np.isfinite(values)], reference[np.isfinite(reference)]
    return float(wasserstein_distance(values, reference)) if len(values) and len(reference) else math.nan


def modulation_distance(depths: np.ndarray, reference: np.ndarray) -> float:
    """The mean distance in dB of two sets' mean modulation spectra, from depths (clips, octaves); NaN is left out."""
    difference = np.nanmean(depths, axis=0) - np.nanmean(reference, axis=0)
    return float(np.abs(difference).mean())
