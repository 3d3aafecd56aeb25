"""What takes are worth as training data: train a classifier on takes alone and test it on recordings.

Once on a frozen embedding (`probe.Probe`), and once from nothing, by a small network on log-mels: the latter cannot
lean on what an embedder knows already.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

BANDS, FRAMES = 64, 100  # of the picture that the network sees
MOST_STEPS, EPOCHS, BATCH, RATE = 240, 30, 32, 3e-3
MOST_SHIFT = 10  # frames that a picture is moved by in training
CHANNELS = (16, 32, 64)


def mel_picture(log_mel: Tensor) -> Tensor:
    """Log-mel (rows, frames), natural logarithm, to a picture (64, 100) of it, about -1 to 1."""
    picture = F.adaptive_avg_pool2d(log_mel[None], (BANDS, FRAMES))[0]
    return (picture + 6) / 4


def train_and_test(
    train: Tensor,
    train_labels: Sequence[int],
    test: Tensor,
    test_labels: Sequence[int],
    seed: int = 0,
    steps: int | None = None,
) -> np.ndarray:
    """Train the network on pictures (clips, 64, 100) and labels; which of the test pictures it names right, (tests,).

    Labels are whole numbers from 0. `steps` are 30 epochs, 240 at most, when not given. Raises ValueError for labels
    that do not fit the pictures.
    """
    if len(train) != len(train_labels) or len(test) != len(test_labels) or not len(train):
        raise ValueError(f"There are {len(train)} and {len(test)} pictures, but not as many labels.")
    labels = torch.tensor(list(train_labels))
    steps = steps or min(MOST_STEPS, -(-EPOCHS * len(train) // BATCH))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(int(max(*train_labels, *test_labels)) + 1)
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        network.train()
        for _ in range(steps):
            index = torch.randint(len(train), (BATCH,))
            shift = int(torch.randint(-MOST_SHIFT, MOST_SHIFT + 1, ()))
            pictures = train[index].roll(shift, dims=2) + 0.1 * torch.randn(BATCH, 1, 1)
            loss = F.cross_entropy(network(pictures.unsqueeze(1)), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.no_grad():
        found = torch.cat([network(part.unsqueeze(1)).argmax(dim=1) for part in test.split(64)])
    return (found == torch.tensor(list(test_labels))).numpy()


def _network(classes: int) -> nn.Sequential:
    """Three convolutions of stride 2 and the mean over what is left, (batch, 1, 64, 100) to (batch, classes)."""
    layers: list[nn.Module] = []
    for before, after in pairwise((1, *CHANNELS)):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(CHANNELS[-1], classes)
    )
