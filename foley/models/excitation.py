"""What a spectral vocoder starts from: white noise under a log-mel's envelope, and tones where the mel has lines.

Both come from the mel and the noise alone; nothing here is learned. The noise comes from the take's seed, so the same
mel and seed give the same excitation.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.features.mel import LogMel
from foley.presets import Preset

SMALLEST = 1e-7  # magnitude of a spectrum, far below the log-mel's floor
LEVEL_BANDS = 17  # about two octaves of a mel of 129 bands
INVERSE_UPDATES = 20  # of the mel's inverse: twice as many do not bring out more tone
GRIFFIN_LIM_PASSES = 8
MOMENTUM = 0.99  # of Griffin-Lim's fast form (Perraudin et al. 2013)
LINE_BINS = 17  # 400 Hz: bins among which a line has to stand out
TONAL_FLATNESS, NOISY_FLATNESS = 0.3, 0.5  # up to the first all is tone, from the second on all is noise


def make_excitation(preset: Preset) -> nn.Module:
    """The excitation that the preset's vocoder asks for: log-mel and white noise to a waveform (batch, samples)."""
    kinds = {"noise": NoiseShaper, "mixed": MixedExcitation}
    if preset.vocoder.excitation not in kinds:
        raise ValueError(
            f"A vocoder has no excitation {preset.vocoder.excitation!r}: choose one of {', '.join(kinds)}."
        )
    return kinds[preset.vocoder.excitation](preset)


class NoiseShaper(nn.Module):
    """White noise (batch, samples) under the envelope of a log-mel (batch, rows, frames), of the same length.

    The envelope in linear frequency comes from the mel filters' pseudo-inverse, clamped to be positive. Frames overlap:
    what one of them gives, its neighbours blur. So the noise's own levels are measured as mels are, and corrected, in a
    few passes like those of Griffin and Lim. Levels are of many bands together: of each by itself, the noise would lose
    the grain that a decoded mel does not have, and rain its sound.
    """

    inverse: Tensor
    bands: Tensor
    band_width: Tensor
    near_bands: Tensor
    window: Tensor

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
        near = within(preset.mel.rows, LEVEL_BANDS) / LEVEL_BANDS
        self.register_buffer("near_bands", near, persistent=False)
        self.register_buffer("window", mel.window.clone(), persistent=False)

    def forward(self, log_mel: Tensor, noise: Tensor) -> Tensor:
        wanted = F.pad(log_mel.exp() / self.band_width[:, None], (1, 1), mode="replicate")
        half = self.hop_length // 2
        # one frame more on each side, so that frame centres of the mel and of a centred STFT agree
        padded = F.pad(noise, (half, half), mode="reflect")
        expected = self.window.square().sum().sqrt() * math.sqrt(math.pi) / 2  # of |STFT| of white noise
        waveform = self.waveform(self.spectrum(padded) * (self.inverse @ wanted) / expected, padded.shape[1])
        level = self._level(wanted)
        for _ in range(self.passes):
            spectrum = self.spectrum(waveform)
            gain = level / self._level(self.bands @ spectrum.abs())
            waveform = self.waveform(spectrum * (self.inverse @ gain), padded.shape[1])
        return waveform[:, half : half + noise.shape[1]]

    def _level(self, density: Tensor) -> Tensor:
        """The root mean square over neighbouring bands of magnitudes (batch, bands, frames)."""
        return (self.near_bands @ density.square()).sqrt().clamp(min=SMALLEST)

    def spectrum(self, waveform: Tensor) -> Tensor:
        """The short-time spectrum (batch, bins, frames) of (batch, samples), centred frames."""
        return torch.stft(
            waveform, self.n_fft, self.hop_length, window=self.window, pad_mode="reflect", return_complex=True
        )

    def waveform(self, spectrum: Tensor, length: int) -> Tensor:
        """The inverse of `spectrum`: (batch, length)."""
        return torch.istft(spectrum, self.n_fft, self.hop_length, window=self.window, length=length)


class MixedExcitation(nn.Module):
    """Log-mel (batch, rows, frames) and white noise (batch, samples) to tones and shaped noise (batch, samples).

    Shaped noise has no pitch, however sharp the lines of its mel are. So the spectrum is also found from the mel
    (multiplicative updates keep it positive), and its phases by a few passes of Griffin and Lim. Where the spectrum has
    lines, bin by bin and frame by frame, the excitation is taken from this sound, elsewhere from the shaped noise.
    """

    basis: Tensor
    near_bins: Tensor
    covered: Tensor

    def __init__(self, preset: Preset):
        super().__init__()
        self.shape_noise = NoiseShaper(preset)
        mel = LogMel(preset.audio, preset.mel)
        self.register_buffer("basis", mel.basis.clone(), persistent=False)
        covered = mel.basis.sum(dim=0) > 0  # the mel says nothing of the lowest bin and of those above its highest band
        near = within(mel.basis.shape[1], LINE_BINS, covered.device) * covered
        self.register_buffer("near_bins", near / near.sum(dim=1, keepdim=True).clamp(min=1), persistent=False)
        self.register_buffer("covered", covered[:, None].float(), persistent=False)

    def forward(self, log_mel: Tensor, noise: Tensor) -> Tensor:
        shaped = self.shape_noise(log_mel, noise)
        # one more frame on each side, as `NoiseShaper` takes them
        magnitude = self.magnitude(F.pad(log_mel.exp(), (1, 1), mode="replicate"))
        share = self.tonality(magnitude)
        if not share.any():
            return shaped
        half, samples = self.shape_noise.hop_length // 2, noise.shape[1]
        padded, shaped = (F.pad(x, (half, half), mode="reflect") for x in (noise, shaped))
        tones = self.griffin_lim(magnitude, padded)
        spectrum = self.shape_noise.spectrum
        mixed = share.sqrt() * spectrum(tones) + (1 - share).sqrt() * spectrum(shaped)  # powers add up
        return self.shape_noise.waveform(mixed, padded.shape[1])[:, half : half + samples]

    def magnitude(self, mel: Tensor) -> Tensor:
        """A positive spectrum (batch, bins, frames) whose mel is near to this one (batch, rows, frames).

        Multiplicative updates for the Kullback-Leibler divergence (Lee and Seung 2001).
        """
        width = self.basis.sum(dim=0)[:, None].clamp(min=SMALLEST)
        magnitude = (self.shape_noise.inverse @ (mel / self.shape_noise.band_width[:, None])).clamp(min=SMALLEST)
        for _ in range(INVERSE_UPDATES):
            ratio = mel / (self.basis @ magnitude).clamp(min=SMALLEST)
            magnitude = magnitude * (self.basis.T @ ratio / width).clamp(max=10.0)
        return magnitude

    def tonality(self, magnitude: Tensor) -> Tensor:
        """The share of tone, 0 to 1, in a spectrum (batch, bins, frames): how far lines stand out of 400 Hz."""
        power = magnitude.square() + SMALLEST**2
        flatness = (self.near_bins @ power.log()).exp() / (self.near_bins @ power).clamp(min=SMALLEST**2)
        return self.covered * ((NOISY_FLATNESS - flatness) / (NOISY_FLATNESS - TONAL_FLATNESS)).clamp(0, 1)

    def griffin_lim(self, magnitude: Tensor, start: Tensor) -> Tensor:
        """A waveform of about this spectrum (batch, bins, frames); the phases begin as those of `start`."""
        last = torch.zeros((), device=start.device)
        spectrum = self.shape_noise.spectrum(start)
        for _ in range(GRIFFIN_LIM_PASSES):
            found = self.shape_noise.spectrum(self._with_phases(magnitude, spectrum, start.shape[1]))
            spectrum, last = found - MOMENTUM / (1 + MOMENTUM) * last, found
        return self._with_phases(magnitude, spectrum, start.shape[1])

    def _with_phases(self, magnitude: Tensor, spectrum: Tensor, samples: int) -> Tensor:
        return self.shape_noise.waveform(magnitude * spectrum / spectrum.abs().clamp(min=SMALLEST), samples)


def within(size: int, width: int, device: torch.device | None = None) -> Tensor:
    """(size, size): 1 where two places are within one window of this width, else 0.

    As a matrix, a mean over neighbours takes a CPU a quarter of the time of torch's pooling.
    """
    place = torch.arange(size, device=device)
    return ((place[:, None] - place).abs() <= width // 2).float()
