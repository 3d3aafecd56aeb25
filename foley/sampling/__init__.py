"""Exact, incremental sampling of the prior."""

from foley.sampling.noise import white_noise
from foley.sampling.sampler import Progress, Sampler
from foley.sampling.settings import SamplingSettings

__all__ = ["Progress", "Sampler", "SamplingSettings", "white_noise"]
