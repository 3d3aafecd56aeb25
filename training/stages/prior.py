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
from training.corpus import Corpus, to_float
from training.loop import LoopSettings, OptimizerStep, device_of, draw, to_device
from training.sample_logger import WIDTH, SampleLogger, griffin_lim, sample_codes

BATCH = 4
SILENT_DBFS = -50.0  # where the noise floor is all there is; half of the frames of dogs and coughs, more of shots
SILENCE_WEIGHT = 0.3  # of such codes in the loss: which noise it is cannot be foretold, and is not heard
DECIDING_ROWS = 4  # the lowest, drawn first: with them a sound begins or does not


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
        self.codes, self.waveforms = corpus.codes(cembed, vqvae), corpus.waveforms(floor=True)
        self.clips = corpus.balanced()
        network = PixelSNAIL(self.preset.prior, self.preset.grid, self.preset.vqvae.codebook_size)
        prior = corpus.run.initialized(self.name, network)
        self.parts = nn.ModuleDict({"prior": add_weight_norm(prior)})

    def to(self, device: torch.device) -> None:
        """Nothing but the parts is needed there."""

    def batch(self, number: int) -> tuple[Tensor, ...]:
        options = self.corpus.run.options
        index = draw(self.clips, number, options.batch or BATCH, options.seed)
        return self._codes(torch.randint(self.codes.shape[0], index.shape), index)

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        codes, categories, weights = batch
        logits = self.parts["prior"](codes, categories)
        entropies = F.cross_entropy(logits, codes, reduction="none")
        loss = _weighted(entropies, weights)
        report = {"audible_loss": loss, "loss": entropies.mean(), "accuracy": _accuracy(logits, codes)}
        yield OptimizerStep("prior", loss, {name: value.detach() for name, value in report.items()})

    def validate(self, model: nn.Module) -> dict[str, float]:
        totals = dict.fromkeys(("audible_loss", "loss", "accuracy"), 0.0)
        for part in self.corpus.validation.split(BATCH):
            batch = self._codes(torch.zeros_like(part), part)
            codes, categories, weights = to_device(batch, device_of(model))
            logits = model(codes, categories)
            entropies = F.cross_entropy(logits, codes, reduction="none")
            found = (_weighted(entropies, weights), entropies.mean(), _accuracy(logits, codes))
            for name, value in zip(totals, found, strict=True):
                totals[name] += float(value) * len(part) / len(self.corpus.validation)
        return {"score": totals["audible_loss"], **totals}

    def log_samples(self, model: nn.Module, folder: Path) -> dict[str, str]:
        """Codes drawn for one class after the other, step by step; what they decode to, and how it sounds."""
        preset, samples = self.preset, SampleLogger(folder, self.preset)
        category = Category(int(folder.name.rpartition("-")[2]) // self.settings.interval % len(Category))
        prior = PixelSNAIL(preset.prior, preset.grid, preset.vqvae.codebook_size)
        prior.load_state_dict(folded_state(model))
        codes = sample_codes(prior.eval(), int(category))
        if codes is None:
            return samples.files
        size, seconds = preset.vqvae.codebook_size, preset.audio.duration_s
        samples.picture(f"Drawn codes, {category.title}", code_figure(codes, size, seconds, WIDTH))
        cembed = self.vqvae.decode(codes[None])[0]
        if cembed.shape[0] == preset.rows:
            samples.picture("Decoded", cembed_figure(cembed, preset, WIDTH))
            sound = griffin_lim(self.cembed.restore_mel(cembed[None])[0], preset)
            samples.sound(f"{category.title}, seed 0, by Griffin-Lim", sound)
        return samples.files

    def _codes(self, views: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Codes (batch, rows, frames) of variations of clips, their categories, and their weights."""
        places = views.numpy(), index.numpy()
        codes = torch.from_numpy(self.codes[places]).long()
        power = to_float(torch.from_numpy(self.waveforms[places])).square()
        level = 10 * F.adaptive_avg_pool1d(power[:, None], codes.shape[2]).clamp(min=1e-10).log10()
        return codes, self.corpus.categories[index], weights_of(level > SILENT_DBFS, codes.shape[1])

    def save(self, model: nn.Module) -> None:
        save_stage(self.corpus.run.model, self.name, folded_state(model))


def weights_of(loud: Tensor, rows: int) -> Tensor:
    """The weights (batch, rows, frames) in the loss of codes whose frames are `loud` (batch, 1, frames) or silent.

    A weight must not depend on what is to be foretold, or beginnings would come more often than they do: the deciding
    rows go by the frame before, the others, which follow them, by the louder of both.
    """
    before = F.pad(loud[:, :, :-1], (1, 0), value=True)
    deciding = min(DECIDING_ROWS, rows)
    audible = torch.cat([before.expand(-1, deciding, -1), (before | loud).expand(-1, rows - deciding, -1)], dim=1)
    return torch.where(audible, 1.0, SILENCE_WEIGHT)


def _weighted(entropies: Tensor, weights: Tensor) -> Tensor:
    """The mean of (batch, rows, frames) by weights of the same shape, of each clip by itself."""
    return ((entropies * weights).mean(dim=(1, 2)) / weights.mean(dim=(1, 2))).mean()


def _accuracy(logits: Tensor, codes: Tensor) -> Tensor:
    return (logits.argmax(dim=1) == codes).float().mean().detach()
