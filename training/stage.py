"""What the training loop needs of a stage."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from training.settings import LoopSettings


@dataclass(frozen=True)
class OptimizerStep:
    """One optimizer's share of a training step: which part of the stage it moves, its loss, and what to report."""

    part: str
    loss: Tensor
    report: dict[str, Tensor]


class Stage(Protocol):
    """A stage that can be trained. `parts` are its modules by name; the first is the one that is kept.

    `settings` are those of the training, which the loop sets. `score_definition` says in any words what the score of
    `validate` is made of: where it has changed, an earlier best score means nothing.
    """

    name: str
    parts: nn.ModuleDict
    settings: LoopSettings

    @property
    def score_definition(self) -> str: ...

    def to(self, device: torch.device) -> None:
        """Move to a device what the stage needs beside its parts."""

    def batch(self, number: int) -> Any:
        """The batch of that number: tensors in tuples, drawn as `training.batches` says."""
        ...

    def training_steps(self, batch: Any) -> Iterator[OptimizerStep]:
        """The losses of one step, in the order in which their parts are moved."""
        ...

    def parameter_groups(self, part: nn.Module) -> list[dict[str, Any]]:
        """A part's parameters as the optimizer takes them; `rate` of a group is over the recipe's learning rate."""
        return [{"params": list(part.parameters())}]

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Scores on held-out clips; `score` is what is to be small."""
        ...

    def log_samples(self, model: nn.Module, folder: Path) -> dict[str, str]:
        """Write pictures and sounds into a folder. Returns each one's title and file name."""
        ...

    def save(self, model: nn.Module) -> None:
        """Write the stage's weights into the run's model folder."""
