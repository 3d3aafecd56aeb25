"""The MVQVAE's decoder alone, on the codes as they are: the prior that was trained on them stays valid."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.models.vqvae import VQVAE
from foley.models.weight_norm import add_weight_norm
from foley.plots import stacked_figure
from training.batches import device_of, to_device
from training.corpus import Corpus
from training.mel_discriminator import MelDiscriminator, MelGame, adversarial_steps
from training.sample_logger import WIDTH, SampleLogger, griffin_lim
from training.stage import OptimizerStep
from training.stages.base import CorpusStage

VALIDATION_BATCH = 12


class DecoderStage(CorpusStage):
    """Codes in, clean CEmbeds out; encoder and codebook are not touched.

    The log-mel's L1 and the level stand beside the paper's squared error, which alone prefers too quiet a mean where
    it is unsure: a mean of logarithms lies below that of the loud moments.
    """

    name = "decoder"

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE):
        super().__init__(corpus)
        self.cembed, self.vqvae = cembed, vqvae
        self.cembeds, self.codes = corpus.cembeds(cembed, floor=False), corpus.codes(cembed, vqvae)
        self.parts = nn.ModuleDict({"decoder": vqvae.decoder})
        if self.recipe.adversarial_weight:
            self.parts["discriminator"] = add_weight_norm(MelDiscriminator(self.recipe.discriminator_channels))

    @classmethod
    def of(cls, corpus: Corpus) -> "DecoderStage":
        """The stage on what those before it have left in the run."""
        return cls(corpus, corpus.run.load_cembed(), corpus.run.load_vqvae())

    def score_weights(self) -> dict[str, float]:
        return {"mse": 1.0, "mel_l1": self.recipe.mel_l1_weight, "level": self.recipe.level_weight}

    def to(self, device: torch.device) -> None:
        self.vqvae.to(device)
        self.cembed.to(device)

    def batch(self, number: int) -> tuple[Tensor, ...]:
        clips, randoms = self.draw(number)
        codes, clean = zip(*map(self._pair, clips.tolist(), randoms), strict=True)
        return torch.stack(codes), torch.stack(clean)

    def _pair(self, clip: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Codes of a part of a variation of a clip, and its CEmbed."""
        frames = self.preset.grid[1]
        length = min(self.recipe.crop_codes, frames)
        view, start = random.integers(self.codes.shape[0]), random.integers(frames - length + 1)
        step = self.preset.frames // frames
        codes = torch.tensor(self.codes[view, clip, :, start : start + length]).long()
        return codes, torch.tensor(self.cembeds[view, clip, :, start * step : (start + length) * step]).float()

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        codes, clean = batch
        with torch.no_grad():
            vectors = self.vqvae.quantizer.lookup(codes)
        decoded = self.parts["decoder"](vectors)
        terms = self._errors(decoded, clean)
        loss, report = self.score(terms), dict(terms)
        if not self.recipe.adversarial_weight:
            yield OptimizerStep("decoder", loss, {name: value.detach() for name, value in report.items()})
            return
        mel = slice(0, self.preset.mel.rows)
        clean = clean[:, : decoded.shape[1], : decoded.shape[2]]
        game = MelGame(clean[:, mel], decoded[:, mel], self.recipe.adversarial_weight, self.recipe.features_weight)
        yield from adversarial_steps("decoder", loss, report, self.parts, game)

    def validate(self, model: nn.Module) -> dict[str, float]:
        totals: dict[str, float] = dict.fromkeys(("mse", "mel_l1", "level"), 0.0)
        for part in self.corpus.validation.split(VALIDATION_BATCH):
            clean = torch.from_numpy(self.cembeds[0, part.numpy()]).float()
            codes, clean = to_device((self._codes(part), clean), device_of(model))
            errors = self._errors(model(self.vqvae.quantizer.lookup(codes)), clean)
            for name, value in errors.items():
                totals[name] += float(value) * len(part) / len(self.corpus.validation)
        return {"score": self.score(totals), **totals}

    def log_samples(self, model: nn.Module, folder: Path) -> dict[str, str]:
        """A held-out recording's CEmbed and what its codes decode to, and how far that can be heard."""
        preset, samples = self.preset, SampleLogger(folder, self.preset)
        first = self.corpus.validation[:1]
        clean = torch.from_numpy(self.cembeds[0, first.numpy()]).float()[0]
        decoded = model(self.vqvae.quantizer.lookup(self._codes(first).to(device_of(model))))[0].float().cpu()
        if decoded.shape == clean.shape:
            samples.picture("CEmbed", stacked_figure({"recording": clean, "decoded": decoded}, preset, WIDTH))
            samples.sound("Decoded, by Griffin-Lim", griffin_lim(self.cembed.restore_mel(decoded[None])[0], preset))
        return samples.files

    def save(self, model: nn.Module) -> None:
        """Put the decoder into the VQ-VAE's weights, whose other parts stay as they are."""
        save_decoder(self.corpus.run.model, self.vqvae, model)

    def _codes(self, index: Tensor) -> Tensor:
        return torch.from_numpy(self.codes[0, index.numpy()]).long()

    def _errors(self, decoded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        clean = clean[:, : decoded.shape[1], : decoded.shape[2]]
        mel = slice(0, self.preset.mel.rows)
        return {
            "mse": F.mse_loss(decoded, clean),
            "mel_l1": F.l1_loss(decoded[:, mel], clean[:, mel]),
            "level": F.l1_loss(self._level(decoded), self._level(clean)),
        }

    def _level(self, cembed: Tensor) -> Tensor:
        """The level of each crop (batch,) as a natural logarithm of its root mean square."""
        log_power = 2 * self.cembed.restore_mel(cembed)
        return log_power.flatten(1).logsumexp(dim=1) / 2


def save_decoder(folder: Path, vqvae: VQVAE, decoder: nn.Module) -> None:
    """Write a VQ-VAE's weights with another decoder into a model folder."""
    state = vqvae.state_dict() | {f"decoder.{name}": value for name, value in decoder.state_dict().items()}
    save_stage(folder, "vqvae", state)
