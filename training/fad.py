"""The Fréchet distance of a prior's takes to recordings while it is trained: 32 takes of each class (paper 3.1)."""

from functools import cached_property

import numpy as np
import torch

from foley.categories import Category
from foley.checkpoints import load_stage
from foley.evaluation.chain import griffin_lim
from foley.evaluation.embedders.registry import load_embedder
from foley.evaluation.metrics.frechet import GaussianStatistics, frechet_distance
from foley.features.cembed import CEmbed
from foley.models.prior import Prior
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.sampling import Sampler
from foley.sampling.noise import white_noise
from training.corpus import Corpus, to_float

TAKES = 32  # of each class
BATCH = 8


class TakeDistance:
    """Measures a prior. Codes become sound by the run's own vocoder, or by Griffin-Lim while it has none."""

    def __init__(self, corpus: Corpus, cembed: CEmbed, vqvae: VQVAE):
        self.corpus, self.preset, self.cembed, self.vqvae = corpus, corpus.preset, cembed, vqvae
        self.embedder = load_embedder(cache=corpus.run.cache.folder / "embeddings")

    @torch.inference_mode()
    def measure(self, prior: Prior) -> dict[str, float]:
        """The distance of each class as `fad_CLASS`, and as `fad` their mean."""
        sampler, vocoder = Sampler(prior), self._vocoder()
        distances = {}
        for category, reference in self.references.items():
            batches = [list(range(first, min(first + BATCH, TAKES))) for first in range(0, TAKES, BATCH)]
            takes = [self._embeddings(sampler, vocoder, category, seeds) for seeds in batches]
            statistics = GaussianStatistics.from_embeddings(np.concatenate(takes))
            distances[f"fad_{category.name}"] = frechet_distance(reference, statistics)
        return {"fad": sum(distances.values()) / len(distances), **distances}

    @cached_property
    def references(self) -> dict[Category, GaussianStatistics]:
        """The recordings' statistics, of all classes that have at least two."""
        waveforms, rate = self.corpus.waveforms(floor=False)[0], self.preset.audio.sample_rate
        found = {}
        for category in Category:
            clips = torch.where(self.corpus.categories == int(category))[0]
            if len(clips) > 1:
                recordings = to_float(torch.from_numpy(np.array(waveforms[clips.numpy()])))
                found[category] = GaussianStatistics.from_embeddings(self.embedder.embed(recordings, rate))
        return found

    def _embeddings(
        self, sampler: Sampler, vocoder: Vocoder | None, category: Category, seeds: list[int]
    ) -> np.ndarray:
        *_, last = sampler.sample([int(category)] * len(seeds), seeds)
        cembed = self.vqvae.cpu().decode(last.codes.cpu())
        cembed = torch.nn.functional.pad(cembed, (0, 0, 0, self.preset.rows - cembed.shape[1]))
        log_mel = self.cembed.cpu().restore_mel(cembed)
        samples = cembed.shape[2] * self.preset.mel.hop_length
        if vocoder is None:
            waveforms = griffin_lim(log_mel, self.cembed.log_mel)
        else:
            waveforms = vocoder(
                cembed, log_mel, torch.from_numpy(np.stack([white_noise(seed, samples) for seed in seeds]))
            )
        return self.embedder.embed(waveforms.clamp(-1, 1), self.preset.audio.sample_rate)

    def _vocoder(self) -> Vocoder | None:
        run = self.corpus.run
        there = (run.model / "vocoder.safetensors").is_file()
        return load_stage(run.model, "vocoder", Vocoder(self.preset)) if there else None
