"""A CNN that compresses an encoder's embeddings into few rows (paper 8.1), trained as an autoencoder.

It begins as the principal components, there and back, and learns what they leave: embeddings change slowly, so that
a frame's rows can hold what the rows of its neighbours do not.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from foley.features.encoder import Encoder, convolutions
from training.batches import seed_torch

BATCH = 8  # clips
LEARNING_RATE = 1e-3


class Autoencoder(nn.Module):
    """Hidden states (batch, frames, hidden_size) to themselves, through the rows of an encoder. Its way back is not
    kept: CEmbed needs none.
    """

    def __init__(self, encoder: Encoder, mean: Tensor):
        super().__init__()
        self.encoder = encoder
        rows, hidden = encoder.projection.shape
        self.back = convolutions(rows, hidden, hidden)
        self.mean = nn.Parameter(mean - (mean @ encoder.projection.T) @ encoder.projection)

    def forward(self, hidden: Tensor) -> Tensor:
        rows = self.encoder.rows_of(hidden)
        return rows.transpose(1, 2) @ self.encoder.projection + self.back(rows).transpose(1, 2) + self.mean


def fit_compression(encoder: Encoder, batches: list[Tensor], steps: int) -> Autoencoder:
    """Train an encoder's compression, in place, on hidden states of clips, (clips, frames, hidden_size) each.

    Returns the whole autoencoder, for whoever measures what is lost.
    """
    with torch.inference_mode(False), torch.enable_grad():
        hidden = torch.cat([batch.clone() for batch in batches])
        hidden = hidden[torch.isfinite(hidden).all(dim=(1, 2))]
        autoencoder = Autoencoder(encoder, hidden.mean(dim=(0, 1))).to(hidden.device)
        assert encoder.compression is not None, "the preset has no compression"
        learned = [*encoder.compression.parameters(), *autoencoder.back.parameters(), autoencoder.mean]
        optimizer = torch.optim.AdamW(learned, lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        seed_torch(0, steps)
        for _ in tqdm(range(steps), desc="fitting the compression"):
            batch = hidden[torch.randint(len(hidden), (min(BATCH, len(hidden)),), device=hidden.device)]
            loss = F.mse_loss(autoencoder(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return autoencoder


@torch.no_grad()
def share_lost(autoencoder: Autoencoder, hidden: Tensor) -> float:
    """The share of the variance of hidden states (clips, frames, hidden_size) that does not come back."""
    return float(F.mse_loss(autoencoder(hidden), hidden) / (hidden - hidden.mean(dim=(0, 1))).square().mean())
