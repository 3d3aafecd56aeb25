"""The vector quantizer: a codebook followed by exponential moving averages (van den Oord et al. 2017, appendix A)."""

import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn import functional as F

KMEANS_ITERATIONS = 12
SMALLEST_COUNT = 1e-5


class VectorQuantizer(nn.Module):
    """Vectors (batch, dimension, rows, frames) to their nearest codebook vectors and codes (batch, rows, frames).

    In training the codebook starts as k-means centres of the first batch and follows the vectors by moving averages. A
    code used less than `threshold_ema_dead_code` of an even use is re-initialized to a vector of the batch. Batches
    that hold a number that is not finite change nothing. `eval()` gives exactly the lookup of the codes it returns.
    """

    codebook: Tensor
    codebook_sum: Tensor
    usage: Tensor
    started: Tensor

    def __init__(self, dimension: int, codebook_size: int, decay: float = 0.99, threshold_ema_dead_code: float = 0.02):
        super().__init__()
        self.decay, self.threshold_ema_dead_code = decay, threshold_ema_dead_code
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
        vectors = vectors.float()
        flat = vectors.movedim(1, -1).reshape(-1, self.codebook.shape[1])
        learns = self.training and _finite_everywhere(flat)
        if learns and not self.started:
            self._start(flat.detach())
        codes = self.nearest(flat)
        quantized = self.lookup(codes.view(vectors.shape[0], *vectors.shape[2:]))
        if learns:
            self._follow(flat.detach(), codes)
        distance = F.mse_loss(vectors, quantized.detach())
        # straight-through estimator: the decoder's gradient reaches the encoder as if nothing had been rounded
        passed = vectors + (quantized - vectors).detach()
        return passed, codes.view(vectors.shape[0], *vectors.shape[2:]), distance

    def nearest(self, flat: Tensor) -> Tensor:
        """Codes (vectors,) nearest to vectors (vectors, dimension), equation 3."""
        # float32 in mixed precision, too: in bfloat16 one code in fourteen is another one
        with torch.autocast(flat.device.type, enabled=False):
            distance = self.codebook.square().sum(dim=1) - 2 * flat.to(self.codebook.dtype) @ self.codebook.T
        return distance.argmin(dim=1)

    def lookup(self, codes: Tensor) -> Tensor:
        """Codes (batch, rows, frames) to their vectors (batch, dimension, rows, frames), equation 2."""
        return F.embedding(codes, self.codebook).movedim(-1, 1)

    @torch.no_grad()
    def _start(self, flat: Tensor) -> None:
        centres = self._sample(flat)
        for _ in range(KMEANS_ITERATIONS):
            with torch.autocast(flat.device.type, enabled=False):
                nearest = torch.cdist(flat, centres).argmin(dim=1)
            total, count = self._totals(flat, nearest)
            empty = count == 0
            centres = torch.where(empty[:, None], self._sample(flat), total / count.clamp(min=1)[:, None])
        self.codebook.copy_(centres)
        self.codebook_sum.copy_(centres)
        self.usage.fill_(1.0)
        self.started.fill_(True)

    @torch.no_grad()
    def _follow(self, flat: Tensor, codes: Tensor) -> None:
        total, count = self._totals(flat, codes)
        self.usage.mul_(self.decay).add_(count, alpha=1 - self.decay)
        self.codebook_sum.mul_(self.decay).add_(total, alpha=1 - self.decay)
        dead = self.usage < self.threshold_ema_dead_code * self.usage.mean()
        replacements = self._sample(flat)
        self.usage.copy_(torch.where(dead, self.usage.mean(), self.usage))
        self.codebook_sum.copy_(torch.where(dead[:, None], replacements * self.usage[:, None], self.codebook_sum))
        self.codebook.copy_(self.codebook_sum / self.usage[:, None].clamp(min=SMALLEST_COUNT))

    def _totals(self, flat: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Sum and number of the vectors of each code, over all processes."""
        total = torch.zeros_like(self.codebook).index_add_(0, codes, flat.to(self.codebook.dtype))
        count = torch.zeros_like(self.usage).index_add_(0, codes, torch.ones_like(codes, dtype=self.usage.dtype))
        if _is_distributed():
            torch.distributed.all_reduce(total)
            torch.distributed.all_reduce(count)
        return total, count

    def _sample(self, flat: Tensor) -> Tensor:
        """Random vectors (codebook size, dimension) of the batches of all processes, the same on all of them."""
        processes = torch.distributed.get_world_size() if _is_distributed() else 1
        chosen = torch.randint(processes * flat.shape[0], (self.size,), device=flat.device)
        if not _is_distributed():
            return flat[chosen].to(self.codebook.dtype)
        torch.distributed.broadcast(chosen, src=0)
        own = chosen.div(flat.shape[0], rounding_mode="floor") == torch.distributed.get_rank()
        sampled = torch.where(own[:, None], flat[chosen % flat.shape[0]], 0).to(self.codebook.dtype)
        torch.distributed.all_reduce(sampled)
        return sampled


def perplexity(codes: Tensor, codebook_size: int) -> Tensor:
    """How many codes are in use: the exponential of the entropy of their distribution."""
    share = torch.bincount(codes.flatten(), minlength=codebook_size).float() / codes.numel()
    return (-(share * share.clamp(min=1e-10).log()).sum()).exp()


def _finite_everywhere(flat: Tensor) -> bool:
    """Whether the vectors of all processes are finite: they must all learn, or none."""
    finite = torch.isfinite(flat).all().int()
    if _is_distributed():
        torch.distributed.all_reduce(finite, op=torch.distributed.ReduceOp.MIN)
    return bool(finite)


def _is_distributed() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
