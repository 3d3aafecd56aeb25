"""MHiFi-GAN: CEmbeds back to sound, against discriminators, on masked and on decoded CEmbeds (paper 3.6)."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import extract_model_from_parallel
from torch import Tensor, nn

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.features.masking import mask_cembed
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.models.weight_norm import add_weight_norm
from foley.plots import stacked_figure
from training.batches import device_of, to_device
from training.corpus import Corpus, to_float
from training.discriminators import Discriminators
from training.losses import (
    DiscriminatorOutputs,
    SpectralDistance,
    discriminator_loss,
    envelope_distance,
    feature_loss,
    generator_loss,
    grain_distance,
    level_distance,
    line_distance,
    onset_distance,
)
from training.sample_logger import WIDTH, SampleLogger, mel_only
from training.stage import OptimizerStep
from training.stages.base import CorpusStage

VALIDATION_BATCH = 8
DISTANCES = {
    "level": level_distance,
    "envelope": envelope_distance,
    "lines": line_distance,
    "onset": onset_distance,
    "grain": grain_distance,
}


class Segments(NamedTuple):
    """What a batch is made of: CEmbeds (batch, rows, frames), samples and white noise (batch, samples).

    Those at `places` come through the codebook: `codes` (places, code rows, columns) have more columns than a segment,
    which begins at the frame `firsts` of what they decode to.
    """

    cembeds: Tensor
    samples: Tensor
    noises: Tensor
    places: Tensor
    codes: Tensor
    firsts: Tensor


class VocoderStage(CorpusStage):
    """Segments of recordings, against what the generator makes of their CEmbeds."""

    name = "vocoder"

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE | None = None):
        super().__init__(corpus)
        self.cembed, self.vqvae, self.device = cembed.eval(), vqvae, torch.device("cpu")
        self.waveforms, self.cembeds = corpus.waveforms(floor=False), corpus.cembeds(cembed, floor=False)
        self.codes = None if vqvae is None else corpus.codes(cembed, vqvae)
        self.distance = SpectralDistance()
        self.parts = nn.ModuleDict(
            {"vocoder": self.make_vocoder(), "discriminators": add_weight_norm(self.make_discriminators())}
        )

    @classmethod
    def of(cls, corpus: Corpus) -> "VocoderStage":
        """The stage on what those before it have left in the run; it does without a VQ-VAE where there is none."""
        has_vqvae = (corpus.run.model / "vqvae.safetensors").is_file()
        return cls(corpus, corpus.run.load_cembed(), corpus.run.load_vqvae() if has_vqvae else None)

    def make_vocoder(self) -> nn.Module:
        return self.corpus.run.initialized(self.name, Vocoder(self.preset))

    def make_discriminators(self) -> nn.Module:
        return Discriminators(self.recipe.discriminators)

    def score_weights(self) -> dict[str, float]:
        weights = {name: getattr(self.recipe, f"{name}_weight") for name in ("spectral", *DISTANCES)}
        return {name: weight / weights["spectral"] for name, weight in weights.items()}

    def to(self, device: torch.device) -> None:
        """Move what restores log-mels, measures distances and decodes codes."""
        self.device = device
        for module in (self.cembed, self.distance, *([self.vqvae] if self.vqvae is not None else [])):
            module.to(device)

    def batch(self, number: int) -> tuple[Tensor, ...]:
        """CEmbeds (batch, rows, segment), decoded, masked or as they are; their samples; and as much white noise."""
        segments = self.segments(number)
        cembeds = segments.cembeds.to(self.device)
        if len(segments.places):
            cembeds[segments.places] = self._decoded(segments)
        return cembeds, segments.samples, segments.noises

    def segments(self, number: int) -> Segments:
        """The segments of the batch of that number, before any code is decoded."""
        clips, randoms = self.draw(number)
        hop, length = self.preset.mel.hop_length, min(self.recipe.segment_frames, self.preset.frames)
        step = self.preset.frames // self.preset.grid[1]
        cembeds, waveforms, noises, coded = [], [], [], []
        for place, (clip, random) in enumerate(zip(clips.tolist(), randoms, strict=True)):
            view = random.integers(self.waveforms.shape[0])
            start = int(random.integers((self.preset.frames - length) // step + 1)) * step
            cembed = torch.tensor(self.cembeds[view, clip, :, start : start + length]).float()
            if self._decodes(number, random):
                coded.append((place, *self._codes_around(view, clip, start, length)))
            elif random.random() < self.recipe.masked_share:
                cembed = mask_cembed(cembed, self.preset.mel.rows, random, self.preset.training.masking)
            cembeds.append(cembed)
            waveforms.append(torch.tensor(self.waveforms[view, clip, start * hop : (start + length) * hop]))
            noises.append(torch.from_numpy(random.standard_normal(length * hop, dtype=np.float32)))
        places, codes, firsts = zip(*coded, strict=True) if coded else ((), (), ())
        return Segments(
            torch.stack(cembeds),
            to_float(torch.stack(waveforms)),
            torch.stack(noises),
            torch.tensor(places, dtype=torch.long),
            torch.stack(codes) if codes else torch.empty(0, *self.preset.grid, dtype=torch.long),
            torch.tensor(firsts, dtype=torch.long),
        )

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        cembed, real, noise = batch
        yield from self.adversarial_steps(self.parts["vocoder"](cembed, self.cembed.restore_mel(cembed), noise), real)

    def adversarial_steps(self, fake: Tensor, real: Tensor) -> Iterator[OptimizerStep]:
        """The discriminators' step, then that of what made the waveforms `fake` (batch, samples)."""
        discriminators = self.parts["discriminators"]
        loss = self._discriminator_loss(discriminators(real), discriminators(fake.detach()))
        yield OptimizerStep("discriminators", loss, {"discriminator": loss.detach()})
        discriminators = extract_model_from_parallel(discriminators)  # no gradients to exchange from here on
        discriminators.requires_grad_(False)
        with torch.no_grad():
            real_outputs = discriminators(real)
        loss, terms = self._generator_loss(fake, real, real_outputs, discriminators(fake))
        yield OptimizerStep("vocoder", loss, terms)
        discriminators.requires_grad_(True)

    def _discriminator_loss(self, real_outputs: DiscriminatorOutputs, fake_outputs: DiscriminatorOutputs) -> Tensor:
        """The discriminators' loss, a mean over them."""
        return discriminator_loss(real_outputs, fake_outputs)

    def _generator_loss(
        self, fake: Tensor, real: Tensor, real_outputs: DiscriminatorOutputs, fake_outputs: DiscriminatorOutputs
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's loss and its terms, for waveforms (batch, samples)."""
        terms = self._distances(fake, real)
        loss = self.recipe.spectral_weight * self.score(terms)
        terms |= {
            "features": feature_loss(real_outputs, fake_outputs),
            "adversarial": generator_loss(fake_outputs),
        }
        loss = loss + self.recipe.features_weight * terms["features"] + terms["adversarial"]
        return loss, {name: value.detach() for name, value in terms.items()}

    def validate(self, model: Vocoder) -> dict[str, float]:
        totals: dict[str, float] = {}
        index = self.corpus.validation[::3]
        for part in index.split(VALIDATION_BATCH):
            real, cembed, noise = to_device(self._whole(part), device_of(model))
            log_mel = self.cembed.restore_mel(cembed)
            fake = model(cembed, log_mel, noise)
            terms = self._distances(fake, real) | {"mel_l1": (self.cembed.log_mel(fake) - log_mel).abs().mean()}
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part) / len(index)
        return {"score": self.score(totals), **totals}

    def _distances(self, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        return {"spectral": self.distance(fake, real)} | {name: of(fake, real) for name, of in DISTANCES.items()}

    def log_samples(self, model: Vocoder, folder: Path) -> dict[str, str]:
        """The log-mel of a recording and of what the vocoder makes of it (paper figure 3), and both to be heard."""
        samples = SampleLogger(folder, self.preset)
        real, cembed, noise = to_device(self._whole(self.corpus.validation[:1]), device_of(model))
        fake = model(cembed, self.cembed.restore_mel(cembed), noise).float()
        mels = {"recording": self.cembed.log_mel(real)[0].cpu(), "vocoder": self.cembed.log_mel(fake)[0].cpu()}
        samples.picture("Log-mel", stacked_figure(mels, mel_only(self.preset), WIDTH, 360))
        samples.sound("Recording", real[0])
        samples.sound("Vocoder", fake[0])
        return samples.files

    def save(self, model: nn.Module) -> None:
        save_stage(self.corpus.run.model, self.name, model.state_dict())

    def _whole(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Waveforms, CEmbeds and noise of whole clips."""
        cembed = torch.from_numpy(self.cembeds[0, index.numpy()]).float()
        samples = cembed.shape[2] * self.preset.mel.hop_length  # clips of other lengths end within a frame
        real = to_float(torch.from_numpy(self.waveforms[0, index.numpy(), :samples]))
        return real, cembed, torch.randn(real.shape, generator=torch.Generator().manual_seed(0))

    def _decodes(self, number: int, random: np.random.Generator) -> bool:
        """Whether a segment of the batch of that number comes through the codebook."""
        if self.vqvae is None:
            return False
        batches = self.settings.steps * self.settings.accumulation * PartialState().num_processes
        is_finetuned = number >= (1 - self.recipe.finetune_share) * batches
        return is_finetuned or random.random() < self.recipe.decoded_share

    def _codes_around(self, view: int, clip: int, start: int, length: int) -> tuple[Tensor, int]:
        """Codes (rows, columns) of a segment with its surroundings, and the frame at which it begins in them.

        At the ends of a clip there are the more on the other side.
        """
        if self.codes is None:
            raise ValueError("There is no VQ-VAE yet to decode with: train it before the vocoder.")
        columns = self.preset.grid[1]
        step = self.preset.frames // columns
        width = min(-(-length // step) + 2 * self.recipe.context_codes, columns)
        first = min(max(0, start // step - self.recipe.context_codes), columns - width)
        codes = torch.from_numpy(np.array(self.codes[view, clip, :, first : first + width]))
        return codes.long(), start - first * step

    @torch.no_grad()
    def _decoded(self, segments: Segments) -> Tensor:
        """What the VQ-VAE makes of segments that come through the codebook: (such segments, rows, length)."""
        if self.vqvae is None:
            raise ValueError("There is no VQ-VAE yet to decode with: train it before the vocoder.")
        decoded = self.vqvae.decode(segments.codes.to(self.device))
        return cut_out(decoded, segments.firsts, segments.cembeds.shape)


def cut_out(decoded: Tensor, firsts: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Of CEmbeds (batch, rows, frames) the frames from their first one on, as many as `shape` (..., rows, frames) has.

    Rows that a decoder leaves out are 0.
    """
    rows, length = shape[-2:]
    decoded = torch.nn.functional.pad(decoded, (0, 0, 0, rows - decoded.shape[1]))
    pairs = zip(decoded, firsts.tolist(), strict=True)
    return torch.stack([cembed[:, first : first + length] for cembed, first in pairs])
