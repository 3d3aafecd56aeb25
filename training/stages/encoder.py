"""The built-in encoder, trained the way MERT was: predict clustered log-mel units and a constant-Q transform where
the input is masked (Li et al. 2023).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor, nn
from torch.nn import functional as F

from foley.checkpoints import save_stage
from foley.features.cembed import CEmbed
from foley.features.encoder import Encoder, pad_for_frames
from foley.features.mel import LogMel
from foley.plots import spectrum_figure
from training.batches import device_of, to_device
from training.corpus import Corpus, to_float
from training.cqt import BINS, LogCQT
from training.sample_logger import WIDTH, SampleLogger
from training.stage import OptimizerStep
from training.stages.base import CorpusStage
from training.stages.statistics import fit_statistics

UNITS = 256
MASK_PROBABILITY = 0.065  # of a frame to begin a masked span
MASK_SPAN = 8
VALIDATION_BATCH = 16


class MaskedPrediction(nn.Module):
    """The encoder's network with a head for each teacher."""

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.encoder = encoder
        hidden = encoder.network.config.hidden_size
        self.units = nn.Linear(hidden, UNITS)
        self.cqt = nn.Linear(hidden, BINS)

    def forward(self, waveform: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Waveform (batch, samples), mask (batch, frames) to unit logits and log-CQT, (batch, frames, ...)."""
        states = self.encoder.network(pad_for_frames(waveform), mask_time_indices=mask).last_hidden_state
        return self.units(states), self.cqt(states)


class EncoderStage(CorpusStage):
    """Masked prediction on parts of clips."""

    name = "encoder"

    def __init__(self, corpus: Corpus):
        super().__init__(corpus)
        self.waveforms = corpus.waveforms(floor=True)
        self.cembed = corpus.run.initialized("cembed", CEmbed(self.preset))
        self.units, self.cqt = self._targets()
        sample = self.cqt[corpus.train.numpy()[::8]].astype("f4")
        sample = sample[np.isfinite(sample)]
        self.cqt_mean, self.cqt_scale = float(sample.mean()), float(sample.std())
        if self.cembed.encoder is None:
            raise ValueError("This preset has no encoder to train: its CEmbed is the log-mel alone.")
        self.parts = nn.ModuleDict({"encoder": MaskedPrediction(self.cembed.encoder)})

    @classmethod
    def of(cls, corpus: Corpus) -> "EncoderStage":
        return cls(corpus)

    @staticmethod
    def finish(corpus: Corpus) -> None:
        """Fit the projection and the statistics of CEmbed's rows with the best encoder so far."""
        fit_statistics(corpus)

    def score_weights(self) -> dict[str, float]:
        return {"unit_loss": 1.0, "cqt_loss": self.recipe.cqt_weight}

    def to(self, device: torch.device) -> None:
        """Nothing but the parts is needed there."""

    def batch(self, number: int) -> tuple[Tensor, ...]:
        clips, randoms = self.draw(number)
        frames = min(self.recipe.crop_frames or self.preset.frames, self.preset.frames)
        starts = [int(random.integers(self.preset.frames - frames + 1)) for random in randoms]
        parts = [self._clips(clip[None], start, frames) for clip, start in zip(clips, starts, strict=True)]
        return tuple(torch.cat(part) for part in zip(*parts, strict=True))

    def training_steps(self, batch: tuple[Tensor, ...]) -> Iterator[OptimizerStep]:
        loss, report = self._losses(self.parts["encoder"], batch)
        yield OptimizerStep("encoder", loss, report)

    def validate(self, model: nn.Module) -> dict[str, float]:
        generator_state = torch.get_rng_state()
        torch.manual_seed(0)
        parts = self.corpus.validation[::2].split(VALIDATION_BATCH)
        batches = (to_device(self._clips(part, 0, self.preset.frames), device_of(model)) for part in parts)
        reports = [self._losses(model, batch)[1] for batch in batches]
        torch.set_rng_state(generator_state)
        means = {name: float(torch.stack([report[name] for report in reports]).mean()) for name in reports[0]}
        return {"score": self.score(means), **means}

    def log_samples(self, model: MaskedPrediction, folder: Path) -> dict[str, str]:
        """The constant-Q transform of a recording, and what the encoder makes of it where it is masked."""
        frames, samples = self.preset.frames, SampleLogger(folder, self.preset)
        waveform, _, cqt = to_device(self._clips(self.corpus.validation[:1], 0, frames), device_of(model))
        mask = (torch.arange(frames, device=cqt.device) // (2 * MASK_SPAN) % 3 == 1)[None]
        guess = model(waveform, mask)[1].transpose(1, 2).float()
        filled = torch.where(mask[:, None], guess, cqt)
        spectra = {"recording": cqt, "seen": torch.where(mask[:, None], cqt.min(), cqt), "filled in": filled}
        spectra = {title: spectrum[0].cpu() for title, spectrum in spectra.items()}
        duration = self.preset.audio.duration_s
        samples.picture("Constant-Q", spectrum_figure(spectra, duration, self.preset.grid[1], WIDTH))
        return samples.files

    def save(self, model: MaskedPrediction) -> None:
        """Keep the encoder; its projection and the statistics are fitted when training has ended."""
        save_stage(self.corpus.run.stage(self.name), "network", model.encoder.network.state_dict())

    def _clips(self, index: Tensor, start: int, frames: int) -> tuple[Tensor, ...]:
        """Waveforms, units and standardised log-CQT of clips, from frame `start` on."""
        clips, hop, stop = index.numpy(), self.preset.mel.hop_length, start + frames
        waveform = to_float(torch.tensor(self.waveforms[0, clips, start * hop : stop * hop]))
        units = torch.tensor(self.units[clips, start:stop]).long()
        cqt = torch.tensor(self.cqt[clips, :, start:stop]).float()
        return waveform, units, (cqt - self.cqt_mean) / self.cqt_scale

    def _losses(self, model: nn.Module, batch: tuple[Tensor, ...]) -> tuple[Tensor, dict[str, Tensor]]:
        waveform, units, cqt = batch
        mask = span_mask(units.shape[0], units.shape[1]).to(units.device)
        logits, reconstruction = model(waveform, mask)
        unit_loss = F.cross_entropy(logits[mask], units[mask])
        cqt_loss = F.mse_loss(reconstruction[mask], cqt.transpose(1, 2)[mask])
        accuracy = (logits[mask].argmax(dim=1) == units[mask]).float().mean()
        report = {"unit_loss": unit_loss, "cqt_loss": cqt_loss, "unit_accuracy": accuracy}
        return self.score(report), {name: value.detach() for name, value in report.items()}

    def _targets(self) -> tuple[np.ndarray, np.ndarray]:
        """Units (clips, frames) int16 and log-CQT (clips, bins, frames) float16 of the recordings."""
        audio, mel = self.preset.audio, self.preset.mel
        clips, cache, key = self.waveforms.shape[1], self.corpus.run.cache, [self.corpus.key, UNITS, BINS]
        log_mel, log_cqt = LogMel(audio, mel), LogCQT(audio.sample_rate, mel.hop_length)

        def fill_cqt(array: np.ndarray) -> None:
            self.corpus.map(self.waveforms[:1], array[None], lambda pcm: log_cqt(to_float(pcm)), "constant-Q", log_cqt)

        def fill_units(array: np.ndarray) -> None:
            mels = np.empty((1, clips, mel.rows, self.preset.frames), np.float16)
            self.corpus.map(self.waveforms[:1], mels, lambda pcm: log_mel(to_float(pcm)), "log-mels", log_mel)
            frames = mels[0].transpose(0, 2, 1)
            train = frames[self.corpus.train.numpy()].reshape(-1, mel.rows)
            sample = np.random.default_rng(0).choice(len(train), min(len(train), 60_000), replace=False)
            kmeans = MiniBatchKMeans(UNITS, batch_size=4096, random_state=0, n_init=1)  # pyright: ignore[reportArgumentType]  its default stands for the type
            kmeans.fit(train[sample].astype("f4"))
            for i in range(clips):
                array[i] = kmeans.predict(frames[i].astype("f4"))

        frames = self.preset.frames
        units = cache.array("units", [key, mel.rows, mel.f_max], (clips, frames), "int16", fill_units)
        return units, cache.array("cqt", key, (clips, BINS, frames), "float16", fill_cqt)


def span_mask(batch: int, frames: int) -> Tensor:
    """Masked frames (batch, frames): spans of 8 that begin anywhere, drawn with torch's global generator."""
    starts = (torch.rand(batch, 1, frames) < MASK_PROBABILITY).float()
    reach = F.pad(starts, (MASK_SPAN - 1, 0))
    mask = F.max_pool1d(reach, MASK_SPAN, stride=1).squeeze(1).bool()
    mask[:, 0] |= ~mask.any(dim=1)
    return mask
