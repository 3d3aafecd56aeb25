"""The studio's MHiFi-GAN: white noise shaped by the mel part of the CEmbed, refined in the spectrum.

The texture of a foley (rain, engines, the tail of a shot) need not be decoded from codes: it can be excited. White
noise under the mel's spectral envelope is already near to such sounds, and it is where this network begins: it
predicts a complex correction and a gain for every bin of the noise's short-time spectrum, both zero before training.
The body is HiFi-GAN's, the last stage an inverse STFT (as in iSTFTNet, Kaneko et al. 2022).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.features.mel import LogMel
from foley.models.hifigan import SLOPE, UpsamplingStages
from foley.presets import Preset

MOST_LOG_GAIN = 4.0
SMALLEST = 1e-7  # magnitude of a spectrum, far below the log-mel's floor
LEVEL_BANDS = 17  # about two octaves of a mel of 129 bands
NEAR_BINS, NEAR_FRAMES = 9, 5  # over which a spectrum's envelope is smooth


class SpectralVocoder(nn.Module):
    """CEmbed (batch, rows, frames) and white noise (batch, samples) to a waveform (batch, samples).

    samples = frames * mel hop. `log_mel` is the mel part in natural logarithm, (batch, mel rows, frames): what the
    standardised CEmbed says once restored. The noise comes from the take's seed, so that a take is reproducible.
    """

    def __init__(self, preset: Preset):
        super().__init__()
        vocoder = preset.vocoder
        self.n_fft, self.hop_length = vocoder.n_fft, vocoder.hop_length
        self.upsampling = math.prod(vocoder.upsample_rates)
        if self.upsampling * self.hop_length != preset.mel.hop_length:
            raise ValueError("The vocoder's upsampling times its hop must be the mel's hop.")
        self.shape_noise = NoiseShaper(preset)
        bins = self.n_fft // 2 + 1
        self.stages = UpsamplingStages(vocoder, preset.rows)
        self.noise_input = nn.Conv1d(3 * bins, self.stages.channels, 5, padding=2)
        self.output = nn.Conv1d(self.stages.channels, 3 * bins, 7, padding=3)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        near = _within(bins, NEAR_BINS)
        self.register_buffer("near_bins", near / near.sum(dim=1, keepdim=True), persistent=False)
        self.register_buffer("window", torch.hann_window(self.n_fft), persistent=False)

    def forward(self, cembed: Tensor, log_mel: Tensor, noise: Tensor) -> Tensor:
        with torch.autocast(noise.device.type, enabled=False):  # spectra are float32 in mixed precision, too
            spectrum = self._stft(self.shape_noise(log_mel.float(), noise.float()))
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
        return torch.istft(refined, self.n_fft, self.hop_length, window=self.window, length=noise.shape[1])

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


class NoiseShaper(nn.Module):
    """White noise (batch, samples) under the envelope of a log-mel (batch, rows, frames), of the same length.

    The envelope in linear frequency comes from the mel filters' pseudo-inverse, clamped to be positive. Frames overlap:
    what one of them gives, its neighbours blur. So the noise's own levels are measured as mels are, and corrected, in a
    few passes like those of Griffin and Lim. Levels are of many bands together: of each by itself, the noise would lose
    the grain that a decoded mel does not have, and rain its sound.
    """

    def __init__(self, preset: Preset):
        super().__init__()
        self.n_fft, self.hop_length = preset.mel.n_fft, preset.mel.hop_length
        self.passes = preset.vocoder.shaping_passes
        mel = LogMel(preset.audio, preset.mel)
        # a band's share of its bins: exact for flat spectra, positive, and smooth where bands are narrow
        inverse = mel.basis.T / mel.basis.sum(dim=1)
        inverse = inverse / inverse.sum(dim=1, keepdim=True).clamp(min=1e-8)
        self.register_buffer("inverse", inverse, persistent=False)
        self.register_buffer("bands", mel.basis / mel.basis.sum(dim=1, keepdim=True), persistent=False)
        self.register_buffer("band_width", mel.basis.sum(dim=1), persistent=False)
        near = _within(preset.mel.rows, LEVEL_BANDS) / LEVEL_BANDS
        self.register_buffer("near_bands", near, persistent=False)
        self.register_buffer("window", mel.window.clone(), persistent=False)

    def forward(self, log_mel: Tensor, noise: Tensor) -> Tensor:
        wanted = F.pad(log_mel.exp() / self.band_width[:, None], (1, 1), mode="replicate")
        half = self.hop_length // 2
        # one frame more on each side, so that frame centres of the mel and of a centred STFT agree
        padded = F.pad(noise, (half, half), mode="reflect")
        expected = self.window.square().sum().sqrt() * math.sqrt(math.pi) / 2  # of |STFT| of white noise
        waveform = self._waveform(self._spectrum(padded) * (self.inverse @ wanted) / expected, padded.shape[1])
        level = self._level(wanted)
        for _ in range(self.passes):
            spectrum = self._spectrum(waveform)
            gain = level / self._level(self.bands @ spectrum.abs())
            waveform = self._waveform(spectrum * (self.inverse @ gain), padded.shape[1])
        return waveform[:, half : half + noise.shape[1]]

    def _level(self, density: Tensor) -> Tensor:
        """The root mean square over neighbouring bands of magnitudes (batch, bands, frames)."""
        return (self.near_bands @ density.square()).sqrt().clamp(min=SMALLEST)

    def _spectrum(self, waveform: Tensor) -> Tensor:
        return torch.stft(
            waveform, self.n_fft, self.hop_length, window=self.window, pad_mode="reflect", return_complex=True
        )

    def _waveform(self, spectrum: Tensor, length: int) -> Tensor:
        return torch.istft(spectrum, self.n_fft, self.hop_length, window=self.window, length=length)


def _within(size: int, width: int) -> Tensor:
    """(size, size): 1 where two places are within one window of this width, else 0.

    As a matrix, a mean over neighbours takes a CPU a quarter of the time of torch's pooling.
    """
    place = torch.arange(size)
    return ((place[:, None] - place).abs() <= width // 2).float()
