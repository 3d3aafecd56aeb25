"""The recipe inside a sound file, which may come from anybody and from any program that wrote the file again.

WAV (also RF64 and BW64): the `iXML` chunk. FLAC: a Vorbis comment. Programs leave sizes unfinished, forget to pad odd
chunks, put ID3 tags in front, write XML in other encodings: the recipe is found all the same. Limits stand here.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from foley.audio.metadata import RECIPE

MOST_BYTES = 2**20  # of a chunk of words: a recipe of 30 s takes 30 kB
MOST_CHUNKS = 10_000
MOST_TAIL_BYTES = 2**21  # at the end of a WAV, in which iXML is looked for when its chunks lead nowhere
_PLACE = ["BWFXML", "FOLEY", "RECIPE"]
_UNKNOWN = 0xFFFFFFFF  # a size that stands in `ds64`, or that was never filled in


def read_recipe(path: str | Path) -> str | None:
    """The recipe's JSON inside a WAV or FLAC file, or None where there is none or the file is neither."""
    with suppress(OSError, struct.error, UnicodeDecodeError), open(path, "rb") as file:
        kind = _kind(file)
        if kind == "flac":
            return _comments(file).get(RECIPE)
        if kind == "wav":
            start = file.tell()
            return _recipe_of_xml(_chunk(file, b"ixml") or _ixml_in_tail(file, start))
    return None


def read_made(path: str | Path) -> datetime | None:
    """When a WAV or FLAC file was made, as it tells itself; a FLAC file tells the day. None where it does not."""
    with suppress(OSError, struct.error, UnicodeDecodeError, ValueError), open(path, "rb") as file:
        kind = _kind(file)
        if kind == "flac":
            return datetime.fromisoformat(_comments(file).get("DATE", ""))
        if kind == "wav":
            bext = _chunk(file, b"bext") or b""
            return datetime.fromisoformat(f"{bext[320:330].decode()}T{bext[330:338].decode()}")
    return None


def _kind(file: BinaryIO) -> str | None:
    """Either "flac" or "wav", with the file at its first block or chunk; None for anything else."""
    start = _after_id3(file)
    file.seek(start)
    head = file.read(12)
    if head[:4] == b"fLaC":
        file.seek(start + 4)
        return "flac"
    return "wav" if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE" else None


def _after_id3(file: BinaryIO) -> int:
    head = file.read(10)
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))


def _chunk(file: BinaryIO, wanted: bytes) -> bytes | None:
    """The content of a chunk, found by the sizes that the chunks before it state; None where they lead elsewhere."""
    place, end = file.tell(), os.fstat(file.fileno()).st_size
    data_bytes = None
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return None
        name, size = struct.unpack("<4sI", head)
        if not all(32 <= letter < 127 for letter in name):
            if place % 2 and _is_name(file, place - 1):  # the chunk before was odd, and not padded
                place -= 1
                continue
            return None
        if name == b"ds64":
            data_bytes = struct.unpack("<Q", file.read(24)[8:16])[0]
        if name == b"data" and size == _UNKNOWN:
            size = data_bytes or _UNKNOWN
        if name.lower() == wanted:
            return file.read(size) if size <= MOST_BYTES else None
        place += 8 + size
        if place >= end:
            return None
        if size % 2 and not _is_name(file, place):
            place += 1
    return None


def _is_name(file: BinaryIO, place: int) -> bool:
    """Whether a chunk's name stands here: four characters, the first no padding."""
    file.seek(place)
    name = file.read(4)
    return len(name) == 4 and all(32 < letter < 127 or (letter == 32 and at) for at, letter in enumerate(name))


def _ixml_in_tail(file: BinaryIO, start: int) -> bytes | None:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(start, end - MOST_TAIL_BYTES))
    tail = file.read(MOST_TAIL_BYTES)
    place = tail.rfind(b"iXML")
    if place < 0 or place + 8 > len(tail):
        return None
    (size,) = struct.unpack_from("<I", tail, place + 4)
    return tail[place + 8 : place + 8 + size] if size <= MOST_BYTES else None


def _recipe_of_xml(content: bytes | None) -> str | None:
    """The text at `BWFXML/FOLEY/RECIPE`. It is read as a stream: nothing is built of whatever else the XML holds."""
    if not content:
        return None
    place: list[str] = []
    found: list[str] = []
    parser = expat.ParserCreate()

    def refuse(*_) -> None:  # a document type: neither ours nor safe to read
        raise UnicodeDecodeError("xml", b"", 0, 0, "a document type")

    def begin(name: str, _: dict) -> None:
        place.append(name.rsplit(":")[-1] if len(place) < len(_PLACE) else "")

    def text(characters: str) -> None:
        if place == _PLACE:
            found.append(characters)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _: place.pop()
    parser.CharacterDataHandler = text
    parser.buffer_text = True
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # UTF-16, of which the last byte may be 0
    with suppress(expat.ExpatError):  # what came before a fault may be whole: the recipe itself is checked
        parser.Parse(content if wide else content.rstrip(b"\0"), True)
    return "".join(found) or None


def _comments(file: BinaryIO) -> dict[str, str]:
    """The Vorbis comments of a FLAC file, whose names may be written in any case."""
    last = False
    for _ in range(MOST_CHUNKS):
        head = file.read(4)
        if last or len(head) < 4:
            break
        (bits,) = struct.unpack(">I", head)
        last, kind, size = bool(bits >> 31), bits >> 24 & 0x7F, bits & 0xFFFFFF
        if kind != 4:
            file.seek(size, os.SEEK_CUR)
        elif size <= MOST_BYTES:
            return dict(_texts(file.read(size)))
        else:
            break
    return {}


def _texts(content: bytes) -> Iterator[tuple[str, str]]:
    (vendor,) = struct.unpack_from("<I", content)
    (comments,) = struct.unpack_from("<I", content, 4 + vendor)
    place = 8 + vendor
    for _ in range(min(comments, MOST_CHUNKS)):
        (size,) = struct.unpack_from("<I", content, place)
        name, _, text = content[place + 4 : place + 4 + size].decode().partition("=")
        yield name.upper(), text
        place += 4 + size
