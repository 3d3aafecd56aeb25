"""Sets of embeddings as the measures take them: checked, in double precision, as one table."""

import numpy as np


def as_table(embeddings: np.ndarray, at_least: int = 1) -> np.ndarray:
    """(samples, dimension) or (clips, windows, dimension) to float64 (samples, dimension): windows count.

    Raises ValueError when there are fewer than `at_least` samples or values that are not finite.
    """
    table = as_clips(embeddings)
    table = table.reshape(-1, table.shape[-1])
    if len(table) < at_least:
        raise ValueError(f"This measure needs at least {at_least} embeddings; there is only {len(table)}.")
    return table


def clip_means(embeddings: np.ndarray, at_least: int = 1) -> np.ndarray:
    """(clips, dimension) or (clips, windows, dimension) to float64 (clips, dimension): one embedding a clip.

    Raises ValueError when there are fewer than `at_least` clips or values that are not finite.
    """
    clips = as_clips(embeddings)
    if len(clips) < at_least:
        raise ValueError(f"This measure needs at least {at_least} clips; there is only {len(clips)}.")
    return clips.mean(axis=1) if clips.ndim == 3 else clips


def as_clips(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings in float64, their shape kept. Raises ValueError when it is wrong, or a value not finite."""
    clips = np.asarray(embeddings, dtype=np.float64)
    if clips.ndim not in (2, 3):
        raise ValueError(f"Embeddings must be (samples, dimension) or (clips, windows, dimension), not {clips.shape}.")
    if clips.size == 0:
        raise ValueError("There are no embeddings to measure: the set is empty.")
    if not np.isfinite(clips).all():
        raise ValueError("The embeddings hold NaN or infinite values.")
    return clips


def check_same_dimension(a: np.ndarray, b: np.ndarray) -> None:
    """Raise ValueError unless the last axes of both agree."""
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"Embeddings of {a.shape[-1]} and of {b.shape[-1]} dimensions cannot be compared: "
            "take both from the same embedder."
        )
