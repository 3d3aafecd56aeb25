"""Statistics that others saved: `.npz` files with `mu` and `sigma`, and those of the DCASE 2023 Task 7 evaluation set.

The latter (`data/eval/<class>/gt_embedding.pkl` of `dcase2023_task7_eval_fad`) are pickles of TensorFlow messages.
Unpickling may run any code, so here only a dictionary of bytes can come out of one, and the bytes are read as what
they are: protocol buffers of a list of numbers each.
"""

import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from foley.evaluation.metrics.frechet import GaussianStatistics

DCASE_EMBEDDER = "vggish-dcase"
MESSAGE = ("tensorflow.core.example.feature_pb2", "Feature")
FLOAT_LIST, INT64_LIST = 2, 3  # fields of a Feature
VARINT, LENGTH_DELIMITED = 0, 2  # wire types


def read_npz(path: str | Path) -> GaussianStatistics:
    """Statistics from `mu`, `sigma` and, where it is there, `count` of an `.npz` file.

    Raises ValueError when it is none of these; files that hold Python objects are refused.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            count = int(arrays["count"]) if "count" in arrays else 0
            mean, covariance = (arrays[name].astype(np.float64) for name in ("mu", "sigma"))
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, AttributeError):
        raise ValueError(f"{path} is no file of statistics: it must hold the plain arrays mu and sigma.") from None
    return _checked(path, mean, covariance, count)


def read_dcase(path: str | Path) -> GaussianStatistics:
    """Statistics from a `gt_embedding.pkl` of the DCASE evaluation. Raises ValueError when it is none."""
    try:
        with Path(path).open("rb") as file:
            messages = _MessagesOnly(file).load()
        feature = {name: message.numbers() for name, message in messages.items()}
        (length,), (count,) = feature["embedding_length"], feature["embedding_count"]
        mean = np.array(feature["mu"], dtype=np.float64)
        covariance = np.array(feature["sigma"], dtype=np.float64).reshape(length, length)
    except Exception:  # whatever stands in a file of strangers
        raise ValueError(f"{path} is no file of statistics of the DCASE evaluation, and was not read.") from None
    return _checked(path, mean, covariance, int(count))


def _checked(path: str | Path, mean: np.ndarray, covariance: np.ndarray, count: int) -> GaussianStatistics:
    if mean.ndim != 1 or covariance.shape != (mean.size, mean.size):
        raise ValueError(f"{path} holds a mean of shape {mean.shape} and a covariance of {covariance.shape}.")
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError(f"{path} holds NaN or infinite values.")
    return GaussianStatistics.from_covariance(mean, covariance, count)


class _Message:
    """The bytes of a TensorFlow Feature, as its pickle restores them."""

    def __setstate__(self, state: dict[str, bytes]) -> None:
        self.serialized = state["serialized"]

    def numbers(self) -> np.ndarray:
        """The packed numbers of its one list."""
        ((kind, content),) = _fields(self.serialized)
        packed = b"".join(value for _, value in _fields(content))
        if kind == FLOAT_LIST:
            return np.frombuffer(packed, dtype="<f4")
        if kind == INT64_LIST:
            return np.array(list(_varints(packed)), dtype=np.int64)
        raise ValueError("a list of another kind")


class _MessagesOnly(pickle.Unpickler):
    """An unpickler that knows one class, which runs nothing."""

    def find_class(self, module: str, name: str) -> type:
        if (module, name) == MESSAGE:
            return _Message
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of every field of a message in which all are length-delimited or single numbers."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == LENGTH_DELIMITED:
            length, at = _varint(message, at)
            yield tag >> 3, message[at : at + length]
            at += length
        elif tag & 7 == VARINT:
            start = at
            _, at = _varint(message, at)
            yield tag >> 3, message[start:at]
        else:
            raise ValueError("a field of another type")


def _varints(packed: bytes) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number in base 128, least significant first, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
