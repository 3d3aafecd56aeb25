"""The path itself: takes and layers shared out over a few threads."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch

from foley.models.pixelsnail import code_offsets
from foley.sampling.backends.cpu.code_sampling import draw_codes, help_draw
from foley.sampling.backends.cpu.layers import make_scratch, pack_layers
from foley.sampling.backends.cpu.matrix_products import PANEL
from foley.sampling.backends.cpu.row_above_conv import begin_row, start_row
from foley.sampling.backends.cpu.work_queue import DESK
from foley.sampling.caches import Caches
from foley.sampling.state import SamplingState
from foley.sampling.weights import Weights
from foley.sampling.winograd import filtering

_ROW_WORK, _CODE_WORK = 2e9, 1e9  # multiply-adds between two reports: some hundredths of a second
_OF_ROWS = ("tables", "above1", "above2", "condition", "coordinates")  # weights that a code does not read
_WORTH_HELP = 2e6  # multiply-adds of a code below which a second thread costs more than it brings


class CpuBackend:
    """Draws drafts with the given weights (on the CPU), on as many threads as torch uses."""

    def __init__(self, weights: Weights, heads: int):
        self.layers, self.heads = pack_layers(weights), heads
        self.shapes = Weights(*(tensor.to("meta") for tensor in weights))  # of the weights, which are not needed twice

    def run(self, draft: SamplingState) -> Iterator[int]:
        """Fill in the draft's codes; yields the number of positions done, every few hundredths of a second."""
        threads, takes = torch.get_num_threads(), len(draft.seeds)
        code_work = sum(shape.numel() for name, shape in self.shapes._asdict().items() if name not in _OF_ROWS)
        paired = threads > 1 and code_work > _WORTH_HELP  # two threads a lane, which read the weights together
        parts = np.array_split(np.arange(takes), min(threads // 2 if paired else threads, takes))
        lanes = [Lane(self, draft.takes(slice(part[0], part[-1] + 1))) for part in parts]
        takes, width, positions = len(parts[0]), draft.codes.shape[2], draft.positions
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
                        _run(pool, [task for lane in lanes for task in lane.code_tasks(row, first, last, paired)])
                        yield min(row * width + last, positions)
            finally:
                for lane in lanes:
                    lane.columns_done[:] = width  # nobody must wait for columns that will not be drawn


class Lane:
    """Some takes of a draft, with their caches and the working memory of one thread and of one that helps it."""

    def __init__(self, path: CpuBackend, draft: SamplingState):
        self.layers, self.heads, self.settings = path.layers, path.heads, draft.settings
        self.draft = draft
        self.caches = Caches(*(x.numpy() for x in Caches.of(draft, path.shapes, "cpu", PANEL)))
        self.scratch = make_scratch(path.shapes, self.caches, draft.codebook_size)
        self.codes, self.kept = draft.codes.numpy(), draft.kept.numpy()
        logits = torch.zeros(0, *draft.codes.shape[1:], draft.codebook_size) if draft.logits is None else draft.logits
        self.logits = logits.numpy()
        blocks, width = len(self.caches.recent), draft.codes.shape[2]
        self.help_x, self.help_y = np.zeros_like(self.scratch.x), np.zeros_like(self.scratch.y)
        self.help_scores, self.desk = np.zeros_like(self.scratch.scores), np.zeros(DESK, np.int64)
        self.jobs, self.columns_done = np.zeros(width * blocks, np.int64), np.zeros(blocks, np.int64)
        self.half = self.caches.codes.shape[1] - draft.codes.shape[1]
        self.offsets = np.array([offset for offset in code_offsets(path.shapes.above1.shape[2] + 1) if offset[0]])

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
        self.noise = self.draft.noise(row)
        self.jobs[:], self.columns_done[:] = 0, 0

    def _begin_row(self, row: int, first: int, last: int) -> None:
        layers, caches = self.layers, self.caches
        begin_row(
            caches.features, caches.hidden, caches.features_above, caches.hidden_above,
            caches.above1, caches.above2, caches.condition,
            layers.above1, layers.above2, layers.condition, layers.to_points, layers.from_points, row, first, last,
        )  # fmt: skip

    def code_tasks(self, row: int, first: int, last: int, helped: bool) -> list[Callable[[], None]]:
        """Drawing some columns of a row, and helping with it from a second thread."""
        draw = partial(self._draw, row, first, last, helped)
        return [partial(self._help, first, last), draw] if helped else [draw]

    def _draw(self, row: int, first: int, last: int, helped: bool) -> None:
        settings = self.settings
        draw_codes(
            self.layers, self.caches, self.scratch, self.codes, self.kept, self.noise, self.logits,
            self.jobs, self.columns_done, self.desk if helped else self.desk[:0],
            row, first, last, self.heads, np.float32(settings.temperature), settings.top_k, float(settings.top_p),
        )  # fmt: skip

    def _help(self, first: int, last: int) -> None:
        layers, caches, scratch = self.layers, self.caches, self.scratch
        help_draw(
            caches.features, caches.hidden, caches.above1, caches.above2, scratch.updates,
            layers.left1, layers.left2, self.half, self.help_x, self.help_y, self.jobs, self.columns_done, first, last,
            caches.keys, caches.values, scratch.seen, scratch.y, self.help_scores, self.desk,
        )  # fmt: skip


def _groups(tasks: list, first_size: int, size: int) -> Iterator[list]:
    yield tasks[:first_size]
    for first in range(first_size, len(tasks), size):
        yield tasks[first : first + size]


def _run(pool: ThreadPoolExecutor, tasks: list[Callable[[], None]]) -> None:
    """Do all the tasks, in this thread (the last one first) and in those of the pool."""
    left = deque(tasks)

    def work() -> None:
        while left:
            try:
                task = left.pop()
            except IndexError:  # another thread was faster
                return
            task()

    others = [pool.submit(work) for _ in tasks[1:]]
    work()
    for other in others:
        other.result()
