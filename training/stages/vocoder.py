"""MHiFi-GAN: CEmbeds back to sound, against discriminators, on masked and on decoded CEmbeds (paper 3.6)."""

from collections.abc import Iterator
from pathlib import Path

import torch
from accelerate.utils import extract_model_from_parallel
from torch import Tensor, nn

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.features.masking import mask_cembed
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.models.weight_norm import add_weight_norm
from foley.plots import stacked_figure
from training.corpus import Corpus, to_float
from training.discriminators import Discriminators
from training.loop import LoopSettings, OptimizerStep, device_of, draw, to_device
from training.losses import (
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

BATCH = 8
SEGMENT_FRAMES = 32
CONTEXT_CODES = 8  # frames of codes decoded on each side of a segment, so that its edges are as in a whole clip
DECODED_SHARE = 0.6  # of the segments that come through the codebook, once there is a VQ-VAE
MASKED_SHARE = 0.25  # of the others: who learns to mend masks all the time trusts no mel
SPECTRAL_WEIGHT = 6.0
FEATURE_WEIGHT = 2.0
DISTANCES = {
    "level": level_distance,
    "envelope": envelope_distance,
    "lines": line_distance,
    "onset": onset_distance,
    "grain": grain_distance,
}
WEIGHTS = {"spectral": SPECTRAL_WEIGHT, "level": 1.0, "envelope": 4.0, "lines": 2.0, "onset": 1.0, "grain": 0.5}


class VocoderStage:
    """Segments of recordings, against what the generator makes of their CEmbeds."""

    name = "vocoder"
    settings = LoopSettings(
        steps=100_000,
        learning_rate=4e-4,
        cycle_up=50,
        cycle_down=4000,
        interval=150,
        betas=(0.8, 0.99),
        clip_norm=5.0,
        average_decay=0.99,
    )

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE | None = None):
        self.corpus, self.preset = corpus, corpus.preset
        self.cembed, self.vqvae, self.device = cembed.eval(), vqvae, torch.device("cpu")
        self.waveforms, self.cembeds = corpus.waveforms(floor=False), corpus.cembeds(cembed, floor=False)
        self.codes = None if vqvae is None else corpus.codes(cembed, vqvae)
        self.distance = SpectralDistance()
        vocoder = corpus.run.initialized(self.name, Vocoder(self.preset))
        self.parts = nn.ModuleDict({"vocoder": vocoder, "discriminators": add_weight_norm(Discriminators())})

    def to(self, device: torch.device) -> None:
        """Move what restores log-mels, measures distances and decodes codes."""
        self.device = device
        for module in (self.cembed, self.distance, *([self.vqvae] if self.vqvae is not None else [])):
            module.to(device)

    def batch(self, number: int) -> tuple[Tensor, ...]:
        options = self.corpus.run.options
        index = draw(self.corpus.train, number, options.batch or BATCH, options.seed)
        pairs = [self._segment(int(i)) for i in index]
        cembeds, waveforms = (torch.stack(part) for part in zip(*pairs, strict=True))
        return cembeds, waveforms, torch.randn_like(waveforms)

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        cembed, real, noise = batch
        vocoder, discriminators = self.parts["vocoder"], self.parts["discriminators"]
        fake = vocoder(cembed, self.cembed.restore_mel(cembed), noise)
        loss = discriminator_loss(discriminators(real), discriminators(fake.detach()))
        yield OptimizerStep("discriminators", loss, {"discriminator": loss.detach()})
        discriminators = extract_model_from_parallel(discriminators)  # no gradients to exchange from here on
        discriminators.requires_grad_(False)
        with torch.no_grad():
            real_features = discriminators(real)
        fake_features = discriminators(fake)
        terms = self._distances(fake, real)
        loss = SPECTRAL_WEIGHT * _reconstruction(terms)
        terms |= {"features": feature_loss(real_features, fake_features), "adversarial": generator_loss(fake_features)}
        loss = loss + FEATURE_WEIGHT * terms["features"] + terms["adversarial"]
        yield OptimizerStep("vocoder", loss, {name: value.detach() for name, value in terms.items()})
        discriminators.requires_grad_(True)

    def validate(self, model: Vocoder) -> dict[str, float]:
        totals = dict.fromkeys((*WEIGHTS, "mel_l1"), 0.0)
        index = self.corpus.validation[::3]
        for part in index.split(8):
            real, cembed, noise = to_device(self._whole(part), device_of(model))
            log_mel = self.cembed.restore_mel(cembed)
            fake = model(cembed, log_mel, noise)
            found = self._distances(fake, real) | {"mel_l1": (self.cembed.log_mel(fake) - log_mel).abs().mean()}
            for name, value in found.items():
                totals[name] += float(value) * len(part) / len(index)
        return {"score": _reconstruction(totals), **totals}

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

    def _distances(self, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        return {"spectral": self.distance(fake, real)} | {name: of(fake, real) for name, of in DISTANCES.items()}

    def _whole(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Waveforms, CEmbeds and noise of whole clips."""
        cembed = torch.from_numpy(self.cembeds[0, index.numpy()]).float()
        samples = cembed.shape[2] * self.preset.mel.hop_length  # clips of other lengths end within a frame
        real = to_float(torch.from_numpy(self.waveforms[0, index.numpy(), :samples]))
        return real, cembed, torch.randn(real.shape, generator=torch.Generator().manual_seed(0))

    def _segment(self, i: int) -> tuple[Tensor, Tensor]:
        """A CEmbed (rows, segment), decoded, masked or as it is, and its samples."""
        hop, frames = self.preset.mel.hop_length, self.preset.frames
        step = self.preset.frames // self.preset.grid[1]
        length = min(SEGMENT_FRAMES, frames)
        view = int(torch.randint(self.waveforms.shape[0], ()))
        start = int(torch.randint((frames - length) // step + 1, ())) * step
        if self.vqvae is not None and torch.rand(()) < DECODED_SHARE:
            first = max(0, start // step - CONTEXT_CODES)
            codes = self.codes[view, i, :, first : (start + length) // step + CONTEXT_CODES]
            with torch.no_grad():
                decoded = self.vqvae.decode(torch.tensor(codes, device=self.device).long().unsqueeze(0))[0]
            cembed = decoded[:, start - first * step :][:, :length]
        else:
            cembed = torch.tensor(self.cembeds[view, i, :, start : start + length]).float()
            if torch.rand(()) < MASKED_SHARE:
                cembed = mask_cembed(cembed.unsqueeze(0), self.preset.mel.rows)[0]
        samples = self.waveforms[view, i, start * hop : (start + length) * hop]
        return cembed.to(self.device), to_float(torch.tensor(samples))


def _reconstruction(terms: dict) -> Tensor | float:
    """All distances by their weights, in units of the spectral one."""
    return sum(weight * terms[name] for name, weight in WEIGHTS.items()) / SPECTRAL_WEIGHT
