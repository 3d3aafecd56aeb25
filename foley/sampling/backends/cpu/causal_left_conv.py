"""What a code takes from the codes to its left in the causal residual blocks, for two columns at a time."""

from foley.sampling.backends.cpu.matrix_products import multiply
from foley.sampling.backends.cpu.vectors import add_glu, clear, copy, elu, inner


@inner()
def _take_from_left(rows, above, left, half, x, y, first, last):
    """y = above + left taps for each take (the first axis of both) and each of the columns first .. last - 1."""
    takes, _, channels = rows.shape
    count = takes * (last - first)
    n = 0
    for take in range(takes):
        for column in range(first, last):
            for tap in range(half):
                copy(rows[take, column + tap], x[n, tap * channels :])
            copy(above[take, column], y[n])
            n += 1
    multiply(y, x, count, left)


@inner()
def find_hidden(features, hidden, above, left, half, x, y, first, last):
    """`hidden` of the columns first .. last - 1 of the newest row, in some causal residual blocks."""
    layers, takes, _, channels = hidden.shape
    for layer in range(layers):
        _take_from_left(features[layer], above[layer], left[layer], half, x, y, first, last)
        n = 0
        for take in range(takes):
            for column in range(first, last):
                elu(y[n, :channels], hidden[layer, take, half + column])
                n += 1


@inner()
def _find_updates(hidden, updates, above, left, half, x, y, first, last):
    """What some causal residual blocks add at the columns first .. last - 1, from `hidden` to their left."""
    layers, takes = hidden.shape[:2]
    for layer in range(layers):
        _take_from_left(hidden[layer], above[layer], left[layer], half, x, y, first, last)
        n = 0
        for take in range(takes):
            for column in range(first, last):
                update = updates[layer, take, column - first]
                clear(update)
                add_glu(y[n], update)
                n += 1


@inner()
def first_of_pair(column, block):
    """The first of the two columns that share one reading of a block's weights, for either of them.

    Pairs of odd blocks begin at odd columns (and their first is but one column), so that each brings as much work.
    """
    return max(column - (column + block) % 2, 0)


@inner()
def look_left(features, hidden, above1, above2, updates, left1, left2, half, x, y, column, block, residuals):
    """The updates of the pair that begins at this column, in the causal residual blocks of a block.

    They do not see their own position: so features before the pair are enough for both of its columns.
    """
    first, last = block * residuals, (block + 1) * residuals
    features, hidden, updates = features[first:last], hidden[first:last], updates[first:last]
    end = min(column + 2 - (column + block) % 2, above1.shape[2])
    find_hidden(features, hidden, above1[first:last], left1[first:last], half, x, y, max(column - 1, 0), column + 1)
    _find_updates(hidden, updates, above2[first:last], left2[first:last], half, x, y, column, end)
