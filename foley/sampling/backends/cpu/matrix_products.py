"""y += x @ w for a few rows and packed weights, at the speed that reading the weights allows.

A plain loop would keep the sums in memory. Here a tile of sums stays in vector registers while the loop runs over
the inputs. Every sum adds its terms one by one in the same order, whichever tile it is in: so a row's result does
not depend, to the last bit, on how many rows there are.

Weights that are read for every code, by one row, cost as much time as their bytes. They are packed into 24 bits:
whole numbers, with a scale of their own for each output. That is float32 without its exponent, which the weights of
one output hardly need: an error of 2^-24 of the largest of them, as much as float32 makes in adding them up.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import cfunc, types
from numba.core import cgutils

from foley.sampling.backends.cpu.compiled import inner, intrinsic

_WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
PANEL = 32 if _WIDE else 16  # outputs side by side in a tile and in the packed weights
TALL = 8 if _WIDE else 4  # rows of the highest tile: as many sums as there are registers
_LARGEST = 2**23 - 1  # in 24 bits
_HEAD, _LINE = 8 * PANEL, 3 * PANEL  # bytes of a panel: its biases and scales, then as many for every input
_CACHE_LINE = 64
_AHEAD = 4096  # bytes: what is read that much later should be on its way from memory


def pack(weights: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """Weights (..., inputs, outputs) and bias (..., outputs) to uint8 (..., panels, bytes).

    A panel is PANEL biases (or zeros) and PANEL scales, float32, and PANEL x 24 bits for every input. Outputs are
    filled up with zeros.
    """
    *stack, inputs, outputs = weights.shape
    bias = np.zeros((*stack, outputs), np.float32) if bias is None else bias
    packed = zeros((*stack, -(-outputs // PANEL), _HEAD + inputs * _LINE), np.uint8)
    for place in np.ndindex(*stack):  # one by one: numbers on the way take several times the memory
        packed[place] = _packed(weights[place], bias[place])
    return packed


def _packed(weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    inputs, outputs = weights.shape
    panels = -(-outputs // PANEL)
    rows = np.pad(np.concatenate([bias[None], weights]), [(0, 0), (0, panels * PANEL - outputs)])
    rows = rows.astype(np.float32).reshape(1 + inputs, panels, PANEL).swapaxes(0, 1)
    bias, weights = rows[:, :1], rows[:, 1:]
    scale = np.abs(weights).max(axis=1, keepdims=True, initial=0) / np.float32(_LARGEST)
    whole = np.rint(weights / np.where(scale > 0, scale, 1)).clip(-_LARGEST, _LARGEST).astype("<i4")
    numbers = whole[..., None].view(np.uint8)[..., :3].reshape(panels, inputs * _LINE)
    head = np.concatenate([bias, scale / 256], axis=2)[:, 0].view(np.uint8)  # the tiles read numbers x 256
    return np.concatenate([head, numbers], axis=1)


def aligned(array: np.ndarray) -> np.ndarray:
    """A contiguous float32 copy that begins on a cache line."""
    copy = zeros(array.shape, np.float32)
    copy[...] = array
    return copy


def zeros(shape: tuple[int, ...], kind: type) -> np.ndarray:
    """Zeros that begin on a cache line; tiles read packed weights a little past the end."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    memory = np.zeros(size + 2 * _CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % _CACHE_LINE
    return memory[start : start + size].view(kind).reshape(shape)


def _tile(rows: int, panels: int, packed: bool = True, fetches: int = 0) -> Callable:
    """An intrinsic tile(y, y_stride, x, x_stride, w, w_stride, inputs, ahead) for that many rows and panels.

    y (rows, panels x PANEL) += x (rows, inputs) @ w, addresses and strides in bytes. Packed w has a stride from panel
    to panel; plain w (inputs, panels x PANEL) float32 has one from input to input. With every input the cache is
    told to get so many lines of each panel, `ahead` of the weights being read.
    """
    vector = ir.VectorType(ir.FloatType(), PANEL)
    lanes = ir.VectorType(ir.IntType(32), PANEL)
    sixteen = 16  # numbers of 3 bytes, in as many bytes as a vector has
    some_bytes = ir.VectorType(ir.IntType(8), 4 * sixteen)

    def codegen(context, builder, signature, arguments):
        y, y_stride, x, x_stride, w, w_stride, inputs, ahead = arguments
        number, byte = w.type, ir.IntType(8).as_pointer()
        kind = ir.FunctionType(vector, [vector] * 3)
        multiply_add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{PANEL}f32")
        kind = ir.FunctionType(ir.VoidType(), [byte] + [ir.IntType(32)] * 3)
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)

        def at(start, stride, n):
            """start + n x stride."""
            stride, n = (value if isinstance(value, ir.Value) else number(value) for value in (stride, n))
            return builder.add(start, builder.mul(stride, n))

        def pointer(address, kind):
            return builder.inttoptr(address, kind.as_pointer())

        def load(address, kind: ir.Type = vector):
            value = builder.load(pointer(address, kind))
            value.align = 1
            return value

        def everywhere(value):
            single = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
            return builder.shuffle_vector(single, single, ir.Constant(lanes, None))

        def start_of(panel):
            return at(w, w_stride, panel) if packed else at(w, 4 * PANEL, panel)

        def weights_of(panel, row):
            """The weights of one input, unscaled."""
            if not packed:
                return load(at(start_of(panel), w_stride, row))
            start = at(at(start_of(panel), 1, _HEAD), _LINE, row)
            parts = [unpacked(load(at(start, 3, first), some_bytes)) for first in range(0, PANEL, sixteen)]
            together = ir.Constant(lanes, list(range(PANEL)))
            return parts[0] if len(parts) == 1 else builder.shuffle_vector(*parts, together)

        def unpacked(some):
            """16 numbers, each in the upper 3 of the 4 bytes it gets."""
            zero = 4 * sixteen  # the first of the second vector
            places = [place for n in range(sixteen) for place in (zero, 3 * n, 3 * n + 1, 3 * n + 2)]
            places = ir.Constant(ir.VectorType(ir.IntType(32), 4 * sixteen), places)
            spread = builder.shuffle_vector(some, ir.Constant(some_bytes, None), places)
            whole = builder.bitcast(spread, ir.VectorType(ir.IntType(32), sixteen))
            return builder.sitofp(whole, ir.VectorType(ir.FloatType(), sixteen))

        def output(row, panel):
            return at(at(y, y_stride, row), 4 * PANEL, panel)

        places = [(row, panel) for row in range(rows) for panel in range(panels)]
        first = {place: ir.Constant(vector, None) if packed else load(output(*place)) for place in places}
        sums = {place: cgutils.alloca_once_value(builder, first[place]) for place in places}
        with cgutils.for_range(builder, inputs) as loop:
            for panel in range(panels):
                for line in range(fetches):  # to be read, into the second level, as data
                    address = at(at(at(start_of(panel), 1, ahead), 1, line * _CACHE_LINE), _LINE, loop.index)
                    flags = [ir.IntType(32)(flag) for flag in (0, 2, 1)]
                    builder.call(fetch, [pointer(address, ir.IntType(8)), *flags])
            weights = [weights_of(panel, loop.index) for panel in range(panels)]
            for row in range(rows):
                value = everywhere(load(at(at(x, x_stride, row), 4, loop.index), ir.FloatType()))
                for panel in range(panels):
                    total = builder.call(multiply_add, [value, weights[panel], builder.load(sums[row, panel])])
                    builder.store(total, sums[row, panel])
        for row, panel in places:
            total = builder.load(sums[row, panel])
            if packed:
                scale = load(at(start_of(panel), 1, 4 * PANEL))
                total = builder.call(multiply_add, [total, scale, load(output(row, panel))])
            builder.store(total, pointer(output(row, panel), vector)).align = 1
        return context.get_dummy_value()

    @intrinsic
    def tile(_, y, y_stride, x, x_stride, w, w_stride, inputs, ahead):
        return types.void(*[types.int64] * 8), codegen

    return tile


_tall, _four_next, _four = _tile(TALL, 1, fetches=1), _tile(4, 1), _tile(4, 1, fetches=2)
_two, _two_wide, _one, _one_wide = (_tile(*size, fetches=2) for size in ((2, 1), (2, 2), (1, 1), (1, 4)))
_four_plain, _two_plain, _one_plain = (_tile(rows, 1, packed=False) for rows in (4, 2, 1))
_NINE_NUMBERS = types.void(*[types.int64] * 9)


@cfunc(_NINE_NUMBERS, cache=True)
def _multiply(y, y_stride, x, x_stride, rows, w, panels, w_stride, inputs):
    if rows >= TALL:  # each panel for all rows, while it is near
        for panel in range(panels):
            row, y_panel, w_panel = 0, y + panel * PANEL * 4, w + panel * w_stride
            while row + TALL <= rows:
                ahead = w_stride + row // TALL % 2 * _CACHE_LINE  # lines of the next panel in turns
                _tall(y_panel + row * y_stride, y_stride, x + row * x_stride, x_stride, w_panel, 0, inputs, ahead)
                row += TALL
            while row + 4 <= rows:
                _four_next(y_panel + row * y_stride, y_stride, x + row * x_stride, x_stride, w_panel, 0, inputs, 0)
                row += 4
            if row + 2 <= rows:
                _two(y_panel + row * y_stride, y_stride, x + row * x_stride, x_stride, w_panel, 0, inputs, 0)
                row += 2
            if row < rows:
                _one(y_panel + row * y_stride, y_stride, x + row * x_stride, x_stride, w_panel, 0, inputs, 0)
        return
    while rows >= 4:
        for panel in range(panels):
            _four(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, 0, inputs, _AHEAD)
        rows, y, x = rows - 4, y + 4 * y_stride, x + 4 * x_stride
    if rows >= 2:
        for panel in range(0, panels - 1, 2):
            _two_wide(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, w_stride, inputs, _AHEAD)
        if panels % 2:
            panel = panels - 1
            _two(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, 0, inputs, _AHEAD)
        rows, y, x = rows - 2, y + 2 * y_stride, x + 2 * x_stride
    if rows:
        for panel in range(0, panels - 3, 4):
            _one_wide(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, w_stride, inputs, _AHEAD)
        for panel in range(panels - panels % 4, panels):
            _one(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, 0, inputs, _AHEAD)


@cfunc(_NINE_NUMBERS, cache=True)
def _combine(y, y_stride, x, x_stride, rows, w, panels, w_stride, inputs):
    for panel in range(panels):
        row, y_panel, w_panel = 0, y + panel * PANEL * 4, w + panel * PANEL * 4
        while row + 4 <= rows:
            _four_plain(y_panel + row * y_stride, y_stride, x + row * x_stride, x_stride, w_panel, w_stride, inputs, 0)
            row += 4
        if row + 2 <= rows:
            _two_plain(y_panel + row * y_stride, y_stride, x + row * x_stride, x_stride, w_panel, w_stride, inputs, 0)
            row += 2
        if row < rows:
            _one_plain(y_panel + row * y_stride, y_stride, x + row * x_stride, x_stride, w_panel, w_stride, inputs, 0)


def _called(function: Callable) -> Callable:
    """An intrinsic that calls the compiled function by its name, so that it is not compiled again into each kernel.

    Its arguments are the fields of a `Product`.
    """
    name = f"foley_sampling{function.__name__}"
    llvmlite.binding.add_symbol(name, function.address)

    @intrinsic
    def call(_, first, panels, y, y_stride, x, x_stride, rows, w, w_stride, inputs):
        def codegen(context, builder, signature, arguments):
            first, panels, y, y_stride, x, x_stride, rows, w, w_stride, inputs = arguments
            y = builder.add(y, builder.mul(first, first.type(PANEL * 4)))
            w = builder.add(w, builder.mul(first, w_stride))
            kind = ir.FunctionType(ir.VoidType(), [first.type] * 9)
            target = cgutils.get_or_insert_function(builder.module, kind, name)
            builder.call(target, [y, y_stride, x, x_stride, rows, w, panels, w_stride, inputs])
            return context.get_dummy_value()

        return types.void(*[types.int64] * 10), codegen

    return call


run_product, _run_combination = _called(_multiply), _called(_combine)


class Product(NamedTuple):
    """y[:rows] += x @ w in numbers: some panels of w, addresses and strides in bytes."""

    first_panel: int
    panels: int
    y: int
    y_stride: int
    x: int
    x_stride: int
    rows: int
    w: int
    w_stride: int
    inputs: int


def _product_of(packed: bool) -> Callable:
    @intrinsic
    def product(_, y, x, rows, w):
        """The `Product` y[:rows] += x @ w, of all panels of w."""

        def codegen(context, builder, signature, arguments):
            y, x, w = (context.make_array(signature.args[n])(context, builder, arguments[n]) for n in (0, 1, 3))
            int64 = ir.IntType(64)

            def at(array):
                return builder.ptrtoint(array.data, int64), cgutils.unpack_tuple(builder, array.strides)[0]

            (y_start, y_stride), (x_start, x_stride), (w_start, w_stride) = at(y), at(x), at(w)
            size, width = cgutils.unpack_tuple(builder, w.shape)[:2]
            if packed:
                panels, inputs = size, builder.sdiv(builder.sub(w_stride, int64(_HEAD)), int64(_LINE))
                joined = builder.sdiv(inputs, cgutils.unpack_tuple(builder, x.shape)[1])
                joined = builder.select(builder.icmp_signed("<", joined, int64(1)), int64(1), joined)
                x_stride = builder.mul(x_stride, joined)
            else:
                panels, inputs = builder.sdiv(width, int64(PANEL)), size
            values = [int64(0), panels, y_start, y_stride, x_start, x_stride, arguments[2], w_start, w_stride, inputs]
            return context.make_tuple(builder, signature.return_type, values)

        return types.NamedUniTuple(types.int64, 10, Product)(y, x, types.int64, w), codegen

    return product


product, _combination = _product_of(packed=True), _product_of(packed=False)


@inner()
def multiply(y, x, rows, w):
    """y[:rows] += x @ w for packed w, without its bias. Where x is narrower than w, its rows are read joined."""
    run_product(*product(y, x, rows, w))


@inner()
def combine(y, x, w):
    """y += x @ w for few inputs and plain float32 rows, in each of which the numbers lie side by side."""
    _run_combination(*_combination(y, x, y.shape[0], w))
    first = w.shape[1] - w.shape[1] % PANEL
    for row in range(y.shape[0] if first < w.shape[1] else 0):
        for n in range(w.shape[0]):
            for c in range(first, w.shape[1]):
                y[row, c] += x[row, n] * w[n, c]


@intrinsic
def bias_of(_, w, panel, n):
    """An output's bias in packed w."""

    def codegen(context, builder, signature, arguments):
        w = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = cgutils.unpack_tuple(builder, w.strides)[0]
        start = builder.add(builder.ptrtoint(w.data, stride.type), builder.mul(stride, arguments[1]))
        row = builder.inttoptr(start, ir.FloatType().as_pointer())
        return builder.load(builder.gep(row, [arguments[2]]))

    return types.float32(w, types.int64, types.int64), codegen


@inner()
def put_bias(y, rows, w):
    """y[:rows] = the bias of packed w."""
    for row in range(rows):
        for panel in range(w.shape[0]):
            for n in range(PANEL):
                y[row, panel * PANEL + n] = bias_of(w, panel, n)
