"""The studio's MHiFi-GAN: white noise shaped by the mel part of the CEmbed, refined in the spectrum.

The texture of a foley (rain, engines, the tail of a shot) need not be decoded from codes: it can be excited. White
noise under the mel's spectral envelope is already near to such sounds, and it is where this network begins, with tones
where the mel has lines (`foley.models.excitation`): it predicts a complex correction and a gain for every bin of this
excitation's short-time spectrum, both zero before training.
The body is HiFi-GAN's, the last stage an inverse STFT (as in iSTFTNet, Kaneko et al. 2022).

Whatever phases it predicts, an inverse STFT spreads an attack over its window. So a gain that changes within a window
may follow, sample by sample between values a millisecond apart: one before training.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.models.excitation import make_excitation, within
from foley.models.hifigan import SLOPE, UpsamplingStages
from foley.presets import Preset

MOST_LOG_GAIN = 4.0
NEAR_BINS, NEAR_FRAMES = 9, 5  # over which a spectrum's envelope is smooth


class SpectralVocoder(nn.Module):
    """CEmbed (batch, rows, frames) and white noise (batch, samples) to a waveform (batch, samples).

    samples = frames * mel hop. `log_mel` is the mel part in natural logarithm, (batch, mel rows, frames): what the
    standardised CEmbed says once restored. The noise comes from the take's seed, so that a take is reproducible.
    """

    near_bins: Tensor
    window: Tensor

    def __init__(self, preset: Preset):
        super().__init__()
        vocoder = preset.vocoder
        self.n_fft, self.hop_length = vocoder.n_fft, vocoder.hop_length
        self.upsampling = math.prod(vocoder.upsample_rates)
        if self.upsampling * self.hop_length != preset.mel.hop_length:
            raise ValueError("The vocoder's upsampling times its hop must be the mel's hop.")
        self.excitation = make_excitation(preset)
        bins = self.n_fft // 2 + 1
        self.stages = UpsamplingStages(vocoder, preset.rows)
        self.noise_input = nn.Conv1d(3 * bins, self.stages.channels, 5, padding=2)
        self.output = nn.Conv1d(self.stages.channels, 3 * bins, 7, padding=3)
        for parameter in self.output.parameters():
            nn.init.zeros_(parameter)
        gains = FineGains(self.stages.channels, self.hop_length, vocoder.envelope_hop) if vocoder.envelope_hop else None
        self.fine_gains = gains
        near = within(bins, NEAR_BINS)
        self.register_buffer("near_bins", near / near.sum(dim=1, keepdim=True), persistent=False)
        self.register_buffer("window", torch.hann_window(self.n_fft), persistent=False)

    def forward(self, cembed: Tensor, log_mel: Tensor, noise: Tensor) -> Tensor:
        with torch.autocast(noise.device.type, enabled=False):  # spectra are float32 in mixed precision, too
            spectrum = self._stft(self.excitation(log_mel.float(), noise.float()))
            envelope = self._envelope(spectrum)
        unit = spectrum / envelope
        heard = torch.cat([unit.real, unit.imag, envelope.log()], dim=1)
        # one more frame than the CEmbed gives: a centred STFT has both ends
        features = F.pad(cembed, (0, 1), mode="replicate")
        injected = F.pad(self.noise_input(heard), (0, self.upsampling - 1), mode="replicate")
        body = self.stages(features, injected)[..., : spectrum.shape[2]]
        gain, real, imaginary = self.output(F.leaky_relu(body, SLOPE)).float().chunk(3, dim=1)
        gain = MOST_LOG_GAIN * torch.tanh(gain / MOST_LOG_GAIN)
        refined = envelope * gain.exp() * (unit + torch.complex(real, imaginary))
        waveform = torch.istft(refined, self.n_fft, self.hop_length, window=self.window, length=noise.shape[1])
        return waveform if self.fine_gains is None else waveform * self.fine_gains(body, noise.shape[1])

    def _stft(self, waveform: Tensor) -> Tensor:
        return torch.stft(
            waveform, self.n_fft, self.hop_length, window=self.window, pad_mode="constant", return_complex=True
        )

    def _envelope(self, spectrum: Tensor) -> Tensor:
        """A smooth magnitude (batch, bins, frames): the local mean power over neighbouring bins and frames."""
        power = self.near_bins @ (spectrum.real.square() + spectrum.imag.square())
        frames = power.shape[2]
        reach = NEAR_FRAMES // 2
        sides = F.pad(power, (reach, reach))
        total = sum(sides[..., n : n + frames] for n in range(NEAR_FRAMES))
        number = torch.arange(frames, device=power.device)  # of the frames there are within reach
        number = (number + reach).clamp(max=frames - 1) - (number - reach).clamp(min=0) + 1
        return (total / number + 1e-8).sqrt()


class FineGains(nn.Module):
    """Features (batch, channels, frames + 1) to a gain for every sample (batch, samples), all 1 before training.

    `frame_hop` and `hop` are the distances of features and of gains in samples; between gains they are interpolated.
    """

    def __init__(self, channels: int, frame_hop: int, hop: int):
        super().__init__()
        if frame_hop % hop:
            raise ValueError("The vocoder's hop must be a multiple of its envelope's hop.")
        self.hop = hop
        self.output = nn.Conv1d(channels, frame_hop // hop, 7, padding=3)
        for parameter in self.output.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor, samples: int) -> Tensor:
        values = self.output(F.leaky_relu(features, SLOPE)).float()
        values = values.transpose(1, 2).flatten(1)[:, None, : samples // self.hop + 1]  # a frame's in their order
        values = MOST_LOG_GAIN * torch.tanh(values / MOST_LOG_GAIN)
        length = (values.shape[2] - 1) * self.hop + 1
        return F.interpolate(values, length, mode="linear", align_corners=True)[:, 0, :samples].exp()
