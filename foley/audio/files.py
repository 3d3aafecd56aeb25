"""Sound in and out: read any file as mono at a wanted rate, fit it to a length, write WAV or FLAC.

This is the one place that reads recordings, which may come from anybody: their limits stand here.
"""

import io
import operator
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from foley.audio.containers import track_as_wav
from foley.audio.loudness import measured
from foley.audio.metadata import Tags, tagged
from foley.audio.resampling import resample
from foley.audio.sound_headers import MOST_HEADER_BYTES, unfinished_wav, unreadable_words, wav_layout
from foley.system.files import replacing, shown

if TYPE_CHECKING:  # reads and writes files of sound: training from a packed data set goes without
    import soundfile

LEAST_RATE, MOST_RATE = 1_000, 384_000  # Hz
MOST_CHANNELS = 64
LONGEST_S = 600.0  # that are read when nobody says how much is wanted
MOST_UNFINISHED_BYTES = 2**26  # read of a file whose header does not say how long it is
BLOCK_SAMPLES = 2**20  # decoded at once, of all channels together
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "FLAC", "OGG", "MP3", "CAF", "AU")
EXTENSIONS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".caf", ".au")

SILENCE_PEAK = 1e-4  # -80 dBFS: nothing in a file quieter than this can be heard or learned from
LOUDEST = 1e3  # 60 dB over full scale: floats may go beyond 1, but this is no sound
PCM_16 = 2**15 - 1  # what 1.0 is written as in 16 bits
_FAILURES = (RuntimeError, OSError, TypeError, ValueError, AssertionError)  # of soundfile


class AudioError(ValueError):
    """A recording that cannot be used; the message says which, why, and what to do."""


def read_audio(path: str | Path, sample_rate: int, max_seconds: float | None = None, start_s: float = 0.0) -> Tensor:
    """A recording as mono float32 (samples,) at `sample_rate` Hz, of any format, rate, depth and channel count.

    Reads no more than `max_seconds` from `start_s` on. Channels that cancel each other out are not added up: the
    loudest is taken.
    Raises AudioError when the file is missing, unreadable, empty, silent, too long or holds values that are not finite.
    """
    path = Path(path)
    with _opened(path) as file:
        rate, longest = file.samplerate, LONGEST_S if max_seconds is None else max_seconds
        first = min(round(start_s * rate), file.frames)
        file.seek(first)
        mono, peaks = _decoded(file, round(longest * rate))
        if mono.numel() and mono.abs().max() < SILENCE_PEAK <= peaks.max():
            file.seek(first)
            mono, _ = _decoded(file, round(longest * rate), channel=int(peaks.argmax()))
        cut = len(mono) == round(longest * rate) and len(file.read(1, always_2d=True)) > 0
    name = shown(path)
    if cut and max_seconds is None:
        raise AudioError(f"{name} lasts longer than {LONGEST_S:g} s: cut it to the part that you want.")
    part = f"{longest:g} s of it from {start_s:g} s on" if start_s else f"the first {longest:g} s of it"
    _check(mono, name, f"{part} are silent" if cut or start_s else "is silent")
    return resample(mono, rate, sample_rate)


def read_samples(path: str | Path, max_seconds: float) -> tuple[Tensor, int]:
    """A sound file as it is: mono samples (samples,), at most so many seconds of them, and their rate in Hz.

    Raises AudioError when it cannot be read, is empty or holds values that are not finite; silence is let pass.
    """
    with _opened(Path(path)) as file:
        mono, _ = _decoded(file, round(max_seconds * file.samplerate))
        rate = file.samplerate
    if not mono.numel() or not torch.isfinite(mono).all():
        raise AudioError(f"{shown(path)} is empty or holds values that are not numbers.")
    return mono, rate


def recording_s(path: str | Path) -> float:
    """Seconds that a sound file lasts. Raises AudioError when it cannot be read.

    Where an MP3's header knows no length, libsndfile guesses one from the file's size: so an MP3 is decoded.
    """
    with _opened(Path(path)) as file:
        if file.format != "MP3":
            return file.frames / file.samplerate
        most, frames = round(LONGEST_S * file.samplerate), 0
        while frames < most and (read := len(file.read(BLOCK_SAMPLES // file.channels, always_2d=True))):
            frames += read
        return max(frames, file.frames if frames >= most else 0) / file.samplerate


def from_array(data: np.ndarray | Tensor, source_rate: int, sample_rate: int, name: str = "The recording") -> Tensor:
    """Samples as mono float32 at `sample_rate` Hz, integer or float; unsigned integers are centred at half their range.

    An array is (samples,) or (samples, channels), a tensor (samples,) or (channels, samples), as in their libraries.
    Raises AudioError as `read_audio` does, and for other shapes and rates.
    """
    shape = tuple(data.shape)
    if isinstance(data, Tensor):
        data = data.detach().cpu().numpy().T
    if data.ndim not in (1, 2) or (data.ndim == 2 and data.shape[1] > MOST_CHANNELS):
        raise AudioError(
            f"{name} has the shape {shape}: give (samples,), an array (samples, channels) or a tensor "
            f"(channels, samples) of at most {MOST_CHANNELS} channels."
        )
    kind = data.dtype.kind
    if kind not in "iuf":
        raise AudioError(f"{name} holds values of the type {data.dtype}: give whole numbers or floats.")
    rate = _checked_rate(source_rate, name)
    half = float(2 ** (8 * data.dtype.itemsize - 1)) if kind in "iu" else 1.0
    samples = torch.from_numpy((data.astype(np.float64) - half if kind == "u" else data.astype(np.float32)) / half)
    mono, peaks = _mono(samples.float().reshape(len(data), -1))
    if mono.numel() and mono.abs().max() < SILENCE_PEAK <= peaks.max():
        mono = samples.float()[:, int(peaks.argmax())].contiguous()
    _check(mono, name, "is silent")
    return resample(mono, rate, sample_rate)


@contextmanager
def _opened(path: Path) -> "Iterator[soundfile.SoundFile]":
    """A sound file within the limits. Raises AudioError for any other, and for what fails while it is read."""
    import soundfile

    name = shown(path)
    if not os.path.isfile(path):  # False, too, for names that no file can have
        raise AudioError(f"{shown(path, whole=True)} is not there: check the name of the recording.")
    try:
        mended = unfinished_wav(path, MOST_UNFINISHED_BYTES)
        source: Any = io.BytesIO(mended) if mended else track_as_wav(path) or os.fsencode(path)
        with soundfile.SoundFile(source) as file:
            if file.format not in CONTAINERS:
                raise ValueError
            _checked_rate(file.samplerate, name)
            if not 1 <= file.channels <= MOST_CHANNELS:
                raise AudioError(f"{name} has {file.channels} channels: {MOST_CHANNELS} are the most that are read.")
            yield file
    except AudioError:
        raise
    except PermissionError:
        raise AudioError(f"{name} may not be read: check the rights of the file.") from None
    except _FAILURES:
        raise AudioError(f"{name} is {_words(path)}: use a WAV, FLAC, OGG, MP3 or M4A file.") from None


def _decoded(file: "soundfile.SoundFile", frames: int, channel: int | None = None) -> tuple[Tensor, Tensor]:
    """Up to so many frames as mono (samples,), of all channels or of one, and the peak of every channel."""
    shifted = file.format.startswith("WAV") and file.subtype == "PCM_32" and _low_24_bits(file)
    pieces, peaks, block = [], torch.zeros(file.channels), max(1, BLOCK_SAMPLES // file.channels)
    while frames > 0:
        wanted = min(block, frames)
        data: np.ndarray = file.read(wanted, dtype="int32" if shifted else "float32", always_2d=True)
        samples = torch.from_numpy((data << 8).astype(np.float32) / 2**31 if shifted else data)
        if not len(samples):
            break
        mono, loudest = _mono(samples)
        pieces.append(mono if channel is None else samples[:, channel].clone())
        peaks = torch.maximum(peaks, loudest)
        frames -= len(samples)
        if len(samples) < wanted:
            break
    return torch.cat(pieces) if pieces else torch.zeros(0), peaks


def _mono(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Samples (samples, channels) as their mean (samples,), and the peak of every channel, 0 where it is no number."""
    peaks = samples.abs().amax(dim=0) if len(samples) else torch.zeros(samples.shape[1])
    return samples.mean(dim=1), peaks.nan_to_num(0.0)


def _low_24_bits(file: "soundfile.SoundFile") -> bool:
    """Whether samples of 24 bits lie in the low bytes of four, which nothing but a WAV's layout and they tell."""
    if not isinstance(file.name, bytes):
        return False
    with open(file.name, "rb") as raw:
        layout = wav_layout(raw.read(MOST_HEADER_BYTES))
    if layout is None or not layout.holds_24_bits_in_4_bytes:
        return False
    place = file.tell()
    data: np.ndarray = file.read(BLOCK_SAMPLES // file.channels, dtype="int32", always_2d=True)
    file.seek(place)
    return bool((data & 0xFF).any())


def _words(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return unreadable_words(file.read(MOST_HEADER_BYTES))
    except OSError:
        return unreadable_words(b"")


def _checked_rate(rate: int, name: str) -> int:
    try:
        rate = operator.index(rate)
    except TypeError:
        raise AudioError(f"{name} has the sample rate {rate!r}, which must be a whole number of Hz.") from None
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise AudioError(f"{name} has a sample rate of {rate} Hz: {LEAST_RATE} to {MOST_RATE} Hz are read.")
    return rate


def _check(mono: Tensor, name: str, silent: str) -> None:
    if mono.numel() == 0:
        raise AudioError(f"{name} is empty: it holds no samples.")
    if not torch.isfinite(mono).all():
        raise AudioError(f"{name} holds values that are not numbers (NaN or infinity): export it again.")
    if mono.abs().max() > LOUDEST:
        raise AudioError(f"{name} reaches {peak_dbfs(mono):.0f} dB over full scale: export it with usual levels.")
    if mono.abs().max() < SILENCE_PEAK:
        if silent != "is silent":
            raise AudioError(f"{name}: {silent}; cut it to where the sound begins.")
        raise AudioError(f"{name} is silent: nothing in it is louder than -80 dBFS.")


def fit_length(waveform: Tensor, samples: int, start: int = 0) -> Tensor:
    """`samples` of a waveform (..., length) from `start` on, padded with zeros at the end where it is shorter."""
    piece = waveform[..., start : start + samples]
    return torch.nn.functional.pad(piece, (0, samples - piece.shape[-1]))


def sound_bytes(
    waveform: Tensor, sample_rate: int, ending: str, subtype: str = "PCM_24", tags: Tags | None = None
) -> bytes:
    """A mono waveform (samples,) as a WAV or FLAC file, by the name's ending (".wav" or ".flac").

    Nothing is normalised; only what would clip is clipped. Tags are completed by the loudness of what is written.
    """
    import soundfile

    samples = waveform.detach().to("cpu", torch.float32).clamp(-1.0, 1.0).numpy()
    if subtype == "PCM_16":  # rounded here: libraries differ in how
        samples = np.round(samples * PCM_16).astype(np.int16)
    sound = io.BytesIO()
    soundfile.write(sound, samples, sample_rate, subtype=subtype, format=ending[1:].upper() or "WAV")
    if tags is None:
        return sound.getvalue()
    return tagged(sound.getvalue(), replace(tags, loudness=measured(waveform.detach().cpu(), sample_rate)))


def write_audio(
    path: str | Path, waveform: Tensor, sample_rate: int, subtype: str = "PCM_24", tags: Tags | None = None
) -> Path:
    """Write `sound_bytes` to a file, whole or not at all, in the place of one of that name. Returns the path."""
    path = Path(path)
    data = sound_bytes(waveform, sample_rate, path.suffix, subtype, tags)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return path


def peak_dbfs(waveform: Tensor) -> float:
    """The highest absolute sample in dB below full scale."""
    return 20 * float(np.log10(max(float(waveform.abs().max()), 1e-10)))


def rms_dbfs(waveform: Tensor) -> float:
    """Root mean square level in dB below full scale."""
    return 20 * float(np.log10(max(float(waveform.square().mean().sqrt()), 1e-10)))
