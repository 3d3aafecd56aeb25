"""The (M)VQVAE: reconstruct clean CEmbeds from masked and noisy ones through the codebook (paper 3.4)."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.features.masking import mask_cembed
from foley.models.quantizer import perplexity
from foley.models.vqvae import VQVAE, vqvae_loss
from foley.plots import code_figure, stacked_figure
from training.corpus import Corpus
from training.loop import LoopSettings, OptimizerStep, device_of, draw, to_device
from training.sample_logger import WIDTH, SampleLogger, griffin_lim

BATCH = 16
CROP_FRAMES = 96  # of every clip: more steps for the same arithmetic than whole clips


class VQVAEStage:
    """Masked CEmbeds over a noise floor in, clean ones out."""

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
        self.corpus, self.preset, self.cembed = corpus, corpus.preset, cembed
        self.noisy, self.cembeds = corpus.cembeds(cembed, floor=True), corpus.cembeds(cembed, floor=False)
        self.parts = nn.ModuleDict({"vqvae": corpus.run.initialized(self.name, VQVAE(self.preset.vqvae))})

    def to(self, device: torch.device) -> None:
        """Nothing but the parts is needed there."""

    def batch(self, number: int) -> tuple[Tensor, ...]:
        options = self.corpus.run.options
        index = draw(self.corpus.train, number, options.batch or BATCH, options.seed)
        views = torch.randint(self.cembeds.shape[0], index.shape)
        frames = min(CROP_FRAMES, self.preset.frames)
        starts = torch.randint((self.preset.frames - frames) // 4 + 1, index.shape) * 4
        places = list(zip(views, index, starts, strict=True))
        noisy, clean = (
            torch.stack([torch.tensor(cembeds[view, i, :, start : start + frames]) for view, i, start in places])
            for cembeds in (self.noisy, self.cembeds)
        )
        return noisy.float(), clean.float(), self.corpus.categories[index]

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        noisy, clean, categories = batch
        output = self.parts["vqvae"](mask_cembed(noisy, self.preset.mel.rows))
        loss, report = vqvae_loss(output, clean, categories, self.preset.vqvae)
        yield OptimizerStep("vqvae", loss, report | {"perplexity": self._perplexity(output.codes)})

    def validate(self, model: VQVAE) -> dict[str, float]:
        totals: dict[str, float] = {}
        codes = []
        for part in self.corpus.validation.split(BATCH):
            clean = torch.from_numpy(self.cembeds[0, part.numpy()]).float()
            clean, categories = to_device((clean, self.corpus.categories[part]), device_of(model))
            output = model(clean)
            _, report = vqvae_loss(output, clean, categories, self.preset.vqvae)
            mel = slice(0, self.preset.mel.rows)
            error = (output.cembed - clean[:, : output.cembed.shape[1], : output.cembed.shape[2]]).abs()
            report["mel_l1"] = error[:, mel].mean()  # in units of the mel's standard deviation
            if output.class_logits is not None:
                named = output.class_logits.argmax(dim=1) == categories
                report["class_accuracy"] = named.float().mean()
            for name, value in report.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part) / len(self.corpus.validation)
            codes.append(output.codes)
        used = float(self._perplexity(torch.cat(codes)))
        return {"score": totals["mse"], **totals, "perplexity": used}

    def log_samples(self, model: VQVAE, folder: Path) -> dict[str, str]:
        """A recording's CEmbed, masked, and reconstructed (paper figure 2); its codes; and how far it can be heard."""
        preset, samples = self.preset, SampleLogger(folder, self.preset)
        clean = torch.from_numpy(self.cembeds[0, self.corpus.validation[:1].numpy()]).float()
        masked = mask_cembed(clean, preset.mel.rows, torch.Generator().manual_seed(0))
        output = model(masked.to(device_of(model)))
        decoded = output.cembed.float().cpu()
        rows, frames = decoded.shape[1:]
        three = {"recording": clean[0], "masked": masked[0], "reconstructed": decoded[0]}
        three = {title: cembed[:rows, :frames] for title, cembed in three.items()}
        samples.picture("CEmbed", stacked_figure(three, preset, WIDTH))
        codes = output.codes[0].cpu()
        samples.picture("Codes", code_figure(codes, preset.vqvae.codebook_size, preset.audio.duration_s, WIDTH))
        for title in ("recording", "reconstructed"):
            log_mel = self.cembed.restore_mel(_padded(three[title], preset.rows)[None])[0]
            samples.sound(f"{title.capitalize()}, by Griffin-Lim", griffin_lim(log_mel, preset))
        return samples.files

    def save(self, model: VQVAE) -> None:
        save_stage(self.corpus.run.model, self.name, model.state_dict())

    def _perplexity(self, codes: Tensor) -> Tensor:
        return perplexity(codes, self.preset.vqvae.codebook_size)


def _padded(cembed: Tensor, rows: int) -> Tensor:
    """A CEmbed with zeros for the rows that the strides cut off."""
    return torch.nn.functional.pad(cembed, (0, 0, 0, rows - cembed.shape[0]))
