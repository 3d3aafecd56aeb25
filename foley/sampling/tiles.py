"""y += x @ w for a few rows and packed weights, at the speed that reading the weights allows.

A plain loop would keep the sums in memory. Here a tile of sums stays in vector registers while the loop runs over
the inputs. Every sum adds its terms one by one in the same order, whichever tile it is in: so a row's result does
not depend, to the last bit, on how many rows there are.
"""

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import cfunc, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
PANEL = 32 if _WIDE else 16  # outputs side by side in a tile and in the packed weights
TALL = 8 if _WIDE else 4  # rows of the highest tile: as many sums as there are registers


def pack(weights: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """Weights (..., inputs, outputs) and bias (..., outputs) to (..., panels, 1 + inputs, PANEL).

    The bias, or zeros, is the first row; outputs are filled up with zeros.
    """
    bias = np.zeros_like(weights[..., 0, :]) if bias is None else bias
    rows = np.concatenate([bias[..., None, :], weights], axis=-2)
    panels = -(-rows.shape[-1] // PANEL)
    padding = [(0, 0)] * (rows.ndim - 1) + [(0, panels * PANEL - rows.shape[-1])]
    return aligned(np.moveaxis(np.pad(rows, padding).reshape(*rows.shape[:-1], panels, PANEL), -2, -3))


def aligned(array: np.ndarray) -> np.ndarray:
    """A contiguous float32 copy that begins on a cache line."""
    memory = np.zeros(array.size * 4 + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start : start + array.size * 4].view(np.float32).reshape(array.shape)
    copy[...] = array
    return copy


def _tile(rows: int, panels: int, fetches: bool = False):
    """An intrinsic tile(y, y_stride, x, x_stride, w, w_stride, inputs, ahead) for that many rows and panels.

    y (rows, panels x PANEL) += x (rows, inputs) @ w (panels, inputs, PANEL); addresses and strides are in bytes.
    One that `fetches` has the cache get a line for every input, a row of weights apart, from the address `ahead` on.
    """
    vector = ir.VectorType(ir.FloatType(), PANEL)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), PANEL), None)

    def codegen(context, builder, signature, arguments):
        y, y_stride, x, x_stride, w, w_stride, inputs, ahead = arguments
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        fetch = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], fetch)
        kind = ir.FunctionType(vector, [vector] * 3)
        multiply_add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{PANEL}f32")

        def at(start, stride, n, kind):
            return builder.inttoptr(builder.add(start, builder.mul(stride, stride.type(n))), kind.as_pointer())

        def load(address):
            value = builder.load(address)
            value.align = 4
            return value

        def everywhere(number):
            single = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.IntType(32)(0))
            return builder.shuffle_vector(single, single, zeros)

        numbers = [at(x, x_stride, r, ir.FloatType()) for r in range(rows)]
        columns = [at(w, w_stride, p, vector) for p in range(panels)]
        outputs = [
            [builder.gep(at(y, y_stride, r, vector), [inputs.type(p)]) for p in range(panels)] for r in range(rows)
        ]
        sums = [[cgutils.alloca_once_value(builder, load(address)) for address in row] for row in outputs]
        with cgutils.for_range(builder, inputs) as loop:
            if fetches:  # to be read, into the second level, as data
                line = builder.add(ahead, builder.mul(loop.index, loop.index.type(PANEL * 4)))
                builder.call(fetch, [builder.inttoptr(line, byte), flag(0), flag(2), flag(1)])
            weights = [load(builder.gep(column, [loop.index])) for column in columns]
            for r in range(rows):
                number = everywhere(builder.load(builder.gep(numbers[r], [loop.index])))
                for p in range(panels):
                    total = builder.call(multiply_add, [number, weights[p], builder.load(sums[r][p])])
                    builder.store(total, sums[r][p])
        for r in range(rows):
            for p in range(panels):
                builder.store(builder.load(sums[r][p]), outputs[r][p]).align = 4
        return context.get_dummy_value()

    @intrinsic
    def tile(_, y, y_stride, x, x_stride, w, w_stride, inputs, ahead):
        return types.void(*[types.int64] * 8), codegen

    return tile


_tall, _four, _two, _two_wide = _tile(TALL, 1, fetches=True), _tile(4, 1), _tile(2, 1), _tile(2, 2)
_one, _one_wide = _tile(1, 1), _tile(1, 4)


@cfunc(types.void(*[types.int64] * 8), cache=True)
def _multiply(y, y_stride, x, x_stride, rows, w, panels, inputs):
    w_stride = (inputs + 1) * PANEL * 4
    w += PANEL * 4  # past the bias
    tall = rows - rows % TALL
    for panel in range(panels):
        for row in range(0, tall, TALL):
            y_tile = y + row * y_stride + panel * PANEL * 4
            ahead = w + (panel + 1) * w_stride + row // TALL % 2 * 64  # lines of the next panel in turns
            _tall(y_tile, y_stride, x + row * x_stride, x_stride, w + panel * w_stride, w_stride, inputs, ahead)
    rows, y, x = rows - tall, y + tall * y_stride, x + tall * x_stride
    if rows >= 4:
        for panel in range(panels):
            _four(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, w_stride, inputs, 0)
        rows, y, x = rows - 4, y + 4 * y_stride, x + 4 * x_stride
    if rows >= 2:
        for panel in range(0, panels - 1, 2):
            _two_wide(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, w_stride, inputs, 0)
        if panels % 2:
            panel = panels - 1
            _two(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, w_stride, inputs, 0)
        rows, y, x = rows - 2, y + 2 * y_stride, x + 2 * x_stride
    if rows >= 1:
        for panel in range(0, panels - 3, 4):
            _one_wide(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, w_stride, inputs, 0)
        for panel in range(panels - panels % 4, panels):
            _one(y + panel * PANEL * 4, y_stride, x, x_stride, w + panel * w_stride, w_stride, inputs, 0)


# Under a name, the compiled function is called by the kernels and not compiled again into each of them.
_NAME = "foley_sampling_multiply"
llvmlite.binding.add_symbol(_NAME, _multiply.address)


@intrinsic
def multiply(_, y, x, rows, w):
    """y[:rows] += x @ w for packed w, without its bias. Where x is narrower than w, its rows are read joined."""

    def codegen(context, builder, signature, arguments):
        y, x, w = (context.make_array(signature.args[n])(context, builder, arguments[n]) for n in (0, 1, 3))
        int64 = ir.IntType(64)

        def at(array):
            return builder.ptrtoint(array.data, int64), cgutils.unpack_tuple(builder, array.strides)[0]

        panels, rows_of_panel, _ = cgutils.unpack_tuple(builder, w.shape)
        inputs = builder.sub(rows_of_panel, int64(1))
        joined = builder.sdiv(inputs, cgutils.unpack_tuple(builder, x.shape)[1])
        joined = builder.select(builder.icmp_signed("<", joined, int64(1)), int64(1), joined)
        (y_start, y_stride), (x_start, x_stride), (w_start, _) = at(y), at(x), at(w)
        function = ir.FunctionType(ir.VoidType(), [int64] * 8)
        function = cgutils.get_or_insert_function(builder.module, function, _NAME)
        x_stride = builder.mul(x_stride, joined)
        builder.call(function, [y_start, y_stride, x_start, x_stride, arguments[2], w_start, panels, inputs])
        return context.get_dummy_value()

    return types.void(y, x, types.int64, w), codegen


@njit(nogil=True, no_cpython_wrapper=True)
def put_bias(y, rows, w):
    """y[:rows] = the bias of packed w."""
    for row in range(rows):
        for panel in range(w.shape[0]):
            for n in range(PANEL):
                y[row, panel * PANEL + n] = w[panel, 0, n]
