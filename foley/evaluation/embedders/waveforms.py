"""What every embedder does to waveforms before its network sees them: check, resample, pad."""

import torch
import torch.nn.functional as F
import torchaudio
from torch import Tensor


def check(waveforms: Tensor, sample_rate: int) -> None:
    """Raise ValueError unless `waveforms` is a finite, non-empty (batch, samples) tensor."""
    if waveforms.ndim != 2:
        raise ValueError(f"Waveforms must have the shape (batch, samples), not {tuple(waveforms.shape)}.")
    if waveforms.numel() == 0:
        raise ValueError("There is no sound to embed: the waveforms are empty.")
    if not waveforms.is_floating_point():
        raise ValueError(f"Waveforms must be floating point in [-1, 1], not {waveforms.dtype}.")
    if not torch.isfinite(waveforms).all():
        raise ValueError("The waveforms hold NaN or infinite samples.")
    if sample_rate <= 0:
        raise ValueError(f"The sample rate must be positive, not {sample_rate} Hz.")


def resample(waveforms: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """(..., samples) at `from_rate` Hz to (..., samples) at `to_rate` Hz, with a long Kaiser-windowed sinc.

    The filter is the one known as `kaiser_best` in resampy and used by fadtk: 64 zero crossings on each side.
    """
    if from_rate == to_rate:
        return waveforms
    return torchaudio.functional.resample(
        waveforms,
        from_rate,
        to_rate,
        lowpass_filter_width=64,
        rolloff=0.9475937167399596,
        resampling_method="sinc_interp_kaiser",
        beta=14.769656459379492,
    )


def pad_to(waveforms: Tensor, samples: int) -> Tensor:
    """(..., n) to (..., max(n, samples)): zeros after the end where a clip is shorter than one window."""
    return F.pad(waveforms, (0, max(0, samples - waveforms.shape[-1])))
