"""A stand-in for a model whose takes are clean hits."""

from dataclasses import replace

import numpy as np
import torch

RATE = 24_000


def hits(times_s, strengths, seconds=4.0, seed=0):
    """A waveform (samples,) of noise bursts that begin at once and die away."""
    random = np.random.default_rng(seed)
    sound = 1e-4 * random.standard_normal(round(seconds * RATE))
    for time, strength in zip(times_s, strengths, strict=True):
        first = round(time * RATE)
        burst = random.standard_normal(round(0.15 * RATE)) * np.exp(-np.arange(round(0.15 * RATE)) / (0.02 * RATE))
        sound[first : first + len(burst)] += strength * 0.3 * burst[: len(sound) - first]
    return torch.from_numpy(sound).float()


class HitsFoley:
    """Stands for a model: takes of three clean hits, other ones for each seed."""

    sample_rate, name, licence = RATE, "hits@0", "CC0"

    def __init__(self, like):
        self.take = like

    def generate(self, category, seed, temperature=1.0, count=1, top_k=0, top_p=1.0, asked=None):
        random = np.random.default_rng(seed % 2**32)
        times = 0.3 + np.arange(3) * 1.2 + random.uniform(0, 0.2, 3)
        return [replace(self.take, waveform=hits(times, random.uniform(0.5, 1, 3), seed=seed % 1000))]
