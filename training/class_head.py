"""The MVQVAE's class head (paper 3.4.1), fitted to the end once its encoder is trained.

In the paper's loss it weighs a hundredth and shapes the encoder; on the way it stays far from the best that the same
vectors allow. As a linear layer on fixed vectors it is a convex problem with one answer: logistic regression.
"""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from foley.features.cembed import CEmbed
from foley.models.vqvae import VQVAE
from training.corpus import Corpus

VIEWS = 2  # of every recording: more of them are hardly other clips
PENALTY = 0.05  # on squared weights, beside the sum of all clips' cross-entropy
MOST_ITERATIONS = 500
BATCH = 16
NEVER = -30.0  # the logit of a class without clips, below those of all others


def fit_class_head(corpus: Corpus, cembed: CEmbed, vqvae: VQVAE) -> None:
    """Fit the head, in place, on the mean vectors of all training clips; nothing is done where there is no head."""
    if vqvae.class_head is None:
        return
    views = min(VIEWS, corpus.run.views)
    vectors = torch.cat([_mean_vectors(corpus, cembed, vqvae, view) for view in range(views)])
    vqvae.cpu()  # where the vectors are
    fit_linear_head(vqvae.class_head, vectors, corpus.categories[corpus.train].repeat(views))


def fit_linear_head(head: nn.Linear, vectors: Tensor, categories: Tensor) -> None:
    """Logistic regression of categories (clips,) on vectors (clips, dimension), in place; vectors are standardised."""
    finite = torch.isfinite(vectors).all(dim=1)
    vectors, categories = vectors[finite].double(), categories[finite]
    classes = categories.unique()
    if len(classes) < 2:  # nothing to tell apart
        with torch.no_grad():
            head.weight.zero_()
            head.bias.fill_(NEVER)
            head.bias[classes] = 0.0
        return
    mean, scale = vectors.mean(dim=0), vectors.std(dim=0).clamp(min=1e-6)
    model = LogisticRegression(C=0.5 / PENALTY, max_iter=MOST_ITERATIONS, tol=1e-6)
    model.fit(((vectors - mean) / scale).numpy(), categories.numpy())
    weight, bias = torch.from_numpy(model.coef_), torch.from_numpy(model.intercept_)
    if len(model.classes_) == 2:  # given as one row, of the second class against the first
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    with torch.no_grad():
        head.weight.zero_()
        head.weight[model.classes_] = (weight / scale).float()
        head.bias[model.classes_] = (bias - (weight / scale) @ mean).float()
        absent = sorted(set(range(len(head.bias))) - set(model.classes_.tolist()))
        head.bias[absent] = float(head(vectors.float())[:, model.classes_].min()) + NEVER


@torch.inference_mode()
def _mean_vectors(corpus: Corpus, cembed: CEmbed, vqvae: VQVAE, view: int) -> Tensor:
    """What the head sees of a variation of every training recording: (clips, code dimension)."""
    cembeds, vqvae = corpus.cembeds(cembed, floor=True), vqvae.to(corpus.device).eval()
    clips = (torch.from_numpy(np.array(cembeds[view, part.numpy()])).float() for part in corpus.train.split(BATCH))
    return torch.cat([vqvae.vectors(clip.to(corpus.device)).mean(dim=(2, 3)).cpu() for clip in clips])
