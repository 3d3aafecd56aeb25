"""The MVQVAE's class head (paper 3.4.1), fitted to the end once its encoder is trained.

In the paper's loss it weighs a hundredth and shapes the encoder; on the way it stays far from the best that the same
vectors allow. As a linear layer on fixed vectors it is a convex problem with one answer.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.features.cembed import CEmbed
from foley.models.vqvae import VQVAE
from training.corpus import Corpus

VIEWS = 2  # of every recording: more of them are hardly other clips
PENALTY = 0.05  # on squared weights, beside the sum of all clips' cross-entropy
MOST_ITERATIONS = 500
BATCH = 16


def fit_class_head(corpus: Corpus, cembed: CEmbed, vqvae: VQVAE) -> None:
    """Fit the head, in place, on the mean vectors of all training clips."""
    views = min(VIEWS, corpus.run.options.views)
    vectors = torch.cat([_mean_vectors(corpus, cembed, vqvae, view) for view in range(views)])
    _fit(vqvae.class_head, vectors, corpus.categories[corpus.train].repeat(views))


def _fit(head: nn.Linear, vectors: Tensor, categories: Tensor) -> None:
    """Logistic regression of categories (clips,) on vectors (clips, dimension), standardised on the way."""
    mean, scale = vectors.mean(dim=0), vectors.std(dim=0).clamp(min=1e-6)
    standard = (vectors - mean) / scale
    weight = torch.zeros(head.weight.shape, requires_grad=True)
    bias = torch.zeros(head.bias.shape, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=MOST_ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        entropy = F.cross_entropy(F.linear(standard, weight, bias), categories, reduction="sum")
        value = (entropy + PENALTY * weight.square().sum()) / len(vectors)
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        head.weight.copy_(weight / scale)
        head.bias.copy_(bias - (weight / scale) @ mean)


@torch.inference_mode()
def _mean_vectors(corpus: Corpus, cembed: CEmbed, vqvae: VQVAE, view: int) -> Tensor:
    """What the head hears of a variation of every training recording: (clips, code dimension)."""
    cembeds, vqvae = corpus.cembeds(cembed, floor=True), vqvae.to(corpus.device).eval()
    clips = (torch.from_numpy(np.array(cembeds[view, part.numpy()])).float() for part in corpus.train.split(BATCH))
    return torch.cat([vqvae.vectors(clip.to(corpus.device)).mean(dim=(2, 3)).cpu() for clip in clips])
