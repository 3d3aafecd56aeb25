"""Random numbers that are a function of (seed, position), so that no result depends on what was drawn around it.

Philox (Salmon et al. 2011) turns a key and a counter into random bits. The key holds the seed and the use, the counter
the position. Only its raw bits are used: they are the same in every version of numpy.
"""

import operator

import numpy as np

_CODES, _EXCITATION, _PARTS, _FIELD, _DITHER, _INDEX, _STEPS, _GRAIN, _GRAIN_SHARE = range(
    9
)  # streams: one for each use of a seed
_WORDS = 8  # 32-bit words of one counter
GRAIN_SAMPLES = 24  # a millisecond at 24 kHz: about as long as a drop of rain is heard


def check_seed(seed: int) -> int:
    """The seed as a plain int. Raises ValueError when it is none that the generator takes."""
    try:
        number = operator.index(seed)
    except TypeError:
        raise ValueError(f"The seed is {repr(seed)[:30]}, but must be a whole number.") from None
    if not 0 <= number < 2**63:
        shown = str(number) if number.bit_length() < 80 else "beyond that"
        raise ValueError(f"The seed is {shown}, but must lie from 0 to 2**63 - 1.")
    return number


def gumbel_noise(seed: int, start: int, positions: int, codebook_size: int) -> np.ndarray:
    """Standard Gumbel noise for the codes at `start`, `start` + 1, ...: float32 (positions, codebook size)."""
    counters = -(-codebook_size // _WORDS)  # whole counters a position, so that each position has its own
    noise = _uniform(seed, _CODES, start * counters, positions * counters).reshape(positions, -1)
    noise = noise[:, :codebook_size]
    for _ in range(2):  # -log(-log(u))
        np.log(noise, out=noise)
        np.negative(noise, out=noise)
    return np.ascontiguousarray(noise)


def white_noise(seed: int, samples: int) -> np.ndarray:
    """Standard normal noise, float32 (samples,). More samples begin with the same ones."""
    return _normal(seed, _EXCITATION, samples)


def grainy_noise(seed: int, samples: int, grain: float) -> np.ndarray:
    """White noise whose level is another in every millisecond, float32 (samples,), of the same power.

    Levels are log-normal. How far they spread differs from seed to seed as it does from one rain to the next: evenly
    from nothing to twice `grain`, of which 0 gives `white_noise`. More samples begin with the same ones.
    """
    noise = white_noise(seed, samples)
    if grain == 0:
        return noise
    spread = 2 * grain * float(_uniform(seed, _GRAIN_SHARE, 0, 1)[0])
    levels = np.exp(spread * _normal(seed, _GRAIN, -(-samples // GRAIN_SAMPLES)) - spread**2)  # E of its square is 1
    return noise * np.repeat(levels.astype(np.float32), GRAIN_SAMPLES)[:samples]


def part_seed(seed: int, part: int) -> int:
    """The seed of a part of a longer work, so that no two parts draw the same numbers; the first has `seed` itself."""
    if part == 0:
        return check_seed(seed)
    philox = np.random.Philox(key=np.array([check_seed(seed), _PARTS], np.uint64), counter=part)
    return int(philox.random_raw(1)[0] >> np.uint64(1))


def drawn_index(seed: int, count: int) -> int:
    """One of the whole numbers from 0 up to before `count`."""
    philox = np.random.Philox(key=np.array([check_seed(seed), _INDEX], np.uint64), counter=0)
    return int(philox.random_raw(1)[0]) % count


def uniform_field(seed: int, rows: int, columns: int) -> np.ndarray:
    """Even numbers between 0 and 1, float32 (rows, columns), for choosing places in a grid."""
    return _uniform(seed, _FIELD, 0, -(-rows * columns // _WORDS))[: rows * columns].reshape(rows, columns)


def step_noise(seed: int, step: int, positions: int) -> np.ndarray:
    """Even numbers between 0 and 1, float32 (positions,), one for every code of a step of diffusion."""
    counters = -(-positions // _WORDS)
    return _uniform(seed, _STEPS, step * counters, counters)[:positions]


def triangular_noise(seed: int, samples: int) -> np.ndarray:
    """Noise between -1 and 1 with a triangular distribution, float32 (samples,): dither of one step of a converter."""
    uniform = _uniform(seed, _DITHER, 0, -(-2 * samples // _WORDS))[: 2 * samples].reshape(-1, 2)
    return uniform[:, 0] - uniform[:, 1]


def _normal(seed: int, stream: int, samples: int) -> np.ndarray:
    """Standard normal numbers of one stream, float32 (samples,)."""
    pairs = -(-samples // 2)
    uniform = _uniform(seed, stream, 0, -(-2 * pairs // _WORDS)).reshape(-1, 2)[:pairs]
    radius, angle = (
        np.sqrt(-2 * np.log(uniform[:, 0])),
        np.float32(2 * np.pi) * uniform[:, 1],
    )  # Box and Muller
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:samples]


def _uniform(seed: int, stream: int, first: int, counters: int) -> np.ndarray:
    """Float32 numbers strictly between 0 and 1, eight for each counter from `first` on."""
    philox = np.random.Philox(key=np.array([check_seed(seed), stream], np.uint64), counter=first)
    words = philox.random_raw(counters * _WORDS // 2).astype("<u8", copy=False).view("<u4")
    uniform = (words >> 9).astype(np.float32)
    uniform += np.float32(0.5)  # 23 bits and a half: exact, never 0 or 1
    uniform *= np.float32(2**-23)
    return uniform
