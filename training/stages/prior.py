"""The prior: predict every code of a clip from those before it and the class (paper 3.5)."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.models.pixelsnail import PixelSNAIL
from foley.models.vqvae import VQVAE
from foley.models.weight_norm import add_weight_norm, folded_state
from training.corpus import Corpus
from training.loop import LoopSettings, Turn, draw

BATCH = 4


class PriorStage:
    """Next-code prediction over whole grids, all variations of every recording."""

    name = "prior"
    settings = LoopSettings(
        steps=30_000,
        learning_rate=1e-3,
        lowest_rate=1e-5,
        cycle_up=100,
        cycle_down=3000,
        interval=150,
        average_decay=0.99,
    )

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE):
        self.corpus, self.preset = corpus, corpus.preset
        self.codes = corpus.codes(cembed, vqvae)
        prior = PixelSNAIL(self.preset.prior, self.preset.grid, self.preset.vqvae.codebook_size)
        self.parts = nn.ModuleDict({"prior": add_weight_norm(prior)})

    def batch(self, step: int) -> tuple[Tensor, ...]:
        index = draw(self.corpus.train, step, BATCH, self.corpus.run.options.seed)
        views = torch.randint(self.codes.shape[0], index.shape)
        return torch.from_numpy(self.codes[views.numpy(), index.numpy()]).long(), self.corpus.categories[index]

    def turns(self, batch: tuple[Tensor, ...]) -> Iterator[Turn]:
        codes, categories = batch
        logits = self.parts["prior"](codes, categories)
        loss = F.cross_entropy(logits, codes)
        yield Turn("prior", loss, {"loss": loss.detach(), "accuracy": _accuracy(logits, codes)})

    def validate(self, model: nn.Module) -> dict[str, float]:
        loss = accuracy = 0.0
        for part in self.corpus.validation.split(BATCH):
            codes = torch.from_numpy(self.codes[0, part.numpy()]).long()
            logits = model(codes, self.corpus.categories[part])
            share = len(part) / len(self.corpus.validation)
            loss += float(F.cross_entropy(logits, codes)) * share
            accuracy += float(_accuracy(logits, codes)) * share
        return {"score": loss, "loss": loss, "accuracy": accuracy}

    def save(self, model: nn.Module) -> None:
        save_stage(self.corpus.run.model, self.name, folded_state(model))


def _accuracy(logits: Tensor, codes: Tensor) -> Tensor:
    return (logits.argmax(dim=1) == codes).float().mean().detach()
