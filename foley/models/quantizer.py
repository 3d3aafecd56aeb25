"""The vector quantizer: a codebook followed by exponential moving averages (van den Oord et al. 2017, appendix A)."""

import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn import functional as F

DEAD_SHARE = 0.02  # a code used less than this share of an even use is moved to a vector of the batch


class VectorQuantizer(nn.Module):
    """Vectors (batch, dimension, rows, frames) to their nearest codebook vectors and codes (batch, rows, frames).

    In training the codebook starts as k-means centres of the first batch, follows the vectors by moving averages,
    and codes that die are revived. `eval()` gives exactly the lookup of the codes it returns.
    """

    def __init__(self, dimension: int, codebook_size: int, decay: float = 0.99):
        super().__init__()
        self.decay = decay
        codebook = torch.randn(codebook_size, dimension)
        self.register_buffer("codebook", codebook)
        self.register_buffer("codebook_sum", codebook.clone())
        self.register_buffer("usage", torch.ones(codebook_size))
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    @property
    def size(self) -> int:
        return self.codebook.shape[0]

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantized vectors (gradients pass straight through), codes, and the mean squared distance to the codes.

        The distance, ||z_e - sg(e)||^2 of equation 4, is what the commitment weight multiplies.
        """
        flat = vectors.movedim(1, -1).reshape(-1, self.codebook.shape[1])
        if self.training and not self.started:
            self._start(flat.detach().float())
        codes = self.nearest(flat)
        quantized = self.lookup(codes.view(vectors.shape[0], *vectors.shape[2:]))
        if self.training:
            self._follow(flat.detach().float(), codes)
        distance = F.mse_loss(vectors, quantized.detach())
        passed = vectors + (quantized - vectors).detach()
        return passed, codes.view(vectors.shape[0], *vectors.shape[2:]), distance

    def nearest(self, flat: Tensor) -> Tensor:
        """Codes (vectors,) nearest to vectors (vectors, dimension), equation 3."""
        distance = self.codebook.square().sum(dim=1) - 2 * flat.to(self.codebook.dtype) @ self.codebook.T
        return distance.argmin(dim=1)

    def lookup(self, codes: Tensor) -> Tensor:
        """Codes (batch, rows, frames) to their vectors (batch, dimension, rows, frames), equation 2."""
        return F.embedding(codes, self.codebook).movedim(-1, 1)

    @torch.no_grad()
    def _start(self, flat: Tensor, iterations: int = 12) -> None:
        centres = self._draw(flat, self.size)
        for _ in range(iterations):
            nearest = torch.cdist(flat, centres).argmin(dim=1)
            total, count = self._totals(flat, nearest)
            empty = count == 0
            centres = torch.where(empty[:, None], self._draw(flat, self.size), total / count.clamp(min=1)[:, None])
        self.codebook.copy_(centres)
        self.codebook_sum.copy_(centres)
        self.usage.fill_(1.0)
        self.started.fill_(True)

    @torch.no_grad()
    def _follow(self, flat: Tensor, codes: Tensor) -> None:
        total, count = self._totals(flat, codes)
        if not torch.isfinite(total).all():
            return  # the loop skips such a step, too; a codebook would keep it for good
        self.usage.mul_(self.decay).add_(count, alpha=1 - self.decay)
        self.codebook_sum.mul_(self.decay).add_(total, alpha=1 - self.decay)
        dead = self.usage < DEAD_SHARE * self.usage.mean()
        revived = self._draw(flat, self.size)
        self.usage.copy_(torch.where(dead, self.usage.mean(), self.usage))
        self.codebook_sum.copy_(torch.where(dead[:, None], revived * self.usage[:, None], self.codebook_sum))
        self.codebook.copy_(self.codebook_sum / self.usage[:, None].clamp(min=1e-5))

    def _totals(self, flat: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Sum and number of the vectors of each code, over all processes."""
        total = torch.zeros_like(self.codebook).index_add_(0, codes, flat.to(self.codebook.dtype))
        count = torch.zeros_like(self.usage).index_add_(0, codes, torch.ones_like(codes, dtype=self.usage.dtype))
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(total)
            torch.distributed.all_reduce(count)
        return total, count

    def _draw(self, flat: Tensor, number: int) -> Tensor:
        """Random vectors of the batch, the same on all processes."""
        drawn = flat[torch.randint(flat.shape[0], (number,), device=flat.device)].to(self.codebook.dtype)
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.broadcast(drawn, src=0)
        return drawn


def perplexity(codes: Tensor, codebook_size: int) -> Tensor:
    """How many codes are in use: the exponential of the entropy of their distribution."""
    share = torch.bincount(codes.flatten(), minlength=codebook_size).float() / codes.numel()
    return (-(share * share.clamp(min=1e-10).log()).sum()).exp()
