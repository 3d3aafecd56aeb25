"""The prior: predict every code of a clip from those before it and the class (paper 3.5)."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.categories import Category
from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.models.pixelsnail import PixelSNAIL
from foley.models.vqvae import VQVAE
from foley.models.weight_norm import add_weight_norm, folded_state
from foley.plots import cembed_figure, code_figure
from training.corpus import Corpus
from training.loop import LoopSettings, Turn, device_of, draw, to_device
from training.shows import WIDTH, Show, draw_codes, griffin_lim

BATCH = 4
CLASS_STRENGTH = 1.2  # of what is saved: classes a little further apart than they were learned are told apart better


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
        average_decay=0.997,
    )

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE):
        self.corpus, self.preset, self.cembed, self.vqvae = corpus, corpus.preset, cembed, vqvae
        self.codes = corpus.codes(cembed, vqvae)
        prior = PixelSNAIL(self.preset.prior, self.preset.grid, self.preset.vqvae.codebook_size)
        prior = corpus.run.begun(self.name, prior)
        if corpus.run.options.start:
            prior.load_state_dict(set_apart(prior.state_dict(), 1 / CLASS_STRENGTH))
        self.parts = nn.ModuleDict({"prior": add_weight_norm(prior)})

    def to(self, device: torch.device) -> None:
        """Nothing but the parts is needed there."""

    def batch(self, number: int) -> tuple[Tensor, ...]:
        options = self.corpus.run.options
        index = draw(self.corpus.train, number, options.batch or BATCH, options.seed)
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
            codes, categories = to_device((codes, self.corpus.categories[part]), device_of(model))
            logits = model(codes, categories)
            share = len(part) / len(self.corpus.validation)
            loss += float(F.cross_entropy(logits, codes)) * share
            accuracy += float(_accuracy(logits, codes)) * share
        return {"score": loss, "loss": loss, "accuracy": accuracy}

    def show(self, model: nn.Module, folder: Path) -> dict[str, str]:
        """Codes drawn for one class after the other, step by step; what they decode to, and how it sounds."""
        preset, show = self.preset, Show(folder, self.preset)
        category = Category(int(folder.name.rpartition("-")[2]) // self.settings.interval % len(Category))
        prior = PixelSNAIL(preset.prior, preset.grid, preset.vqvae.codebook_size)
        prior.load_state_dict(folded_state(model))
        codes = draw_codes(prior.eval(), int(category))
        if codes is None:
            return show.files
        size, seconds = preset.vqvae.codebook_size, preset.audio.duration_s
        show.picture(f"Drawn codes, {category.title}", code_figure(codes, size, seconds, WIDTH))
        cembed = self.vqvae.decode(codes[None])[0]
        if cembed.shape[0] == preset.rows:
            show.picture("Decoded", cembed_figure(cembed, preset, WIDTH))
            sound = griffin_lim(self.cembed.restore_mel(cembed[None])[0], preset)
            show.sound(f"{category.title}, seed 0, by Griffin-Lim", sound)
        return show.files

    def save(self, model: nn.Module) -> None:
        save_stage(self.corpus.run.model, self.name, set_apart(folded_state(model)))


def set_apart(state: dict[str, Tensor], strength: float = CLASS_STRENGTH) -> dict[str, Tensor]:
    """A prior's state whose class embeddings are `strength` times as far from their mean; maps stay as they are."""
    name = "condition.network.weight"
    if name not in state:
        return state
    centre = state[name].mean(dim=0)
    return state | {name: centre + strength * (state[name] - centre)}


def _accuracy(logits: Tensor, codes: Tensor) -> Tensor:
    return (logits.argmax(dim=1) == codes).float().mean().detach()
