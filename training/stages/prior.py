"""The prior: predict every code of a clip from those before it and the class (paper 3.5)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.categories import Category
from foley.checkpoints import save_stage
from foley.conditions.controls import Controls
from foley.features.cembed import CEmbed
from foley.models.prior import Prior, make_prior
from foley.models.vqvae import VQVAE
from foley.models.weight_norm import add_weight_norm, folded_state
from foley.plots import cembed_figure, code_figure
from training.batches import device_of, to_device
from training.controls import ControlledClips
from training.corpus import Corpus
from training.fad import TakeDistance
from training.sample_logger import WIDTH, SampleLogger, griffin_lim, sample_codes
from training.stage import OptimizerStep
from training.stages.base import CorpusStage

VALIDATION_BATCH = 4
DECIDING_ROWS = 4  # the lowest, drawn first: with them a sound begins or does not


class PriorStage(CorpusStage):
    """Next-code prediction over whole grids, all variations of every recording."""

    name = "prior"

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE):
        super().__init__(corpus)
        self.cembed, self.vqvae = cembed, vqvae
        self.codes, self.levels = corpus.codes(cembed, vqvae), corpus.levels(floor=True)
        hears = self.preset.prior.knob_bins or self.preset.prior.contour
        self.controls = ControlledClips(corpus) if hears else None
        network = corpus.run.initialized(self.name, make_prior(self.preset))
        if self.controls is not None:
            of_knobs, of_contours = self.controls.odds(self.codes, self.preset.vqvae.codebook_size)
            if network.log_odds is not None:
                network.log_odds.copy_(of_knobs)
                knobs, contours = self.controls.usual()
                network.condition.usual.copy_(knobs)
                network.condition.usual_contours.copy_(contours)
            if network.contour_odds is not None:
                network.contour_odds.copy_(of_contours)
        network.activation_checkpointing = self.recipe.activation_checkpointing
        self._distance: TakeDistance | None = None
        self.parts = nn.ModuleDict({"prior": self.prepared(network)})

    @classmethod
    def of(cls, corpus: Corpus) -> "PriorStage":
        """The stage on what those before it have left in the run."""
        return cls(corpus, corpus.run.load_cembed(), corpus.run.load_vqvae())

    @staticmethod
    def prepared(network: Prior) -> nn.Module:
        """The network as it is trained."""
        return add_weight_norm(network)

    @staticmethod
    def training_clips(corpus: Corpus) -> Tensor:
        return corpus.balanced() if corpus.preset.training.prior.balance_classes else corpus.train

    def score_weights(self) -> dict[str, float]:
        return {"controlled_loss" if self.recipe.controls_alone else "audible_loss": 1.0}

    @property
    def score_definition(self) -> str:
        return f"{super().score_definition} {self.recipe.silence_weight} {self.recipe.silence_dbfs}"

    def to(self, device: torch.device) -> None:
        """Nothing but the parts is needed there."""

    def batch(self, number: int) -> tuple[Any, ...]:
        clips, randoms = self.draw(number)
        views = np.array([random.integers(self.codes.shape[0]) for random in randoms])
        batch = self._codes(views, clips.numpy())
        if self.controls is None:
            return batch
        shares = self.recipe.controls_share, self.recipe.control_share
        return *batch, self.controls.drawn(views, clips.numpy(), randoms, *shares).bins

    def parameter_groups(self, part: nn.Module) -> list[dict[str, Any]]:
        groups: dict[bool, list[nn.Parameter]] = {False: [], True: []}
        for name, parameter in part.named_parameters():
            hears = ".controls." in name
            parameter.requires_grad_(hears or not self.recipe.controls_alone)
            groups[hears].append(parameter)
        if self.recipe.controls_alone:
            groups[False] = []
        rates = {False: 1.0, True: self.recipe.controls_rate}
        return [{"params": parameters, "rate": rates[heard]} for heard, parameters in groups.items() if parameters]

    def training_steps(self, batch: tuple[Any, ...]) -> Iterator[OptimizerStep]:
        codes, categories, weights, *controls = batch
        logits = self.parts["prior"](codes, categories, *(Controls(*part) for part in controls))
        entropies = F.cross_entropy(logits, codes, reduction="none")
        loss = _weighted(entropies, weights)
        report = {"audible_loss": loss, "loss": entropies.mean(), "accuracy": _accuracy(logits, codes)}
        yield OptimizerStep("prior", loss, {name: value.detach() for name, value in report.items()})

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Scores of nothing asked for; with controls, also the loss when all of them are heard."""
        totals: dict[str, float] = {}
        for part in self.corpus.validation.split(VALIDATION_BATCH):
            views = np.zeros(len(part), int)
            codes, categories, weights = to_device(self._codes(views, part.numpy()), device_of(model))
            logits = model(codes, categories)
            entropies = F.cross_entropy(logits, codes, reduction="none")
            found = {
                "audible_loss": _weighted(entropies, weights),
                "loss": entropies.mean(),
                "accuracy": _accuracy(logits, codes),
            }
            if self.controls is not None:
                controls = to_device(self.controls.of(views, part.numpy()).bins, device_of(model))
                logits = model(codes, categories, Controls(*controls))
                found["controlled_loss"] = _weighted(F.cross_entropy(logits, codes, reduction="none"), weights)
            for name, value in found.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part) / len(self.corpus.validation)
        return {"score": self.score(totals), **totals}

    def log_samples(self, model: nn.Module, folder: Path) -> dict[str, str]:
        """Codes sampled for one class after the other, step by step; what they decode to, and how it sounds."""
        preset, samples = self.preset, SampleLogger(folder, self.preset)
        category = Category(int(folder.name.rpartition("-")[2]) // self.settings.interval % len(Category))
        codes = sample_codes(self._plain(model), int(category))
        if codes is None:
            return samples.files
        size, seconds = preset.vqvae.codebook_size, preset.audio.duration_s
        samples.picture(f"Sampled codes, {category.title}", code_figure(codes, size, seconds, WIDTH))
        cembed = self.vqvae.decode(codes[None])[0]
        if cembed.shape[0] == preset.rows:
            samples.picture("Decoded", cembed_figure(cembed, preset, WIDTH))
            sound = griffin_lim(self.cembed.restore_mel(cembed[None])[0], preset)
            samples.sound(f"{category.title}, seed 0, by Griffin-Lim", sound)
        return samples.files

    def _codes(self, views: np.ndarray, clips: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Codes (batch, rows, frames) of variations of clips, their categories, and their weights."""
        codes = torch.from_numpy(self.codes[views, clips]).long()
        level = torch.from_numpy(self.levels[views, clips])[:, None]
        weights = weights_of(level > self.recipe.silence_dbfs, codes.shape[1], self.recipe.silence_weight)
        return codes, self.corpus.categories[clips], weights

    def measure_takes(self, model: nn.Module) -> dict[str, float]:
        """The Fréchet distance of takes to recordings, of each class and their mean."""
        if self._distance is None:
            self._distance = TakeDistance(self.corpus, self.cembed, self.vqvae)
        return self._distance.measure(self._plain(model))

    def _plain(self, model: nn.Module) -> Prior:
        """A copy without weight norm, to sample from."""
        prior = make_prior(self.preset)
        prior.load_state_dict(folded_state(model))
        return prior.eval().to(device_of(model))

    def save(self, model: nn.Module) -> None:
        save_stage(self.corpus.run.model, self.name, folded_state(model))
        if self.controls is not None:
            self.controls.save(self.corpus.run.model)


def weights_of(loud: Tensor, rows: int, silence_weight: float) -> Tensor:
    """The weights (batch, rows, frames) in the loss of codes whose frames are `loud` (batch, 1, frames) or silent.

    Which noise a silent frame holds cannot be foretold and is not heard, so it gets `silence_weight`. A weight must not
    depend on what is to be foretold, or beginnings would come more often than they do: the deciding rows go by the
    frame before, the others, which follow them, by the louder of both.
    """
    before = F.pad(loud[:, :, :-1], (1, 0), value=True)
    deciding = min(DECIDING_ROWS, rows)
    audible = torch.cat([before.expand(-1, deciding, -1), (before | loud).expand(-1, rows - deciding, -1)], dim=1)
    return torch.where(audible, 1.0, silence_weight)


def _weighted(entropies: Tensor, weights: Tensor) -> Tensor:
    """The mean of (batch, rows, frames) by weights of the same shape, of each clip by itself."""
    return ((entropies * weights).mean(dim=(1, 2)) / weights.mean(dim=(1, 2))).mean()


def _accuracy(logits: Tensor, codes: Tensor) -> Tensor:
    return (logits.argmax(dim=1) == codes).float().mean().detach()
