"""What is done to single vectors: float32, contiguous, in loops that the compiler vectorises."""

import numpy as np

from foley.sampling.backends.cpu.compiled import inner

_LOG2_E = np.float32(1.44269504)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_TAYLOR = tuple(np.float32(c) for c in (1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2))
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_LOWEST, _HIGHEST, _NOWHERE = np.float32(-87), np.float32(88), np.float32(-np.inf)


_LOOSE = {"contract", "nsz"}  # what vectorising needs of loops without sums


@inner(fastmath=_LOOSE)
def exp(x):
    """exp in float32 to about one unit in the last place; unlike the library's it vectorises."""
    x = min(max(x, _LOWEST), _HIGHEST)
    power = np.floor(x * _LOG2_E + _HALF)
    x = (x - power * _LN2_HIGH) - power * _LN2_LOW
    series = _TAYLOR[0]
    for n in range(1, 5):
        series = series * x + _TAYLOR[n]
    series = (series * x + _ONE) * x + _ONE
    return series * np.int32((np.int32(power) + np.int32(127)) << np.int32(23)).view(np.float32)


@inner()
def copy(source, target):
    for n in range(source.shape[0]):
        target[n] = source[n]


@inner()
def clear(target):
    for n in range(target.shape[0]):
        target[n] = _ZERO


@inner(fastmath=_LOOSE)
def add(source, target):
    for n in range(source.shape[0]):
        target[n] += source[n]


@inner(fastmath=_LOOSE)
def elu(source, target):
    for n in range(source.shape[0]):
        x = source[n]
        target[n] = x if x > _ZERO else exp(x) - _ONE


@inner(fastmath=_LOOSE)
def add_glu(pair, target):
    """target += pair's first half x sigmoid(its second half); the pair may go on after that."""
    gate = pair[target.shape[0] :]
    for n in range(target.shape[0]):
        target[n] += pair[n] / (_ONE + exp(-gate[n]))


@inner(fastmath=True)
def attend(query, keys, values, times, scores, result):
    """result (A / heads,) = softmax(query . keys) . values over the first `times` of (A / heads, T)."""
    channels = query.shape[0]
    if times == 0:
        clear(result)
        return
    for t in range(times):
        scores[t] = _ZERO
    fours = channels - channels % 4
    for c in range(0, fours, 4):  # four at a time: fewer loads and stores of the scores
        part0, part1, part2, part3 = query[c], query[c + 1], query[c + 2], query[c + 3]
        row0, row1, row2, row3 = keys[c], keys[c + 1], keys[c + 2], keys[c + 3]
        for t in range(times):
            scores[t] += part0 * row0[t] + part1 * row1[t] + part2 * row2[t] + part3 * row3[t]
    for c in range(fours, channels):
        part, row = query[c], keys[c]
        for t in range(times):
            scores[t] += part * row[t]
    highest = scores[0]
    for t in range(times):
        highest = max(highest, scores[t])
    total = _ZERO
    for t in range(times):
        scores[t] = exp(scores[t] - highest)
        total += scores[t]
    for c in range(channels):
        mean, row = _ZERO, values[c]
        for t in range(times):
            mean += scores[t] * row[t]
        result[c] = mean / total


_SUMS = {"contract", "nsz", "nnan", "reassoc"}  # what vectorising needs of loops with sums and maxima, of numbers


@inner()
def _start_choice(logits, noise, temperature):
    """`noise` becomes the scores; logits that are not numbers become -inf."""
    for c in range(logits.shape[0]):
        logits[c] = logits[c] if logits[c] == logits[c] else _NOWHERE
        noise[c] = logits[c] + temperature * noise[c]


@inner(fastmath=_SUMS)
def _highest(values, logits, floor):
    """The highest of the values where the logit is above the floor."""
    highest = _NOWHERE
    for c in range(values.shape[0]):
        highest = max(highest, values[c] if logits[c] > floor else _NOWHERE)
    return highest


@inner(fastmath=_SUMS)
def _softmax(logits, highest, temperature, weights):
    """weights = e^((logits - highest) / temperature), and their sum."""
    for c in range(logits.shape[0]):
        weights[c] = exp((logits[c] - highest) / temperature)
    total = 0.0
    for c in range(logits.shape[0]):
        total += weights[c]
    return total


@inner(fastmath=_SUMS)
def _above(logits, floor, weights):
    """How many logits are above the floor, and the sum of their weights."""
    count, total = 0, 0.0
    for c in range(logits.shape[0]):
        count += logits[c] > floor
        total += weights[c] if logits[c] > floor else _ZERO
    return count, total


@inner()
def choose_code(logits, noise, weights, temperature, top_k, top_p):
    """The code that `gumbel_max` would choose, without sorting. Logits and noise are used up.

    A code is in play when few enough codes, and little enough probability, lie above it. So where the best score
    is not in play, no code of a lower logit is either, and the best of the others is the next to ask.
    """
    _start_choice(logits, noise, temperature)
    nucleus, total = top_p < 1 and temperature > 0, 0.0
    if nucleus:
        total = _softmax(logits, _highest(logits, logits, _NOWHERE), temperature, weights)
    floor = _NOWHERE
    while True:
        best, best_score = 0, _highest(noise, logits, floor)
        while best < logits.shape[0] and not (noise[best] == best_score and logits[best] > floor):
            best += 1
        if best == logits.shape[0]:  # no logit is a number
            return 0
        if top_k == 0 and not nucleus:
            return best
        above, mass = _above(logits, logits[best], weights)
        if (top_k == 0 or above < top_k) and (not nucleus or mass < top_p * total):
            return best
        floor = logits[best]
