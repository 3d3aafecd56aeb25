"""Arrays computed once: memory-mapped files keyed by content and configuration, sized before they are written."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from foley.system.files import replacing


class Cache:
    """A folder of `.npy` files. An array is there whole or not at all; a killed run leaves only a temporary file."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    def array(
        self,
        name: str,
        key: Any,
        shape: tuple[int, ...],
        dtype: str,
        fill: Callable[[np.ndarray], None],
    ) -> np.ndarray:
        """The read-only array of that name and key; `fill` writes into it if it is not there yet.

        Raises OSError when the disk has no room for it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}-{digest(key, shape, dtype)}.npy"
        if not path.exists():
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            room = shutil.disk_usage(self.folder).free
            if size > room:
                raise OSError(
                    f"The cache of {name} needs {size / 1e9:.1f} GB in {self.folder}, but {room / 1e9:.1f} GB are free."
                )
            with replacing(path) as temporary:
                array = np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape)
                fill(array)
                array.flush()
        return np.load(path, mmap_mode="r")


def digest(*parts: Any) -> str:
    """A short name for anything JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]
