"""How functions are compiled: numba's decorators as they are used here."""

import zlib
from collections.abc import Callable
from inspect import getsourcefile
from pathlib import Path
from types import ModuleType
from typing import Any

from numba import extending, njit
from numba.np.unsafe import ndarray

to_fixed_tuple: Callable[..., Any] = ndarray.to_fixed_tuple  # of an array and a number, as compiled code calls it


# Numba counts the references to every array and view, by atomic additions: a fifth of the time of a code, for nothing,
# since whoever calls from Python holds all arrays until the call returns. So only a function that `allocates` counts;
# another that makes an array does not compile. None returns a view: a caller that counts would release it.


def inner(allocates: bool = False, **options: Any) -> Callable:
    """A compiled function for other compiled ones only.

    `forceinline` is for those that take groups of arrays: to hand them over is a twentieth of the time of a code.
    """
    options |= {"_nrt": allocates, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return njit(nogil=True, error_model="numpy", **options)


def intrinsic(function: Callable) -> Callable[..., Any]:
    """A function that writes machine code; compiled code calls it without its first argument, the typing context."""
    return extending.intrinsic(function)


def cached(*modules: ModuleType, allocates: bool = False) -> Callable:
    """`njit` for a function whose compiled code is kept, for this version of the modules that it takes others from.

    Numba itself looks at the age of the function's own file alone: so the name it keeps the code under says the rest.
    """
    options: dict[str, Any] = {"cache": True, "_nrt": allocates}
    files = [__file__, *(getsourcefile(module) or module.__name__ for module in modules)]
    version = zlib.crc32(b"".join(Path(file).read_bytes() for file in files))

    def compiled(function: Callable) -> Callable:
        function.__qualname__ += f"_{version:08x}"
        return njit(nogil=True, **options)(function)

    return compiled
