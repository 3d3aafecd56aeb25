"""The vocoder of a preset, whichever it is, called one way."""

from torch import Tensor, nn

from foley.models.hifigan import HiFiGAN
from foley.models.spectral_vocoder import SpectralVocoder
from foley.presets import Preset


class Vocoder(nn.Module):
    """Standardised CEmbed, its log-mel part and white noise to a waveform (batch, samples)."""

    def __init__(self, preset: Preset):
        super().__init__()
        self.spectral = preset.vocoder.head == "spectral"
        self.generator = SpectralVocoder(preset) if self.spectral else HiFiGAN(preset.vocoder, preset.rows)

    def forward(self, cembed: Tensor, log_mel: Tensor, noise: Tensor) -> Tensor:
        """CEmbed (batch, rows, frames), log-mel (batch, mel rows, frames), noise (batch, samples)."""
        return self.generator(cembed, log_mel, noise) if self.spectral else self.generator(cembed)
