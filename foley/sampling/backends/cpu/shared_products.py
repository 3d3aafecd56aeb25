"""Products with large weights, of which a second thread may take half; and the 1x1 layers made of them."""

from foley.sampling.backends.cpu.compiled import inner
from foley.sampling.backends.cpu.matrix_products import Product, product, put_bias, run_product
from foley.sampling.backends.cpu.vectors import add_glu, copy, elu
from foley.sampling.backends.cpu.work_queue import numbers_of, publish, reclaim

PRODUCT, ATTENTION = 0, 1  # kinds of jobs in the slot
WORTH_SHARING = 2**16  # bytes of weights of which another thread may take half


@inner()
def _panels_of(job, first, panels):
    """Some panels of a product, a `Product` as well."""
    return Product(
        first, panels, job.y, job.y_stride, job.x, job.x_stride, job.rows, job.w, job.w_stride, job.inputs
    )  # fmt: skip


@inner()
def add_product(y, x, rows, w, slot):
    """y[:rows] += x @ w, of which a thread that has nothing else to do may take half the outputs."""
    whole = product(y, x, rows, w)
    if slot.shape[0] == 0 or w.size < WORTH_SHARING:
        run_product(*whole)
        return
    half = whole.panels // 2
    other = _panels_of(whole, half, whole.panels - half)
    publish(slot, PRODUCT, other)
    run_product(*_panels_of(whole, 0, half))
    if reclaim(slot):
        run_product(*other)


@inner()
def run_stolen_product(slot):
    """Do the product that this thread stole."""
    run_product(*Product(*numbers_of(slot, 10)))


@inner()
def gated_residual(features, rows, hidden, weights1, weights2, x, y, slot):
    """features[:rows] (rows, channels) becomes the output of a gated residual of two 1x1 layers.

    Args:
        features: input and output.
        rows: how many.
        hidden: channels between the layers.
        weights1, weights2: packed weights of the layers.
        x, y: working memory.
        slot: where the other thread finds work.
    """
    channels = features.shape[1]
    for row in range(rows):
        elu(features[row], x[row, :channels])
    put_bias(y, rows, weights1)
    add_product(y, x, rows, weights1, slot)
    for row in range(rows):
        elu(y[row, :hidden], x[row, :hidden])
    put_bias(y, rows, weights2)
    add_product(y, x, rows, weights2, slot)
    for row in range(rows):
        add_glu(y[row], features[row])


@inner()
def write_output(features, local, attended, weights1, auxiliary, weights2, x, y, slot):
    """A block's last residual: `features` from `local` (takes, C) and `attended` (takes, A).

    Args:
        features: the output, (takes, C).
        local: what came through the causal part.
        attended: what attention found.
        weights1, auxiliary, weights2: packed weights of `local`, of `attended`, and of the gated layer after both.
        x, y: working memory.
        slot: where the other thread finds work.
    """
    takes, channels = features.shape
    for take in range(takes):
        elu(local[take], x[take, :channels])
    put_bias(y, takes, weights1)
    add_product(y, x, takes, weights1, slot)
    for take in range(takes):
        elu(attended[take], x[take, : attended.shape[1]])
    add_product(y, x, takes, auxiliary, slot)
    for take in range(takes):
        elu(y[take, :channels], x[take, :channels])
        copy(local[take], features[take])
    put_bias(y, takes, weights2)
    add_product(y, x, takes, weights2, slot)
    for take in range(takes):
        add_glu(y[take], features[take])
