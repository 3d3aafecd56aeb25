"""y += x @ w for a few rows and packed weights, at the speed that reading the weights allows.

A plain loop would keep the sums in memory. Here a tile of sums stays in vector registers while the loop runs over
the inputs. Every sum adds its terms one by one in the same order, whichever tile it is in: so a row's result does
not depend, to the last bit, on how many rows there are.
"""

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import njit, types
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


def _tile(rows: int, panels: int):
    """An intrinsic tile(y, row, x, step, w, panel) for that many rows and panels from `row` and `panel` on.

    y (rows, panels x PANEL) += x @ w, where row n of y takes row n x step of x; float32, w is packed.
    """
    vector = ir.VectorType(ir.FloatType(), PANEL)
    first = ir.Constant(ir.VectorType(ir.IntType(32), PANEL), None)
    int64, byte = ir.IntType(64), ir.IntType(8)

    def codegen(context, builder, signature, arguments):
        y, x, w = (context.make_array(signature.args[n])(context, builder, arguments[n]) for n in (0, 2, 4))
        row, step, panel = arguments[1], arguments[3], arguments[5]
        name = f"llvm.fmuladd.v{PANEL}f32"
        multiply_add = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)

        def at(array, index, kind):
            """Address of an entry of the outermost axis."""
            stride = cgutils.unpack_tuple(builder, array.strides)[0]
            start = builder.gep(builder.bitcast(array.data, byte.as_pointer()), [builder.mul(stride, index)])
            return builder.bitcast(start, kind.as_pointer())

        def load(address):
            value = builder.load(address)
            value.align = 4
            return value

        def everywhere(number):
            single = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.IntType(32)(0))
            return builder.shuffle_vector(single, single, first)

        r_on = [builder.add(row, int64(r)) for r in range(rows)]
        p_on = [builder.add(panel, int64(p)) for p in range(panels)]
        inputs = [at(x, builder.mul(index, step), ir.FloatType()) for index in r_on]
        weights = [builder.gep(at(w, index, vector), [int64(1)]) for index in p_on]  # past the bias
        outputs = {(r, p): builder.gep(at(y, r_on[r], vector), [p_on[p]]) for r in range(rows) for p in range(panels)}
        sums = {key: cgutils.alloca_once_value(builder, load(address)) for key, address in outputs.items()}
        depth = builder.sub(cgutils.unpack_tuple(builder, w.shape)[1], int64(1))
        with cgutils.for_range(builder, depth) as loop:
            columns = [load(builder.gep(address, [loop.index])) for address in weights]
            for r, address in enumerate(inputs):
                number = everywhere(builder.load(builder.gep(address, [loop.index])))
                for p, column in enumerate(columns):
                    total = builder.call(multiply_add, [number, column, builder.load(sums[r, p])])
                    builder.store(total, sums[r, p])
        for key, address in outputs.items():
            builder.store(builder.load(sums[key]), address).align = 4
        return context.get_dummy_value()

    @intrinsic
    def tile(_, y, row, x, step, w, panel):
        return types.void(y, row, x, step, w, panel), codegen

    return tile


_tall, _four, _two, _two_wide = _tile(TALL, 1), _tile(4, 1), _tile(2, 1), _tile(2, 2)
_one, _one_wide = _tile(1, 1), _tile(1, 4)


@njit(nogil=True, no_cpython_wrapper=True)
def multiply(y, x, rows, w):
    """y[:rows] += x @ w for packed w, without its bias. Where x is narrower than w, its rows are read joined."""
    panels = w.shape[0]
    step = max(1, (w.shape[1] - 1) // x.shape[1])
    tall = rows - rows % TALL
    for panel in range(panels):
        for row in range(0, tall, TALL):
            _tall(y, row, x, step, w, panel)
    row = tall
    if rows - row >= 4:
        for panel in range(panels):
            _four(y, row, x, step, w, panel)
        row += 4
    if rows - row >= 2:
        paired = panels - panels % 2
        for panel in range(0, paired, 2):
            _two_wide(y, row, x, step, w, panel)
        if paired < panels:
            _two(y, row, x, step, w, paired)
        row += 2
    if rows > row:
        grouped = panels - panels % 4
        for panel in range(0, grouped, 4):
            _one_wide(y, row, x, step, w, panel)
        for panel in range(grouped, panels):
            _one(y, row, x, step, w, panel)


@njit(nogil=True, no_cpython_wrapper=True)
def put_bias(y, rows, w):
    """y[:rows] = the bias of packed w."""
    for row in range(rows):
        for panel in range(w.shape[0]):
            for n in range(PANEL):
                y[row, panel * PANEL + n] = w[panel, 0, n]
