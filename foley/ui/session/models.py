"""The models that the studio may work with: found, loaded when asked for, and the last few kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from foley.checkpoints import CONFIG, CheckpointError, checkpoint_hash, read_config
from foley.pipeline import Foley
from foley.resources import SHIPPED_MODEL
from foley.runs.view import find_runs
from foley.ui.access import Mode
from foley.ui.session.device import on_gpu
from foley.ui.session.model_queue import ModelQueue, Waiting
from foley.ui.session.trainer import RUNS
from foley.ui.session.visitors import who_asks

KEPT = 2


class Models:
    """Models by the path or hub name that they were asked for by; the first is the one the studio was opened with."""

    def __init__(self, first: Foley, mode: Mode = Mode.OWN, runs: Path = RUNS):
        self.first, self.name, self.runs = first, first.name, runs
        self.takes_paths = not mode.is_public  # elsewhere only what stands in the menu is opened, by its words
        self._loaded: OrderedDict[str, Foley] = OrderedDict()
        self._lock = threading.Lock()
        self._queue = ModelQueue()
        # wrapped here and not as methods: a host that lends GPUs hands the arguments, `self` with them, to a process
        self._lent_run, self._lent_call = on_gpu(self._run), on_gpu(self._call)

    def get(self, name: str | None = None) -> Foley:
        """The model of that name, loaded where it is not yet. Raises CheckpointError as `Foley.from_pretrained`."""
        if not name or name == self.name:
            return self.first
        with self._lock:
            if name not in self._loaded:  # what is loaded stays, whatever became of its folder
                self._loaded[name] = Foley.from_pretrained(self._place(name), str(self.first.device))
                while len(self._loaded) > KEPT:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(name)
            return self._loaded[name]

    def open(self, name: str | None = None) -> Foley:
        """As `get`, but read again where the folder holds other weights by now, as that of a training run may."""
        if name and (loaded := self._loaded.get(name)) and self._has_changed(name, loaded):
            newer = Foley.from_pretrained(self._place(name), str(self.first.device))
            with self._lock:
                self._loaded[name] = newer
        return self.get(name)

    def _has_changed(self, name: str, loaded: Foley) -> bool:
        """Whether the model's folder is there and holds other weights than those that were loaded."""
        try:
            place = Path(self._place(name))
        except CheckpointError:
            return False
        return place.is_dir() and not loaded.name.endswith(f"@{checkpoint_hash(place)}")

    def choices(self) -> list[tuple[str, str]]:
        """What the menu offers, as (words, name): the first model, the folders found here, and what else is open.

        A model's name is its path; on a public page it is the words, so that no path of the server leaves it.
        """
        found = [(self.first.name, self.name)]
        for words, path in self._folders().items():
            try:
                if checkpoint_hash(path) != self.first.name.split("@")[-1]:  # the first has its line already
                    found.append((words, str(path) if self.takes_paths else words))
            except OSError:  # it goes away while it is read
                continue
        named = {name for _, name in found}
        return [*found, *((name, name) for name in self._loaded if name not in named)]

    def folders(self) -> list[tuple[str, str]]:
        """The checkpoints that are found here, as (words, path)."""
        return [(words, str(path.resolve())) for words, path in self._folders().items()]

    def _folders(self) -> dict[str, Path]:
        """The checkpoints that are found here, by their words in the menu; on a public page only what ships."""
        runs = [run.model for run in find_runs(self.runs) if run.is_whole] if self.takes_paths else []
        found = {}
        for path in (*sorted(SHIPPED_MODEL.parent.glob("*")), *runs):
            if (path / CONFIG).is_file():  # of a run, only what every stage has left its weights in
                try:
                    preset, _ = read_config(path)
                except CheckpointError:
                    continue
                found[f"{path.relative_to(path.parent.parent)} ({preset.name})"] = path
        return found

    def _place(self, name: str) -> str:
        """Where the model of that name is read from: a folder's path or a hub name."""
        if self.takes_paths:
            return name
        if path := self._folders().get(name):
            return str(path)
        raise CheckpointError("Only the models in the menu can be opened here.")

    def watch(self, name: str | None, how: Callable, *arguments: Any, **settings: Any) -> Generator:
        """What a generator yields whose first argument is a model.

        As many visitors share the model, each is in turn served a take; `Waiting` comes now and then while nothing
        else does: what is shown meanwhile can be stopped. Raises BusyError when too many wait.
        """
        return self._queue.stream(partial(self._lent_run, name, how, *arguments, **settings), who_asks())

    def run(self, name: str | None, how: Callable, *arguments: Any, **settings: Any) -> Generator:
        """As `watch`, without `Waiting`: for what nobody can stop."""
        with closing(self.watch(name, how, *arguments, **settings)) as events:
            yield from (event for event in events if not isinstance(event, Waiting))

    def watch_call(self, name: str | None, how: Callable, *arguments: Any, **settings: Any) -> Generator:
        """As `watch`: what a function returns, after `Waiting`."""
        return self._queue.stream(partial(self._once, name, how, *arguments, **settings), who_asks())

    def call(self, name: str | None, how: Callable, *arguments: Any, **settings: Any) -> Any:
        """What a function returns, given as for `watch`."""
        return self._queue.call(partial(self._lent_call, name, how, *arguments, **settings), who_asks())

    def _once(self, name: str | None, how: Callable, *arguments: Any, **settings: Any) -> Generator:
        yield self._lent_call(name, how, *arguments, **settings)

    def _run(self, name: str | None, how: Callable, *arguments: Any, **settings: Any) -> Generator:
        yield from how(self.get(name), *arguments, **settings)

    def _call(self, name: str | None, how: Callable, *arguments: Any, **settings: Any) -> Any:
        return how(self.get(name), *arguments, **settings)
