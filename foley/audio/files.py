"""Sound in and out: read any file as mono at a wanted rate, fit it to a length, write WAV or FLAC."""

import io
from pathlib import Path

import numpy as np
import soundfile
import torch
import torchaudio.functional
from torch import Tensor

from foley.audio.metadata import Tags, tagged
from foley.system.files import replacing

SILENCE_PEAK = 1e-4  # -80 dBFS: nothing in a file quieter than this can be heard or learned from
LOUDEST = 1e3  # 60 dB over full scale: floats may go beyond 1, but this is no sound
PCM_16 = 2**15 - 1  # what 1.0 is written as in 16 bits
EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")
_UNREADABLE = "{} cannot be read as sound: use a WAV, FLAC, OGG or MP3 file."


class AudioError(ValueError):
    """A recording that cannot be used; the message says which, why, and what to do."""


def read_audio(path: str | Path, sample_rate: int, max_seconds: float | None = None) -> Tensor:
    """A recording as mono float32 (samples,) at `sample_rate` Hz, of any format, rate, depth and channel count.

    Reads no more than `max_seconds`. Raises AudioError when the file is missing, unreadable, empty, silent or
    holds values that are not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path} is not there: check the name of the recording.")
    try:
        with soundfile.SoundFile(path) as file:
            frames = -1 if max_seconds is None else round(max_seconds * file.samplerate)
            data = file.read(frames, dtype="float32", always_2d=True)
            source_rate = file.samplerate
    except (soundfile.SoundFileError, RuntimeError, OSError, TypeError):
        raise AudioError(_UNREADABLE.format(path.name)) from None
    return _usable(torch.from_numpy(data).mean(dim=1), source_rate, sample_rate, path.name)


def recording_s(path: str | Path) -> float:
    """Seconds that a sound file lasts, as its header says; nothing of it is decoded. Raises AudioError."""
    try:
        return soundfile.info(path).duration
    except (soundfile.SoundFileError, RuntimeError, OSError, TypeError):
        raise AudioError(_UNREADABLE.format(Path(path).name)) from None


def from_array(data: np.ndarray, source_rate: int, sample_rate: int, name: str = "The recording") -> Tensor:
    """Samples (samples,) or (samples, channels), integer or float, as mono float32 at `sample_rate` Hz.

    Raises AudioError as `read_audio` does.
    """
    scale = float(np.iinfo(data.dtype).max) + 1 if np.issubdtype(data.dtype, np.integer) else 1.0
    mono = data.astype(np.float32) / scale
    mono = mono.mean(axis=1) if mono.ndim == 2 else mono
    return _usable(torch.from_numpy(mono), source_rate, sample_rate, name)


def _usable(mono: Tensor, source_rate: int, sample_rate: int, name: str) -> Tensor:
    if mono.numel() == 0:
        raise AudioError(f"{name} is empty: it holds no samples.")
    if not torch.isfinite(mono).all():
        raise AudioError(f"{name} holds values that are not numbers (NaN or infinity): export it again.")
    if mono.abs().max() > LOUDEST:
        raise AudioError(f"{name} reaches {peak_dbfs(mono):.0f} dB over full scale: export it with usual levels.")
    if mono.abs().max() < SILENCE_PEAK:
        raise AudioError(f"{name} is silent: nothing in it is louder than -80 dBFS.")
    return torchaudio.functional.resample(mono, source_rate, sample_rate)


def fit_length(waveform: Tensor, samples: int, start: int = 0) -> Tensor:
    """`samples` of a waveform (..., length) from `start` on, padded with zeros at the end where it is shorter."""
    piece = waveform[..., start : start + samples]
    return torch.nn.functional.pad(piece, (0, samples - piece.shape[-1]))


def write_audio(
    path: str | Path, waveform: Tensor, sample_rate: int, subtype: str = "PCM_24", tags: Tags | None = None
) -> Path:
    """Write a mono waveform (samples,) as WAV or FLAC, by the name's ending; whole or not at all.

    Nothing is normalised; only what would clip is clipped. Returns the path written.
    """
    path = Path(path)
    samples = waveform.detach().to("cpu", torch.float32).clamp(-1.0, 1.0).numpy()
    if subtype == "PCM_16":  # rounded here: libraries differ in how
        samples = np.round(samples * PCM_16).astype(np.int16)
    sound = io.BytesIO()
    soundfile.write(sound, samples, sample_rate, subtype=subtype, format=path.suffix[1:].upper() or "WAV")
    data = sound.getvalue() if tags is None else tagged(sound.getvalue(), tags)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return path


def peak_dbfs(waveform: Tensor) -> float:
    """The highest absolute sample in dB below full scale."""
    return 20 * float(np.log10(max(float(waveform.abs().max()), 1e-10)))


def rms_dbfs(waveform: Tensor) -> float:
    """Root mean square level in dB below full scale."""
    return 20 * float(np.log10(max(float(waveform.square().mean().sqrt()), 1e-10)))
