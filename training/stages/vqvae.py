"""The (M)VQVAE: reconstruct clean CEmbeds from masked ones through the codebook (paper 3.4)."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.models.quantizer import perplexity
from foley.models.vqvae import VQVAE, vqvae_loss
from training.augment import mask_cembed
from training.corpus import Corpus
from training.loop import LoopSettings, Turn, draw

BATCH = 16
CROP_FRAMES = 96  # of every clip: more steps for the same arithmetic than whole clips


class VQVAEStage:
    """Masked CEmbeds in, clean ones out."""

    name = "vqvae"
    settings = LoopSettings(
        steps=30_000,
        learning_rate=1e-3,
        cycle_up=100,
        cycle_down=3000,
        interval=200,
        average_decay=0.0,
        weight_decay=1e-4,
    )

    def __init__(self, corpus: Corpus, cembed: CEmbed):
        self.corpus, self.preset = corpus, corpus.preset
        self.cembeds = corpus.cembeds(cembed)
        self.parts = nn.ModuleDict({"vqvae": VQVAE(self.preset.vqvae)})

    def batch(self, step: int) -> tuple[Tensor, ...]:
        index = draw(self.corpus.train, step, BATCH, self.corpus.run.options.seed)
        views = torch.randint(self.cembeds.shape[0], index.shape)
        frames = min(CROP_FRAMES, self.preset.frames)
        starts = torch.randint((self.preset.frames - frames) // 4 + 1, index.shape) * 4
        crops = [
            torch.tensor(self.cembeds[view, i, :, start : start + frames])
            for view, i, start in zip(views, index, starts, strict=True)
        ]
        return torch.stack(crops).float(), self.corpus.categories[index]

    def turns(self, batch: tuple[Tensor, ...]) -> Iterator[Turn]:
        clean, categories = batch
        output = self.parts["vqvae"](mask_cembed(clean, self.preset.mel.rows))
        loss, report = vqvae_loss(output, clean, categories, self.preset.vqvae)
        yield Turn("vqvae", loss, report | {"perplexity": self._perplexity(output.codes)})

    def validate(self, model: VQVAE) -> dict[str, float]:
        totals: dict[str, float] = {}
        codes = []
        for part in self.corpus.validation.split(BATCH):
            clean = torch.from_numpy(self.cembeds[0, part.numpy()]).float()
            output = model(clean)
            _, report = vqvae_loss(output, clean, self.corpus.categories[part], self.preset.vqvae)
            mel = slice(0, self.preset.mel.rows)
            error = (output.cembed - clean[:, : output.cembed.shape[1], : output.cembed.shape[2]]).abs()
            report["mel_l1"] = error[:, mel].mean()  # in units of the mel's standard deviation
            if output.class_logits is not None:
                named = output.class_logits.argmax(dim=1) == self.corpus.categories[part]
                report["class_accuracy"] = named.float().mean()
            for name, value in report.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part) / len(self.corpus.validation)
            codes.append(output.codes)
        used = float(self._perplexity(torch.cat(codes)))
        return {"score": totals["mse"], **totals, "perplexity": used}

    def save(self, model: VQVAE) -> None:
        save_stage(self.corpus.run.model, self.name, model.state_dict())

    def _perplexity(self, codes: Tensor) -> Tensor:
        return perplexity(codes, self.preset.vqvae.codebook_size)
