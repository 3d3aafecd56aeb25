"""The figures of a class, from what was heard in its sets: each a value with the spread that other clips would give.

Sets by name: `real` (held-out recordings), `floor` (training recordings, as many as there are takes), the parts of the
chain (`mel`, `mvqvae`, `vocoder`, `reconstructed`: held-out recordings sent through them) and `generated`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from foley.categories import Category
from foley.evaluation.chain import PARTS
from foley.evaluation.embedders.registry import Embedder
from foley.evaluation.metrics.bootstrap import Measurement, bootstrap
from foley.evaluation.metrics.diversity import copy_check, spread
from foley.evaluation.metrics.frechet import GaussianStatistics, extrapolated_frechet_distance, frechet_distance
from foley.evaluation.metrics.kernel import kernel_distance
from foley.evaluation.metrics.levels import Defects, Levels, defects, levels
from foley.evaluation.metrics.probe import Probe
from foley.evaluation.metrics.reconstruction import Likeness

SETS = {
    "floor": "real, other clips",
    "mel": "log-mel, Griffin-Lim",
    "mvqvae": "MVQVAE, Griffin-Lim",
    "vocoder": "vocoder, real CEmbed",
    "reconstructed": "whole chain",
    "generated": "generated",
}
SILENT_CLASS_SHARE = 0.05  # of its recordings with a long silence: such a class may have it in takes, too
FEWEST_TO_EXTRAPOLATE = 8
INFINITE_POINTS = 6


class Figure(NamedTuple):
    """How a figure is called and printed."""

    label: str
    form: str


FIGURES = {
    **{f"{name}_fad": Figure(f"FAD, {label}", ".1f") for name, label in SETS.items()},
    "generated_fad_inf": Figure("FAD of infinitely many takes", ".1f"),
    "floor_kernel": Figure("kernel distance, real, other clips", ".4f"),
    "generated_kernel": Figure("kernel distance, generated", ".4f"),
    "real_agreement": Figure("named right, real", ".0%"),
    **{f"{name}_agreement": Figure(f"named right, {SETS[name]}", ".0%") for name in SETS if name != "floor"},
    "spread": Figure("spread, of the real one", ".2f"),
    "copies": Figure("copies", ".0%"),
    **{
        f"{name}_{measure}": Figure(f"{label}, {SETS[name]}", ".2f" if measure == "l1" else ".1f")
        for measure, label in (("l1", "log-mel L1"), ("envelope", "envelope, dB"), ("attack", "attack, ms"))
        for name in PARTS
    },
    **{
        f"{name}_{level}": Figure(f"{label}, {name}", ".1f")
        for level, label in (
            ("peak_dbfs", "peak, dBFS"),
            ("rms_dbfs", "RMS, dBFS"),
            ("loudness_lufs", "loudness, LUFS"),
        )
        for name in ("real", "generated")
    },
    **{
        f"{name}_{defect}": Figure(f"{defect.replace('_', ' ')}, {name}", ".0%")
        for defect in Defects._fields
        for name in ("real", "generated")
    },
    "halves_fad_inf": Figure("FAD∞ of two halves of its recordings", ".1f"),
    "others_fad_inf": Figure("FAD∞ to the other classes' recordings", ".1f"),
}


@dataclass(frozen=True, eq=False)
class Heard:
    """A set of clips: embeddings (clips, windows, dimension), levels (clips, 3), defects (clips, 4).

    What was sent through the chain also has its `Likeness` to the recordings, (clips, 3).
    """

    embeddings: np.ndarray
    levels: np.ndarray
    defects: np.ndarray
    likeness: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.embeddings)

    @classmethod
    def of(cls, waveforms: list[Tensor], embedder: Embedder, sample_rate: int) -> "Heard":
        """Hear waveforms (samples,) one by one. Raises ValueError as the embedder does."""
        return cls(
            np.stack([embedder.embed(waveform[None], sample_rate)[0] for waveform in waveforms]),
            np.array([levels(waveform, sample_rate) for waveform in waveforms]),
            np.array([defects(waveform, sample_rate) for waveform in waveforms]),
        )


def score_class(
    category: Category,
    reference: GaussianStatistics,
    sets: dict[str, Heard],
    train: np.ndarray | None = None,
    probe: Probe | None = None,
    draws: int = 200,
) -> dict[str, Measurement]:
    """All figures that these sets allow, in the order of `FIGURES`.

    `reference` is what distances are to; those of recordings sent through the chain are to the floor's, since to
    themselves they would be near however they sound. So the floor's distance is what an untouched recording has.
    `train` holds the embeddings of all training recordings. Clips of the set that is measured are drawn anew for the
    intervals; the reference stays.
    """
    found: dict[str, Measurement] = {}

    def measure(name: str, of: Callable[..., float], clips: np.ndarray) -> None:
        found[name] = bootstrap(of, clips, draws=draws, seed=list(FIGURES).index(name) * len(Category) + int(category))

    real, generated = sets.get("real"), sets["generated"]
    others = _gaussian(sets["floor"].embeddings) if "floor" in sets else reference
    for name in SETS:
        if name in sets:
            to = others if name in PARTS else reference
            measure(f"{name}_fad", lambda clips, to=to: frechet_distance(to, _gaussian(clips)), sets[name].embeddings)
    if len(generated) >= FEWEST_TO_EXTRAPOLATE:
        measure(
            "generated_fad_inf",
            lambda clips: extrapolated_frechet_distance(reference, clips, points=INFINITE_POINTS).value,
            generated.embeddings,
        )
    for name, heard in sets.items():
        if probe is not None and f"{name}_agreement" in FIGURES:
            hits = np.array([guess is category for guess in probe.predict(heard.embeddings)], dtype=float)
            measure(f"{name}_agreement", np.mean, hits)
        if heard.likeness is not None:
            for index, distance in enumerate(Likeness._fields):
                defined = np.isfinite(heard.likeness[:, index])
                if defined.mean() > 0.5:  # of rain, few recordings have an attack: as a class, it has none
                    measure(f"{name}_{distance}", np.mean, heard.likeness[defined, index])
        if name in ("real", "generated"):
            for index, level in enumerate(Levels._fields):
                measure(f"{name}_{level}", np.mean, heard.levels[:, index])
            for index, defect in enumerate(Defects._fields):
                measure(f"{name}_{defect}", np.mean, heard.defects[:, index].astype(float))
    if real is not None:
        for name in ("floor", "generated"):
            if name in sets:
                measure(f"{name}_kernel", lambda clips: kernel_distance(clips, real.embeddings), sets[name].embeddings)
        whole = spread(real.embeddings) if len(real) > 1 else 0.0
        if len(generated) > 1 and whole > 0:
            measure("spread", lambda clips: spread(clips) / whole, generated.embeddings)
        if train is not None:
            check = copy_check(generated.embeddings, train, real.embeddings)
            measure("copies", np.mean, (check.distances < check.threshold).astype(float))
    if real is not None and found["real_dead_silence"].value > SILENT_CLASS_SHARE:
        for name in ("real_dead_silence", "generated_dead_silence"):
            del found[name]  # no defect in a class whose recordings fall silent, too
    return {name: found[name] for name in FIGURES if name in found}


def _gaussian(clips: np.ndarray) -> GaussianStatistics:
    return GaussianStatistics.from_embeddings(clips)
