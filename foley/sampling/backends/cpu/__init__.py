"""The incremental sampler in compiled code, for CPUs: loops over the caches, without Python and without allocation.

"rows" are those of the scratch `x` and `y` that a function works on: takes, or takes x positions where several
positions share one reading of the weights. Functions are given the arrays they use and no more, since numba
compiles long lists of arrays for many seconds.
"""

from foley.sampling.backends.cpu.backend import CpuBackend

__all__ = ["CpuBackend"]
