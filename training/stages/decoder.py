"""The MVQVAE's decoder alone, on the codes as they are: the prior that was trained on them stays valid."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.models.vqvae import VQVAE
from foley.plots import stacked_figure
from training.corpus import Corpus
from training.loop import LoopSettings, OptimizerStep, device_of, draw, to_device
from training.sample_logger import WIDTH, SampleLogger, griffin_lim

BATCH = 12
CROP_CODES = 24  # frames of codes of every clip, for the same reason as in the VQ-VAE's own stage
MEL_L1_WEIGHT = 0.3  # beside the paper's squared error, which alone prefers too quiet a mean where it is unsure
LEVEL_WEIGHT = 0.1  # of each crop's level: a mean of logarithms lies below that of the loud moments


class DecoderStage:
    """Codes in, clean CEmbeds out; encoder and codebook are not touched."""

    name = "decoder"
    settings = LoopSettings(
        steps=30_000,
        learning_rate=1e-3,
        cycle_up=100,
        cycle_down=3000,
        interval=200,
        average_decay=0.995,
        weight_decay=1e-4,
    )

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE):
        self.corpus, self.preset, self.cembed, self.vqvae = corpus, corpus.preset, cembed, vqvae
        self.cembeds, self.codes = corpus.cembeds(cembed, floor=False), corpus.codes(cembed, vqvae)
        self.parts = nn.ModuleDict({"decoder": vqvae.decoder})

    def to(self, device: torch.device) -> None:
        self.vqvae.to(device)
        self.cembed.to(device)

    def batch(self, number: int) -> tuple[Tensor, ...]:
        options, frames = self.corpus.run.options, self.preset.grid[1]
        index = draw(self.corpus.train, number, options.batch or BATCH, options.seed)
        views = torch.randint(self.codes.shape[0], index.shape)
        length = min(CROP_CODES, frames)
        starts = torch.randint(frames - length + 1, index.shape)
        step = self.preset.frames // frames
        places = list(zip(views.tolist(), index.tolist(), starts.tolist(), strict=True))
        codes = [torch.tensor(self.codes[v, i, :, s : s + length]) for v, i, s in places]
        clean = [torch.tensor(self.cembeds[v, i, :, s * step : (s + length) * step]) for v, i, s in places]
        return torch.stack(codes).long(), torch.stack(clean).float()

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        codes, clean = batch
        with torch.no_grad():
            vectors = self.vqvae.quantizer.lookup(codes)
        terms = self._errors(self.parts["decoder"](vectors), clean)
        yield OptimizerStep("decoder", _score(terms), {name: value.detach() for name, value in terms.items()})

    def validate(self, model: nn.Module) -> dict[str, float]:
        totals = dict.fromkeys(("mse", "mel_l1", "level"), 0.0)
        for part in self.corpus.validation.split(BATCH):
            clean = torch.from_numpy(self.cembeds[0, part.numpy()]).float()
            codes, clean = to_device((self._codes(part), clean), device_of(model))
            errors = self._errors(model(self.vqvae.quantizer.lookup(codes)), clean)
            for name, value in errors.items():
                totals[name] += float(value) * len(part) / len(self.corpus.validation)
        return {"score": _score(totals), **totals}

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
        state = self.vqvae.state_dict() | {f"decoder.{name}": value for name, value in model.state_dict().items()}
        save_stage(self.corpus.run.model, "vqvae", state)

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


def _score(errors: dict) -> Tensor | float:
    return errors["mse"] + MEL_L1_WEIGHT * errors["mel_l1"] + LEVEL_WEIGHT * errors["level"]
