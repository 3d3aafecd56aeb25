"""Exact, incremental sampling of the prior."""

from foley.sampling.noise import white_noise
from foley.sampling.sampler import Progress, Sampler
from foley.sampling.settings import TOP_P, SamplingSettings

__all__ = ["TOP_P", "Progress", "Sampler", "SamplingSettings", "white_noise"]
