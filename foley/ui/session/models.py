"""The models that the studio may work with: found, loaded when asked for, and the last few kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from foley.checkpoints import CONFIG, CheckpointError, checkpoint_hash, read_config
from foley.pipeline import Foley
from foley.resources import SHIPPED_MODEL
from foley.ui.session.device import on_gpu
from foley.ui.session.trainer import RUNS

KEPT = 2


class Models:
    """Models by the path or hub name that they were asked for by; the first is the one the studio was opened with."""

    def __init__(self, first: Foley, local: bool = True, runs: Path = RUNS):
        self.first, self.name, self.local, self.runs = first, first.name, local, runs
        self._loaded: OrderedDict[str, Foley] = OrderedDict()
        self._lock = threading.Lock()
        # wrapped here and not as methods: a host that lends GPUs hands the arguments, `self` with them, to a process
        self.run, self.call = on_gpu(self._run), on_gpu(self._call)

    def get(self, name: str | None = None) -> Foley:
        """The model of that name, loaded where it is not yet. Raises CheckpointError as `Foley.from_pretrained`."""
        if not name or name == self.name:
            return self.first
        if not self.local and name not in dict(self.choices()).values():
            raise CheckpointError("Only the models in the menu can be opened here.")
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = Foley.from_pretrained(name, str(self.first.device))
                while len(self._loaded) > KEPT:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(name)
            return self._loaded[name]

    def open(self, name: str | None = None) -> Foley:
        """As `get`, but read again where the folder holds other weights by now, as that of a training run may."""
        loaded = self._loaded.get(name or "")
        if loaded and Path(name).is_dir() and not loaded.name.endswith(f"@{checkpoint_hash(Path(name))}"):
            with self._lock:
                self._loaded.pop(name, None)
        return self.get(name)

    def choices(self) -> list[tuple[str, str]]:
        """What the menu offers: (words, path) of the first model, the folders found here, and what else is open."""
        folders = [*sorted(SHIPPED_MODEL.parent.glob("*")), *sorted(self.runs.glob("*/model"))]
        found = [(self.first.name, self.name)]
        for path in folders:
            if not (path / CONFIG).is_file():
                continue
            try:
                preset, _ = read_config(path)
            except CheckpointError:
                continue
            if checkpoint_hash(path) != self.first.name.split("@")[-1]:  # the first has its line already
                found.append((f"{path.relative_to(path.parent.parent)} ({preset.name})", str(path)))
        named = {path for _, path in found}
        return [*found, *((name, name) for name in self._loaded if name not in named)]

    def _run(self, name: str | None, how: str | Callable, *arguments: Any, **settings: Any) -> Iterator:
        """What a generator yields: one of the pipeline by its name, or any function whose first argument is a model."""
        yield from self._bound(name, how)(*arguments, **settings)

    def _call(self, name: str | None, how: str | Callable, *arguments: Any, **settings: Any) -> Any:
        """What a function returns, given as for `run`."""
        return self._bound(name, how)(*arguments, **settings)

    def _bound(self, name: str | None, how: str | Callable) -> Callable:
        foley = self.get(name)
        return getattr(foley, how) if isinstance(how, str) else partial(how, foley)
