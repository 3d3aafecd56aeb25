"""The smallest stage of a training: a line through noisy points. Processes of tests import it without anything else."""

import sys
import time
from pathlib import Path

import torch
from torch import nn

from training.batches import draw
from training.loop import train
from training.settings import LoopSettings
from training.stage import OptimizerStep

SETTINGS = LoopSettings(
    steps=40, learning_rate=0.02, cycle_up=5, cycle_down=50, interval=10, average_decay=0.9, precision="no"
)


class Line:
    """Fit a line, with dropout so that randomness matters, or on drawn points without, so that only the clips do."""

    name = "line"
    settings = SETTINGS
    score_definition = "squared error"

    def __init__(self, poison: set[int] = frozenset(), batch: int = 8, dropout: float = 0.5, pause_s: float = 0.0):
        torch.manual_seed(1)
        self.parts = nn.ModuleDict({"line": nn.Sequential(nn.Linear(4, 16), nn.Dropout(dropout), nn.Linear(16, 1))})
        self.poison, self.saved, self.size, self.fixed, self.pause_s = poison, 0, batch, dropout == 0, pause_s
        self.points = torch.randn(64, 4, generator=torch.Generator().manual_seed(2))

    def to(self, device):
        pass

    def batch(self, number):
        time.sleep(self.pause_s)
        points = (
            self.points[draw(torch.arange(64), number, self.size, 0).clips] if self.fixed else torch.randn(self.size, 4)
        )
        target = points.sum(dim=1, keepdim=True) * (float("nan") if number in self.poison else 1.0)
        return points, target

    def training_steps(self, batch):
        loss = (self.parts["line"](batch[0]) - batch[1]).square().mean()
        yield OptimizerStep("line", loss, {"loss": loss.detach()})

    def parameter_groups(self, part: nn.Module) -> list[dict]:
        return [{"params": list(part.parameters())}]

    def validate(self, model):
        points = torch.ones(2, 4)
        return {"score": float((model(points) - 4).square().mean())}

    def log_samples(self, model, folder):
        (folder / "line.txt").write_text("a line")
        return {"Line": "line.txt"}

    def save(self, model):
        self.saved += 1


def weights(stage: Line) -> torch.Tensor:
    """All weights of a stage in a row."""
    return torch.cat([parameter.detach().flatten() for parameter in stage.parts.parameters()])


def train_line(folder: str, interval: int, pause_s: float) -> None:
    """Train to the end from whatever checkpoint is there, for a process that may be killed."""
    settings = LoopSettings(**{**vars(SETTINGS), "interval": interval})
    train(Line(pause_s=pause_s), settings, Path(folder))


if __name__ == "__main__":  # one of several processes of a launcher: train, and leave the weights in a file
    stage = Line(batch=4, dropout=0)
    train(stage, SETTINGS, Path(sys.argv[1]))
    torch.save(weights(stage), Path(sys.argv[1]) / f"weights-{torch.distributed.get_rank()}.pt")
