"""What the first bytes of a sound file say that libsndfile passes over: unfinished headers, odd layouts, codecs."""

import struct
from pathlib import Path
from typing import NamedTuple

MOST_HEADER_BYTES = 2**16  # in which a WAV's `fmt ` and the beginning of its `data` are looked for
_OGG_CODECS = {b"\x7fFLAC": "FLAC", b"OpusHead": "Opus", b"\x01vorbis": "Vorbis", b"Speex": "Speex"}
_CONTAINERS = {b"ftyp": "an MP4 or M4A file", b"\x1aE\xdf\xa3": "a Matroska or WebM file", b"0&\xb2u": "a WMA file"}


class WavLayout(NamedTuple):
    """The `fmt ` chunk of a WAV, and where its samples begin; `data_bytes` as the header says, 0 when unfinished."""

    tag: int
    channels: int
    block_bytes: int
    bits: int
    data_at: int
    data_bytes: int

    @property
    def holds_24_bits_in_4_bytes(self) -> bool:
        """As `arecord -f S24_LE` writes: libsndfile takes them for 32 bits."""
        return self.tag == 1 and self.bits == 24 and self.block_bytes == 4 * self.channels


def wav_layout(head: bytes) -> WavLayout | None:
    """The layout told by the first bytes of a file; None where they are no WAV's, or broken."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    place, form = 12, None
    while place + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, place)
        place += 8
        if name == b"fmt " and size >= 16 and place + 16 <= len(head):
            form = struct.unpack_from("<HHIIHH", head, place)
        elif name == b"data":
            return form and WavLayout(form[0], form[1], form[4], form[5], place, size)
        place += size + size % 2
    return None


def unfinished_wav(path: Path, most_bytes: int) -> bytes | None:
    """A WAV whose header says that it holds nothing, though samples follow, as a recorder leaves it that was cut off:
    its bytes, `most_bytes` of samples at most, with the sizes put right. None where the file is none of these.
    """
    with path.open("rb") as file:
        head = file.read(MOST_HEADER_BYTES)
        layout = wav_layout(head)
        if layout is None or layout.data_bytes or not layout.block_bytes or _is_chunk(head[layout.data_at :]):
            return None
        file.seek(layout.data_at)
        samples = file.read(most_bytes)
    samples = samples[: len(samples) // layout.block_bytes * layout.block_bytes]
    if not samples:
        return None
    before = head[8 : layout.data_at - 4]
    body = before + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def unreadable_words(head: bytes) -> str:
    """What a file is that cannot be read as sound, as the end of "X is ...", as far as its first bytes tell."""
    if head[:4] == b"OggS":
        codec = next((name for mark, name in _OGG_CODECS.items() if mark in head[:512]), "an unknown codec")
        return f"an Ogg file with {codec} inside that cannot be read"
    layout = wav_layout(head)
    if layout and layout.tag in (1, 0xFFFE) and layout.bits > 32:
        return f"a WAV of {layout.bits} bits a sample, and 8 to 32 can be read"
    if layout:
        return f"a WAV of a codec (number {layout.tag}) or layout that cannot be read"
    for mark, words in _CONTAINERS.items():
        if mark in head[:12]:
            return f"{words} whose sound cannot be read"
    return "no sound file that can be read"


def _is_chunk(data: bytes) -> bool:
    """Whether a chunk begins here (a text of four characters and a size that is no accident), or nothing at all."""
    if len(data) < 8:
        return True
    name, size = struct.unpack_from("<4sI", data)
    return all(32 <= letter < 127 for letter in name) and size < 2**24
