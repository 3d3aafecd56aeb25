"""The two kinds of prior over a grid of codes, by class: both are sampled by `foley.sampling.Sampler`."""

from foley.models.pixelsnail import PixelSNAIL
from foley.models.vq_diffusion import VQDiffusion
from foley.presets import Preset

Prior = PixelSNAIL | VQDiffusion


def make_prior(preset: Preset) -> Prior:
    """The prior of a preset, with random weights."""
    kind = VQDiffusion if preset.prior.kind == "diffusion" else PixelSNAIL
    return kind(preset.prior, preset.grid, preset.vqvae.codebook_size)
