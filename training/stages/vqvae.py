"""The (M)VQVAE: reconstruct clean CEmbeds from masked and noisy ones through the codebook (paper 3.4)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.features.masking import mask_cembed
from foley.models.quantizer import perplexity
from foley.models.vqvae import VQVAE, vqvae_loss
from foley.models.weight_norm import add_weight_norm
from foley.plots import code_figure, stacked_figure
from training.batches import device_of, to_device
from training.class_head import fit_class_head
from training.corpus import Corpus
from training.mel_discriminator import MelDiscriminator, MelGame, adversarial_steps
from training.sample_logger import WIDTH, SampleLogger, griffin_lim
from training.stage import OptimizerStep
from training.stages.base import CorpusStage

VALIDATION_BATCH = 16


class VQVAEStage(CorpusStage):
    """Masked CEmbeds over a noise floor in, clean ones out."""

    name = "vqvae"

    def __init__(self, corpus: Corpus, cembed: CEmbed):
        super().__init__(corpus)
        self.cembed = cembed
        self.noisy, self.cembeds = corpus.cembeds(cembed, floor=True), corpus.cembeds(cembed, floor=False)
        vqvae = corpus.run.initialized(self.name, VQVAE(self.preset.vqvae))
        if self.recipe.activation_checkpointing:
            vqvae.checkpoint_activations()
        self.parts = nn.ModuleDict({"vqvae": vqvae})
        if self.recipe.adversarial_weight:
            self.parts["discriminator"] = add_weight_norm(MelDiscriminator(self.recipe.discriminator_channels))

    @classmethod
    def of(cls, corpus: Corpus) -> "VQVAEStage":
        """The stage on what those before it have left in the run."""
        return cls(corpus, corpus.run.load_cembed())

    @staticmethod
    def finish(corpus: Corpus) -> None:
        """Fit the class head, where there is one, to the end."""
        if corpus.preset.vqvae.class_head and corpus.preset.training.vqvae.refit_class_head:
            vqvae = corpus.run.load_vqvae()
            fit_class_head(corpus, corpus.run.load_cembed(), vqvae)
            save_stage(corpus.run.model, "vqvae", vqvae.cpu().state_dict())

    def score_weights(self) -> dict[str, float]:
        return {"mse": 1.0}

    def to(self, device: torch.device) -> None:
        """Nothing but the parts is needed there."""

    def batch(self, number: int) -> tuple[Tensor, ...]:
        clips, randoms = self.draw(number)
        noisy, clean = zip(*map(self._pair, clips.tolist(), randoms), strict=True)
        return torch.stack(noisy), torch.stack(clean), self.corpus.categories[clips]

    def _pair(self, clip: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """A part of a variation of a clip, as it goes in and as it is to come out, (rows, frames) each."""
        step = self.preset.frames // self.preset.grid[1]
        frames = min(self.recipe.crop_frames or self.preset.frames, self.preset.frames)
        view = random.integers(self.cembeds.shape[0])
        start = random.integers((self.preset.frames - frames) // step + 1) * step
        noisy, clean = (
            torch.tensor(cembeds[view, clip, :, start : start + frames]).float()
            for cembeds in (self.noisy, self.cembeds)
        )
        if self.recipe.masked:
            noisy = mask_cembed(noisy, self.preset.mel.rows, random, self.preset.training.masking)
        return noisy, clean

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        noisy, clean, categories = batch
        output = self.parts["vqvae"](noisy)
        loss, report = vqvae_loss(output, clean, categories, self.preset.vqvae)
        report = report | {"perplexity": self._perplexity(output.codes)}
        decoded = output.cembed[:, : self.preset.mel.rows]
        mel = clean[:, : decoded.shape[1], : decoded.shape[2]]
        if self.recipe.mel_l1_weight:
            report["mel_l1"] = F.l1_loss(decoded, mel)
            loss = loss + self.recipe.mel_l1_weight * report["mel_l1"]
        if not self.recipe.adversarial_weight:
            yield OptimizerStep("vqvae", loss, _detached(report))
            return
        game = MelGame(mel, decoded, self.recipe.adversarial_weight, self.recipe.features_weight)
        yield from adversarial_steps("vqvae", loss, report, self.parts, game)

    def validate(self, model: VQVAE) -> dict[str, float]:
        totals: dict[str, float] = {}
        codes = []
        for part in self.corpus.validation.split(VALIDATION_BATCH):
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
        return {"score": self.score(totals), **totals, "perplexity": used}

    def log_samples(self, model: VQVAE, folder: Path) -> dict[str, str]:
        """A recording's CEmbed, masked, and reconstructed (paper figure 2); its codes; and how far it can be heard."""
        preset, samples = self.preset, SampleLogger(folder, self.preset)
        clean = torch.tensor(self.cembeds[0, int(self.corpus.validation[0])]).float()
        masked = mask_cembed(clean, preset.mel.rows, np.random.default_rng(0), preset.training.masking)
        output = model(masked[None].to(device_of(model)))
        decoded = output.cembed[0].float().cpu()
        rows, frames = decoded.shape
        three = {"recording": clean, "masked": masked, "reconstructed": decoded}
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


def _detached(report: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in report.items()}


def _padded(cembed: Tensor, rows: int) -> Tensor:
    """A CEmbed with zeros for the rows that the strides cut off."""
    return torch.nn.functional.pad(cembed, (0, 0, 0, rows - cembed.shape[0]))
