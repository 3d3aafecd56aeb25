"""The compiled building blocks of the sampler, each against plain numpy."""

import threading
import types
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numba import int64, njit
from numba.core.errors import TypingError

from foley.sampling.backends.cpu import matrix_products, work_queue
from foley.sampling.backends.cpu.compiled import cached, inner
from foley.sampling.backends.cpu.vectors import choose_code
from foley.sampling.backends.cpu.work_queue import WorkQueue
from foley.sampling.gumbel import gumbel_max
from foley.sampling.settings import SamplingSettings
from foley.sampling.winograd import filtering


@njit(nogil=True)
def _multiply(y, x, rows, w):
    matrix_products.put_bias(y, rows, w)
    matrix_products.multiply(y, x, rows, w)


@njit(nogil=True)
def _combine(y, x, w):
    matrix_products.combine(y, x, w)


def _packed_product(x: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    packed = matrix_products.pack(weights, bias)
    y = matrix_products.aligned(np.zeros((len(x), len(packed) * matrix_products.PANEL)))
    _multiply(y, matrix_products.aligned(x), len(x), packed)
    return y[:, : weights.shape[1]]


@pytest.mark.parametrize("inputs", [1, 37, 256])
@pytest.mark.parametrize("outputs", [1, 31, 200])
def test_a_product_with_packed_weights_has_the_precision_of_float32(inputs: int, outputs: int) -> None:
    random = np.random.default_rng(inputs * outputs)
    weights = random.normal(size=(inputs, outputs)).astype(np.float32) * 10 ** random.uniform(-3, 3, outputs).astype(
        "f"
    )
    bias = random.normal(size=outputs).astype(np.float32)
    x = random.normal(size=(23, inputs)).astype(np.float32)
    exact = x.astype(np.float64) @ weights + bias
    size = np.abs(x).astype(np.float64) @ np.abs(weights) + np.abs(bias)  # that of the terms that are added up
    assert np.all(np.abs(_packed_product(x, weights, bias) - exact) <= 1e-6 * size)


def test_a_row_of_a_product_does_not_depend_on_the_rows_beside_it() -> None:
    random = np.random.default_rng(0)
    weights, bias = random.normal(size=(65, 130)).astype(np.float32), random.normal(size=130).astype(np.float32)
    x = random.normal(size=(2 * matrix_products.TALL + 7, 65)).astype(np.float32)
    alone = np.concatenate([_packed_product(row[None], weights, bias) for row in x])
    for rows in range(1, len(x) + 1):
        np.testing.assert_array_equal(_packed_product(x[:rows], weights, bias), alone[:rows])


def test_weights_that_are_all_zero_add_nothing_but_their_bias() -> None:
    bias = np.arange(40, dtype=np.float32)
    np.testing.assert_array_equal(_packed_product(np.ones((3, 5)), np.zeros((5, 40), "f"), bias), np.tile(bias, (3, 1)))


@pytest.mark.parametrize("channels", [1, matrix_products.PANEL, 3 * matrix_products.PANEL + 5])
@pytest.mark.parametrize("rows", [1, 2, 6, 11])
def test_combinations_of_rows_add_to_what_is_there(channels: int, rows: int) -> None:
    random = np.random.default_rng(rows)
    x, w = random.normal(size=(rows, 8)).astype(np.float32), random.normal(size=(8, 2, channels)).astype(np.float32)
    y = random.normal(size=(rows, channels)).astype(np.float32)
    expected = y + x.astype(np.float64) @ w[:, 1]
    _combine(y, x, w[:, 1])  # rows of a larger array
    np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize("taps", range(1, 10))
def test_winograd_filtering_is_the_convolution(taps: int) -> None:
    rule = filtering(taps)
    random = np.random.default_rng(taps)
    x, weights = random.normal(size=rule.points), random.normal(size=taps)
    found = rule.from_points @ ((rule.tap_points @ weights) * (rule.to_points @ x))
    np.testing.assert_allclose(found, np.correlate(x, weights, "valid"), atol=1e-12)
    singles = [matrix.astype(np.float32) for matrix in (rule.from_points, rule.tap_points, rule.to_points)]
    found = singles[0] @ ((singles[1] @ weights.astype("f")) * (singles[2] @ x.astype("f")))
    np.testing.assert_allclose(found, np.correlate(x, weights, "valid"), atol=1e-5)


@njit(nogil=True)
def _choose(logits, noise, temperature, top_k, top_p):
    return choose_code(logits, noise, np.zeros_like(logits), np.float32(temperature), top_k, top_p)


@pytest.mark.parametrize("temperature", [0, 0.5, 1, 3])
@pytest.mark.parametrize("top_k", [0, 1, 5])
@pytest.mark.parametrize("top_p", [0.1, 0.9, 1])
def test_the_compiled_choice_is_that_of_gumbel_max(temperature: float, top_k: int, top_p: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(scale=3, size=(300, 75)).astype(np.float32)
    noise = random.gumbel(size=logits.shape).astype(np.float32)
    settings = SamplingSettings(temperature, top_k, top_p)
    expected = gumbel_max(torch.from_numpy(logits), torch.from_numpy(noise), settings)
    found = [_choose(*row, temperature, top_k, float(top_p)) for row in zip(logits.copy(), noise.copy(), strict=True)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("settings", [(0, 0, 1.0), (1, 0, 1.0), (1, 3, 0.9)])
def test_logits_that_are_not_numbers_are_not_chosen(settings: tuple[float, int, float]) -> None:
    logits = np.full(70, np.nan, np.float32)
    assert _choose(logits.copy(), np.zeros(70, np.float32), *settings) == 0
    logits[33] = -5
    assert _choose(logits, np.zeros(70, np.float32), *settings) == 33


def test_every_published_job_is_done_once_by_one_thread_or_the_other() -> None:
    slot, end = WorkQueue.of(1, 1, helped=True).slot, np.zeros(1, np.int64)
    jobs = 200_000
    mine, theirs = np.zeros(jobs, np.int64), np.zeros(jobs, np.int64)
    helper = threading.Thread(target=_steal_jobs, args=(slot, end, theirs))
    helper.start()
    _publish_jobs(slot, end, mine, theirs)
    helper.join()
    np.testing.assert_array_equal(mine + theirs, np.ones(jobs))


@njit(nogil=True)
def _publish_jobs(slot, end, mine, theirs):
    for job in range(len(mine)):
        work_queue.publish(slot, job % 3, (job, -job))
        if work_queue.reclaim(slot):
            mine[job] += 1
        elif theirs[job] != 1:  # what the other thread wrote is to be seen by now
            mine[job] -= 100
    work_queue.write(end, 0, 1)


@njit(nogil=True)
def _steal_jobs(slot, end, theirs):
    while work_queue.read(end, 0) == 0:
        if work_queue.steal(slot):
            job, negative = work_queue.numbers_of(slot, 2)
            if negative == -job and work_queue.kind_of(slot) == job % 3:
                theirs[job] += 1
            work_queue.release(slot)


def test_compiled_code_is_kept_under_another_name_when_a_module_it_is_built_of_changes(tmp_path) -> None:
    def name() -> str:
        def function(x):
            return x + 1

        assert cached(part)(function)(1) == 2
        return function.__qualname__

    part = types.ModuleType("part")
    part.__file__ = str(tmp_path / "part.py")
    (tmp_path / "part.py").write_text("x = 1")
    first, again = name(), name()
    (tmp_path / "part.py").write_text("x = 2")
    assert first == again != name()


@pytest.mark.parametrize("compiled", [inner(), cached(work_queue)], ids=["inner", "cached"])
def test_references_are_not_counted_where_a_function_does_not_say_that_it_makes_arrays(compiled: Callable) -> None:
    def function(x):
        return np.full(x, x).sum()

    inner(allocates=True)(function).compile((int64,))
    with pytest.raises(TypingError):
        compiled(function).compile((int64,))
