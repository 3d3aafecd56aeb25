"""What a batch is drawn with: clips by its number, and randomness that is the same for any number of processes.

All randomness is a function of the seed and of where in the training something stands. So a resumed run goes on exactly
where it was, and several processes draw between them what one with as large a batch would.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn


class Draw(NamedTuple):
    """The clips of a batch (batch,) and a source of randomness for each of them."""

    clips: Tensor
    randoms: list[np.random.Generator]


def draw(indices: Tensor, number: int, batch_size: int, seed: int) -> Draw:
    """The batch of that number: every epoch a new order of all clips, given by the seed and the epoch."""
    places = torch.arange(number * batch_size, (number + 1) * batch_size)
    epochs = places.div(len(indices), rounding_mode="floor")
    chosen = []
    for epoch in epochs.unique():
        order = torch.randperm(len(indices), generator=torch.Generator().manual_seed(seed * 1_000_003 + int(epoch)))
        chosen.append(indices[order[places[epochs == epoch] % len(indices)]])
    return Draw(torch.cat(chosen), [np.random.default_rng([seed, place]) for place in places.tolist()])


def seed_torch(*key: int) -> None:
    """Seed torch's global generator with any row of numbers that are not negative."""
    torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1))


def device_of(module: nn.Module) -> torch.device:
    """Where a module is."""
    return next(module.parameters()).device


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch (tensors in tuples) on a device."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    return tuple(to_device(item, device) for item in batch)
