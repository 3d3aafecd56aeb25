"""Decoder and vocoder together, from codes to sound, as in neural codecs (SoundStream, Zeghidour et al. 2021).

The codes stay what they are, so the prior stays valid.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.models.vqvae import VQVAE
from foley.plots import stacked_figure
from training.batches import device_of, to_device
from training.corpus import Corpus
from training.sample_logger import WIDTH, SampleLogger, mel_only
from training.stage import OptimizerStep
from training.stages.decoder import save_decoder
from training.stages.vocoder import VALIDATION_BATCH, Segments, VocoderStage, cut_out


class CodesToWaveformOutput(NamedTuple):
    """What comes of a batch: waveforms (batch, samples), and how far decoded CEmbeds are from the recordings'."""

    waveforms: Tensor
    cembed_error: Tensor


class CodesToWaveform(nn.Module):
    """Quantized vectors to CEmbeds, and CEmbeds to waveforms.

    The excitation follows the decoded mel without a gradient: the mel has its own loss, and shall go on being one.
    """

    def __init__(self, decoder: nn.Module, vocoder: nn.Module, cembed: CEmbed):
        super().__init__()
        self.decoder, self.vocoder = decoder, vocoder
        self.restore_mel = cembed.restore_mel

    def forward(self, segments: Segments, vectors: Tensor) -> CodesToWaveformOutput:
        """`vectors` (places, code dimension, code rows, columns) are those of the segments' codes."""
        cembeds, error = segments.cembeds, torch.zeros((), device=vectors.device)
        if len(segments.places):
            decoded = cut_out(self.decoder(vectors), segments.firsts, cembeds.shape)
            error = F.mse_loss(decoded, cembeds[segments.places])
            cembeds = cembeds.index_copy(0, segments.places, decoded.to(cembeds.dtype))
        log_mel = self.restore_mel(cembeds).detach()
        return CodesToWaveformOutput(self.vocoder(cembeds, log_mel, segments.noises), error)


class CodesToWaveformStage(VocoderStage):
    """The vocoder's stage of a recipe whose `decoder_weight` is not 0: the waveform's losses reach the decoder, too."""

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE | None = None):
        super().__init__(corpus, cembed, vqvae)
        if vqvae is None:
            raise ValueError("There is no VQ-VAE yet whose decoder could be trained: train it before the vocoder.")
        self.vqvae, self.lookup, self.codes = vqvae, vqvae.quantizer.lookup, corpus.codes(cembed, vqvae)
        self.parts["vocoder"] = CodesToWaveform(vqvae.decoder, self.parts["vocoder"], cembed)

    def batch(self, number: int) -> Segments:
        return self.segments(number)

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        segments = Segments(*batch)
        output = self.parts["vocoder"](segments, self.lookup(segments.codes))
        for step in self.adversarial_steps(output.waveforms, segments.samples):
            if step.part == "vocoder":
                loss = step.loss + self.recipe.decoder_weight * output.cembed_error
                step = OptimizerStep(step.part, loss, step.report | {"cembed": output.cembed_error.detach()})
            yield step

    def validate(self, model: CodesToWaveform) -> dict[str, float]:
        """Scores of whole held-out clips through their codes."""
        totals: dict[str, float] = {}
        index = self.corpus.validation[::3]
        for part in index.split(VALIDATION_BATCH):
            segments = self._whole_segments(part, device_of(model))
            output = model(segments, self.lookup(segments.codes))
            terms = self._distances(output.waveforms, segments.samples) | {"cembed": output.cembed_error}
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part) / len(index)
        return {"score": self.score(totals), **totals}

    def log_samples(self, model: CodesToWaveform, folder: Path) -> dict[str, str]:
        """The log-mel of a recording, of what its codes decode to and of the sound made of it, and both to be heard."""
        samples = SampleLogger(folder, self.preset)
        segments = self._whole_segments(self.corpus.validation[:1], device_of(model))
        decoded = model.decoder(self.lookup(segments.codes)).float()
        sound = model(segments, self.lookup(segments.codes)).waveforms.float()
        mels = {
            "recording": self.cembed.log_mel(segments.samples)[0].cpu(),
            "decoded": self.cembed.restore_mel(decoded)[0].cpu(),
            "vocoder": self.cembed.log_mel(sound)[0].cpu(),
        }
        samples.picture("Log-mel", stacked_figure(mels, mel_only(self.preset), WIDTH, 540))
        samples.sound("Recording", segments.samples[0])
        samples.sound("Codes to sound", sound[0])
        return samples.files

    def save(self, model: CodesToWaveform) -> None:
        """The vocoder's weights, and the decoder's into those of the VQ-VAE, whose other parts stay as they are."""
        save_decoder(self.corpus.run.model, self.vqvae, model.decoder)
        save_stage(self.corpus.run.model, self.name, model.vocoder.state_dict())

    def _whole_segments(self, clips: Tensor, device: torch.device) -> Segments:
        """Whole held-out clips, all of which come through the codebook."""
        samples, cembeds, noises = self._whole(clips)
        codes = torch.from_numpy(self.codes[0, clips.numpy()]).long()
        places, firsts = torch.arange(len(clips)), torch.zeros(len(clips), dtype=torch.long)
        return Segments(*to_device((cembeds, samples, noises, places, codes, firsts), device))
