"""The training corpus as arrays: waveforms in several variations, their CEmbeds, their codes; each computed once."""

import hashlib
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from foley.dataset import TRAIN, VALIDATION, Dataset, clip_waveform, load_dataset
from foley.features.cembed import CEmbed
from foley.models.vqvae import VQVAE
from training.augment import vary_recording
from training.run import Run

PCM = 32767.0


class Corpus:
    """The clips of a run's dataset. Arrays have the shape (views, clips, ...); view 0 is the recording itself."""

    def __init__(self, run: Run):
        self.run, self.preset = run, run.preset
        with tqdm(desc="reading recordings", unit="clip", leave=False, delay=1) as bar:

            def check(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            self.dataset: Dataset = load_dataset(run.options.data, run.preset.audio, run.options.seed, check)
        clips = self.dataset.clips
        self.categories = torch.tensor([int(clip.category) for clip in clips])
        self.train = torch.tensor([i for i, clip in enumerate(clips) if clip.split == TRAIN])
        self.validation = torch.tensor([i for i, clip in enumerate(clips) if clip.split == VALIDATION])
        self._key = [
            [(str(clip.path), clip.path.stat().st_size, clip.path.stat().st_mtime_ns) for clip in clips],
            asdict(run.preset.audio),
            run.options.seed,
        ]
        if not len(self.train) or not len(self.validation):
            raise ValueError(f"{run.options.data} has too few recordings to hold some back for validation.")

    def waveforms(self) -> np.ndarray:
        """(views, clips, samples) int16."""
        audio, views = self.preset.audio, self.run.options.views
        shape = (views, len(self.dataset.clips), audio.samples)

        def fill(array: np.ndarray) -> None:
            for i, clip in enumerate(tqdm(self.dataset.clips, desc="varying recordings", unit="clip")):
                waveform = clip_waveform(clip, audio)
                for view in range(views):
                    random = np.random.default_rng([self.run.options.seed, view, i])
                    varied = vary_recording(waveform, audio.sample_rate, random, strength=float(view > 0))
                    array[view, i] = (varied.clamp(-1, 1) * PCM).round().numpy().astype(np.int16)

        return self.run.cache.array("waveforms", self._key, shape, "int16", fill)

    def cembeds(self, cembed: CEmbed) -> np.ndarray:
        """Standardised CEmbeds (views, clips, rows, frames) float16 of the waveforms."""
        waveforms = self.waveforms()
        shape = (*waveforms.shape[:2], self.preset.rows, self.preset.frames)
        key = [self._key, asdict(self.preset.mel), asdict(self.preset.encoder), fingerprint(cembed)]

        def fill(array: np.ndarray) -> None:
            self._map(waveforms, array, lambda pcm: cembed(to_float(pcm)), "CEmbeds")

        return self.run.cache.array("cembeds", key, shape, "float16", fill)

    def codes(self, cembed: CEmbed, vqvae: VQVAE) -> np.ndarray:
        """Codes (views, clips, rows, frames) int16 of the CEmbeds."""
        cembeds = self.cembeds(cembed)
        shape = (*cembeds.shape[:2], *self.preset.grid)
        key = [self._key, asdict(self.preset.vqvae), fingerprint(cembed), fingerprint(vqvae)]

        def fill(array: np.ndarray) -> None:
            self._map(cembeds, array, lambda batch: vqvae.encode(batch.float()), "codes")

        return self.run.cache.array("codes", key, shape, "int16", fill)

    @staticmethod
    @torch.inference_mode()
    def _map(source: np.ndarray, target: np.ndarray, function, what: str, batch: int = 8) -> None:
        jobs = [(v, i) for v in range(source.shape[0]) for i in range(0, source.shape[1], batch)]
        for view, i in tqdm(jobs, desc=f"computing {what}", unit="batch"):
            result = function(torch.from_numpy(np.array(source[view, i : i + batch])))
            target[view, i : i + batch] = result.numpy().astype(target.dtype)


def to_float(pcm: Tensor) -> Tensor:
    """16-bit samples as float32 in -1 ... 1."""
    return pcm.float() / PCM


def fingerprint(module: nn.Module) -> str:
    """A short name of a module's exact weights."""
    content = hashlib.sha256()
    for name, value in module.state_dict().items():
        content.update(name.encode())
        content.update(value.detach().cpu().contiguous().numpy().tobytes())
    return content.hexdigest()[:16]
