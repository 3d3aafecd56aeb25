"""The incremental sampler in compiled code, for CPUs: loops over the caches, without Python and without allocation.

`README.md` beside this file shows who computes what, and when.
"""

from foley.sampling.backends.cpu.backend import CpuBackend

__all__ = ["CpuBackend"]
