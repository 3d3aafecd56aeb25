"""The sound inside of M4A files and videos, which libsndfile does not read: decoded by PyAV."""

import io
from pathlib import Path

import numpy as np

MOST_DECODED_BYTES = 2**28  # of samples: 11 min of stereo at 48 kHz
_MARKS = ((4, b"ftyp"), (0, b"\x1aE\xdf\xa3"), (0, b"0&\xb2u"))  # MP4 and M4A, Matroska and WebM, WMA


def track_as_wav(path: Path) -> io.BytesIO | None:
    """The first sound track of a container as a WAV of floats; None for a file that is none of these containers.

    Raises ValueError where there is no sound in it, or none that can be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
    if not any(head[at : at + len(mark)] == mark for at, mark in _MARKS):
        return None
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        raise ValueError("PyAV is not installed") from None
    import soundfile

    pieces: list[np.ndarray] = []
    left = MOST_DECODED_BYTES
    try:
        with av.open(str(path.resolve()), options={"protocol_whitelist": "file"}) as container:
            if not container.streams.audio:
                raise ValueError("no sound track")
            stream = container.streams.audio[0]
            packed = av.AudioResampler(format="flt")  # rate and channels as they are
            rate, channels = stream.rate, stream.channels
            for frame in container.decode(stream):
                pieces += [part.to_ndarray().reshape(-1, channels) for part in packed.resample(frame)]
                left -= pieces[-1].nbytes if pieces else 0
                if left < 0:
                    break
    except (FFmpegError, EOFError) as error:
        raise ValueError(str(error)) from None
    sound = io.BytesIO()
    samples = np.concatenate(pieces) if pieces else np.zeros((0, channels), np.float32)
    soundfile.write(sound, samples, rate, subtype="FLOAT", format="WAV")
    sound.seek(0)
    return sound
