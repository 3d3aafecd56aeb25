"""The backend itself: takes and layers shared out over a few threads."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch

from foley.models.pixelsnail import code_offsets
from foley.sampling.backends.cpu.cached_attention import AttentionArrays
from foley.sampling.backends.cpu.causal_left_conv import LeftConvs
from foley.sampling.backends.cpu.code_sampling import (
    ChoiceSettings,
    CodeGrid,
    HelperMemory,
    help_sampling,
    sample_codes,
)
from foley.sampling.backends.cpu.layers import make_scratch, pack_layers
from foley.sampling.backends.cpu.matrix_products import PANEL
from foley.sampling.backends.cpu.row_above_conv import RowCaches, RowWeights, begin_row, start_row
from foley.sampling.backends.cpu.work_queue import WorkQueue
from foley.sampling.caches import Caches
from foley.sampling.state import SamplingState
from foley.sampling.weights import Weights
from foley.sampling.winograd import filtering

_ROW_WORK, _CODE_WORK = 2e9, 1e9  # multiply-adds between two reports: some hundredths of a second
_OF_ROWS = ("tables", "above1", "above2", "condition", "coordinates")  # weights that a code does not read
_WORTH_HELP = 2e6  # multiply-adds of a code below which a second thread costs more than it brings


class CpuBackend:
    """Samples with the given weights (on the CPU), on as many threads as torch uses."""

    def __init__(self, weights: Weights[torch.Tensor], heads: int):
        self.layers, self.heads = pack_layers(weights), heads
        self.shapes = Weights(*(tensor.to("meta") for tensor in weights))  # of the weights, which are not needed twice

    def run(self, state: SamplingState) -> Generator[int]:
        """Fill in the codes; yields the number of positions done, every few hundredths of a second."""
        threads, takes = torch.get_num_threads(), len(state.seeds)
        code_work = sum(shape.numel() for name, shape in self.shapes._asdict().items() if name not in _OF_ROWS)
        paired = threads > 1 and code_work > _WORTH_HELP  # two threads a lane, which read the weights together
        parts = np.array_split(np.arange(takes), min(threads // 2 if paired else threads, takes))
        lanes = [Lane(self, state.takes(slice(part[0], part[-1] + 1)), paired) for part in parts]
        takes, width, positions = len(parts[0]), state.codes.shape[2], state.positions
        tiles = filtering(self.shapes.above1.shape[2] + 1).tiles(width)
        row_work = tiles * takes * (self.shapes.above1[0].numel() + self.shapes.above2[0].numel())
        layers, columns = max(1, int(_ROW_WORK / row_work)), max(1, int(_CODE_WORK / (takes * code_work)))
        with ThreadPoolExecutor(max(1, threads - 1)) as pool:  # and this thread
            try:
                for row in range(-(-positions // width)):
                    tasks = [task for lane in lanes for task in lane.row_tasks(row, layers, threads // len(lanes))]
                    for group in _groups(tasks, len(lanes) + threads, threads):
                        _run(pool, group)
                        yield row * width
                    for first in range(0, width, columns):
                        last = min(first + columns, width)
                        _run(pool, [task for lane in lanes for task in lane.code_tasks(row, first, last)])
                        yield min(row * width + last, positions)
            finally:
                for lane in lanes:
                    lane.queue.columns_done[:] = width  # nobody must wait for columns that will not be sampled


class Lane:
    """Some of the takes, with their caches and the working memory of one thread and, if `helped`, of one that helps."""

    def __init__(self, backend: CpuBackend, state: SamplingState, helped: bool):
        self.layers, self.heads, self.state, self.helped = backend.layers, backend.heads, state, helped
        settings = state.settings
        self.choice = ChoiceSettings(np.float32(settings.temperature), int(settings.top_k), float(settings.top_p))
        self.caches = Caches(*(x.numpy() for x in Caches.of(state, backend.shapes, "cpu", PANEL)))
        self.scratch = make_scratch(backend.shapes, self.caches, state.codebook_size)
        logits = torch.zeros(0, *state.codes.shape[1:], state.codebook_size) if state.logits is None else state.logits
        self.codes, self.keep, self.logits = state.codes.numpy(), state.keep.numpy(), logits.numpy()
        self.row_caches = RowCaches(*(getattr(self.caches, name) for name in RowCaches._fields))
        self.row_weights = RowWeights(*(getattr(self.layers, name) for name in RowWeights._fields))
        self.queue = WorkQueue.of(state.codes.shape[2], len(self.caches.key_inputs), helped)
        self.helper = HelperMemory(*(np.zeros_like(x) for x in (self.scratch.x, self.scratch.y, self.scratch.scores)))
        self.taps = self.caches.codes.shape[1] - state.codes.shape[1]
        self.offsets = np.array([offset for offset in code_offsets(backend.shapes.above1.shape[2] + 1) if offset[0]])

    def row_tasks(self, row: int, most: int, threads: int) -> list[Callable[[], None]]:
        """What a row needs before its first code, in tasks that do not depend on each other, for some threads.

        None does more than `most` layers.
        """
        parts = len(self.caches.features)
        step = min(most, -(-parts // threads))
        ranges = [(first, min(first + step, parts)) for first in range(0, parts, step)]
        return [partial(self._start_row, row)] + [partial(self._begin_row, row, *part) for part in ranges]

    def _start_row(self, row: int) -> None:
        layers, caches = self.layers, self.caches
        start_row(layers.tables, layers.input_bias, self.offsets, caches.codes, caches.start, row)
        self.noise, self.guidance = self.state.noise(row), self.state.row_guidance(row)
        self.queue.begin_row()

    def _begin_row(self, row: int, first: int, last: int) -> None:
        begin_row(self.row_caches, self.row_weights, row, first, last)

    def code_tasks(self, row: int, first: int, last: int) -> list[Callable[[], None]]:
        """Sampling some columns of a row, and helping with it from a second thread."""
        sample = partial(self._sample, row, first, last)
        return [partial(self._help, first, last), sample] if self.helped else [sample]

    def _sample(self, row: int, first: int, last: int) -> None:
        grid = CodeGrid(self.codes, self.keep, self.noise, self.guidance, self.logits)
        sample_codes(
            self.layers, self.caches, self.scratch, grid, self.queue, row, first, last, self.heads, self.choice
        )

    def _help(self, first: int, last: int) -> None:
        layers, caches, scratch = self.layers, self.caches, self.scratch
        convs = LeftConvs(
            caches.features, caches.hidden, caches.above1, caches.above2, scratch.updates, layers.left1, layers.left2
        )
        attention = AttentionArrays(caches.keys, caches.values, scratch.y, scratch.attended)
        help_sampling(convs, attention, self.helper, self.queue, self.taps, first, last)


def _groups(tasks: list, first_size: int, size: int) -> Iterator[list]:
    yield tasks[:first_size]
    for first in range(first_size, len(tasks), size):
        yield tasks[first : first + size]


def _run(pool: ThreadPoolExecutor, tasks: list[Callable[[], None]]) -> None:
    """Do all the tasks, in this thread (the last one first) and in those of the pool."""
    waiting = deque(tasks)

    def work() -> None:
        while waiting:
            try:
                task = waiting.pop()
            except IndexError:  # another thread was faster
                return
            task()

    others = [pool.submit(work) for _ in tasks[1:]]
    work()
    for other in others:
        other.result()
