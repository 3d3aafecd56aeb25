"""Which version of the sources compiled code is of.

Numba keeps what it compiled, by signature and by the age of the function's own file alone. A default argument is part
of the signature: with a version there, code compiled from another version of what a file imports is never taken.
"""

import zlib
from pathlib import Path
from types import ModuleType


def version(*modules: ModuleType) -> int:
    """A number that changes with the source of any of the modules."""
    return zlib.crc32(b"".join(Path(module.__file__).read_bytes() for module in modules))
