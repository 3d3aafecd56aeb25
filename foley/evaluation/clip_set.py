"""Sets of clips of a class: what an embedder and the measures of single clips say of each of them.

A class has a set for everything that is compared: held-out recordings (`real`), training recordings (`floor`: as many
as there are takes), held-out recordings sent through each part of the chain (`mel`, `mvqvae`, `vocoder`,
`reconstructed`) and takes (`generated`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from torch import Tensor

from foley.categories import Category
from foley.evaluation.chain import PARTS
from foley.evaluation.embedders.registry import Embedder
from foley.evaluation.metrics.bootstrap import Measurement
from foley.evaluation.metrics.character import character
from foley.evaluation.metrics.frechet import GaussianStatistics
from foley.evaluation.metrics.levels import defects, levels
from foley.evaluation.metrics.probe import Probe

SETS = {
    "real": "real",
    "floor": "real, other clips",
    "mel": "log-mel, Griffin-Lim",
    "mvqvae": "MVQVAE, Griffin-Lim",
    "vocoder": "vocoder, real CEmbed",
    "reconstructed": "whole chain",
    "generated": "generated",
}


@dataclass(frozen=True, eq=False)
class ClipSet:
    """Clips with their embeddings (clips, windows, dimension), and what was measured of each.

    `values` holds, by the name of a metric, a number for each clip: (clips,), NaN where it is not defined. `pictures`
    are small log-mels (clips, 64, 100) for a classifier that is trained on them, where one is.
    """

    embeddings: np.ndarray
    values: dict[str, np.ndarray] = field(default_factory=dict)
    pictures: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.embeddings)

    @classmethod
    def of_clip(cls, waveform: Tensor, sample_rate: int, embedder: Embedder) -> "ClipSet":
        """A set of one waveform (samples,), with its levels, defects and character.

        Raises ValueError as the embedder does.
        """
        measured = levels(waveform, sample_rate)._asdict() | defects(waveform, sample_rate)._asdict()
        measured |= character(waveform, sample_rate)
        values = {name: np.array([value], dtype=float) for name, value in measured.items()}
        return cls(embedder.embed(waveform[None], sample_rate), values)

    @classmethod
    def joined(cls, sets: Sequence["ClipSet"]) -> "ClipSet":
        """The clips of all these sets, of which each has the same values."""
        values = {name: np.concatenate([one.values[name] for one in sets]) for name in sets[0].values}
        pictures = [one.pictures for one in sets if one.pictures is not None]
        return cls(
            np.concatenate([one.embeddings for one in sets]), values, np.concatenate(pictures) if pictures else None
        )

    def subset(self, indices: Sequence[int]) -> "ClipSet":
        """Only the clips with these indices."""
        chosen = list(indices)
        return ClipSet(
            self.embeddings[chosen],
            {name: value[chosen] for name, value in self.values.items()},
            None if self.pictures is None else self.pictures[chosen],
        )

    def with_values(self, values: dict[str, np.ndarray]) -> "ClipSet":
        """The same clips with more numbers (clips,) for each."""
        return replace(self, values=self.values | values)


@dataclass(frozen=True, eq=False)
class ClassClips:
    """All that is known of a class when its metrics are computed.

    Attributes:
        category: the class.
        sets: its clips by the name of the set, see `SETS`.
        reference: the statistics of held-out recordings, which distances are measured to.
        train: embeddings (clips, windows, dimension) of all training recordings; None where the reference is
            statistics alone.
        probe: a classifier fitted on training recordings of all classes, or None.
        calibration: distances whose answer is known, see `metrics.calibration`.
        trained_on: by kind of classifier (`probe`, `network`) and the set it was trained on: which held-out recordings
            of this class it names right, (recordings,).
    """

    category: Category
    sets: dict[str, ClipSet]
    reference: GaussianStatistics
    train: np.ndarray | None = None
    probe: Probe | None = None
    calibration: dict[str, Measurement] = field(default_factory=dict)
    trained_on: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def reference_of(self, name: str) -> GaussianStatistics:
        """What the distance of a set is measured to: recordings that are not its own.

        Recordings sent through the chain are compared with other recordings, the floor's: to themselves they would be
        near however they sound. So the floor's distance is what an untouched recording has.
        """
        return self._floor if name in PARTS and "floor" in self.sets else self.reference

    @cached_property
    def _floor(self) -> GaussianStatistics:
        return GaussianStatistics.from_embeddings(self.sets["floor"].embeddings)
