"""Compiled functions that are kept on disk."""

import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from numba import njit


def cached(*modules: ModuleType) -> Callable:
    """`njit` for a function whose compiled code is kept, for this version of the modules that it takes others from.

    Numba itself looks at the age of the function's own file alone: so the name it keeps the code under says the rest.
    """
    version = zlib.crc32(b"".join(Path(module.__file__).read_bytes() for module in modules))

    def compiled(function: Callable) -> Callable:
        function.__qualname__ += f"_{version:08x}"
        return njit(nogil=True, cache=True)(function)

    return compiled
