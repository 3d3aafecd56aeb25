"""The sizes of the tests' models: the studio preset with everything small."""

import dataclasses
import json
from pathlib import Path

import torch

from foley.checkpoints import save_stage, write_config
from foley.features.cembed import CEmbed
from foley.models.prior import make_prior
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.presets import STUDIO, Preset

TINY = {
    "encoder.hidden_size": 64,
    "encoder.layers": 1,
    "encoder.heads": 2,
    "encoder.feed_forward": 64,
    "encoder.convolution_channels": [4, 4, 8, 8, 8, 8, 16],
    "vqvae.stem_channels": 4,
    "vqvae.channels": 8,
    "vqvae.residual_channels": 8,
    "vqvae.code_dimension": 8,
    "vqvae.codebook_size": 32,
    "prior.channels": 16,
    "prior.blocks": 1,
    "prior.residual_blocks": 1,
    "prior.residual_channels": 8,
    "prior.heads": 2,
    "prior.diffusion.channels": 16,
    "prior.diffusion.layers": 1,
    "prior.diffusion.heads": 2,
    "prior.diffusion.sampling_steps": 4,
    "vocoder.channels": 16,
    "vocoder.residual_kernels": [3],
    "vocoder.residual_dilations": [1],
}
# Training costs as much as its clips and batches are long, whatever they are to show.
SECONDS = 1.28  # 24 columns of codes, and nothing over
SHORT = {
    "audio.duration_s": SECONDS,
    "training.vqvae.batch": 2,
    "training.prior.batch": 2,
    "training.vocoder.batch": 2,
    "training.vocoder.segment_frames": 8,
}


def tiny_preset(seconds: float = STUDIO.audio.duration_s) -> Preset:
    """The studio preset with everything small: few channels, and the same rows; takes are `seconds` long."""
    tiny = dataclasses.replace(STUDIO, name="tiny")
    for path, value in TINY.items():
        tiny = tiny.override(path, value)
    return tiny.override("audio.duration_s", seconds)


def tiny_options() -> list[str]:
    """The same sizes, with short clips and small batches, as options of `python -m training` for `studio`."""
    sizes = TINY | SHORT
    return [f"--set={path}={json.dumps(value, separators=(',', ':'))}" for path, value in sizes.items()]


def tiny_checkpoint(
    folder: Path, seconds: float = STUDIO.audio.duration_s, hears: bool = False, kind: str = "pixelsnail"
) -> Path:
    """A whole checkpoint folder of random weights, without training; its takes are `seconds` long.

    With `hears` its prior has places for knobs and contours; `kind` is the prior's.
    """
    preset = tiny_preset(seconds).override("prior.kind", kind)
    if hears:
        for name, value in (("knob_bins", 4), ("contour", True), ("control_channels", 4)):
            preset = preset.override(f"prior.{name}", value)
    torch.manual_seed(0)
    write_config(folder, preset)
    cembed = CEmbed(preset)
    cembed.mean[: preset.mel.rows] = -5.0
    cembed.scale[: preset.mel.rows] = 2.0
    save_stage(folder, "cembed", cembed.state_dict())
    save_stage(folder, "vqvae", VQVAE(preset.vqvae).state_dict())
    prior = make_prior(preset)
    for name, parameter in prior.named_parameters():
        if name.endswith(".controls.weight"):
            parameter.data *= 3  # before training, what is asked for is hardly heard
    save_stage(folder, "prior", prior.state_dict())
    save_stage(folder, "vocoder", Vocoder(preset).state_dict())
    return folder
