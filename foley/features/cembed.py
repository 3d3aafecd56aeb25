"""CEmbed (paper 3.2, figure 1): log-mel rows below, embedding rows above, standardised with kept statistics."""

from typing import cast

import torch
from torch import Tensor, nn

from foley.features.encoder import Encoder
from foley.features.mel import LogMel
from foley.presets import Preset


class CEmbed(nn.Module):
    """Waveform (batch, samples) to CEmbed (batch, rows, frames), each row standardised by `mean` and `scale`.

    The statistics and the encoder's weights are part of the checkpoint. Means are taken per row; the scale is one
    for the mel part and one for the embedding part, so that a decibel weighs the same in every band and the weak
    principal components stay weak.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, preset: Preset, encoder: nn.Module | None = None):
        """`encoder` takes the place of a new one, where the preset has any."""
        super().__init__()
        self.mel_rows = preset.mel.rows
        self.log_mel = LogMel(preset.audio, preset.mel)
        own = encoder or Encoder(preset.encoder) if preset.encoder.kind != "none" else None
        self.encoder = cast("Encoder | None", own)  # what takes its place is called as it is
        self.register_buffer("mean", torch.zeros(preset.rows))
        self.register_buffer("scale", torch.ones(preset.rows))

    def raw(self, waveform: Tensor) -> Tensor:
        """CEmbed before standardisation, (batch, rows, frames)."""
        mel = self.log_mel(waveform)
        if self.encoder is None:
            return mel
        return torch.cat([mel, self.encoder(waveform)], dim=1)

    def forward(self, waveform: Tensor) -> Tensor:
        return self.standardise(self.raw(waveform))

    def standardise(self, cembed: Tensor) -> Tensor:
        return (cembed - self.mean[:, None]) / self.scale[:, None]

    def restore(self, cembed: Tensor) -> Tensor:
        """The inverse of `standardise`."""
        return cembed * self.scale[:, None] + self.mean[:, None]

    def restore_mel(self, cembed: Tensor) -> Tensor:
        """The log-mel part (batch, mel rows, frames) in natural logarithm of a standardised CEmbed."""
        rows = slice(0, min(self.mel_rows, cembed.shape[1]))  # a decoder leaves out what its strides do not divide
        return cembed[:, rows] * self.scale[rows, None] + self.mean[rows, None]
