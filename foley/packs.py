"""Packs: a data set in a few files that travel, clips and manifest and a checksum, read without a decoder of sound.

A pack is one string of bytes, cut into parts `NAME-1-of-3.pack` that are small enough to be sent:

    MAGIC, SHA-256 of all that follows, length of the header, header (JSON, LZMA), blocks of clips

The header says of every clip what a manifest says, and of every block where its two compressed strings lie (see
`foley.audio.lossless`). Blocks are decoded side by side. Nothing in a pack is ever executed or unpickled.
"""

import hashlib
import json
import lzma
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foley.system.files import replacing, shown
from foley.system.threads import in_threads

MAGIC = b"FOLEYPACK1\n"
ENDING = ".pack"
CLIPS_A_BLOCK = 32
MOST_HEADER_BYTES = 2**26
MOST_SAMPLES = 2**31  # of all clips together: 4 GiB, a day of sound
_PART = re.compile(r"(?P<name>.+)-(?P<number>\d{1,3})-of-(?P<parts>\d{1,3})\.pack")
_DAMAGED = "is damaged: its content is not what its checksum says. Copy it again."


@dataclass(frozen=True)
class Pack:
    """The clips of a pack.

    Args:
        sample_rate: of all clips, in Hz.
        rows: what is known of every clip, by the names of a manifest's columns.
        pcm: the samples (clips, samples) int16, 1.0 being 32,768.
    """

    sample_rate: int
    rows: list[dict[str, str]]
    pcm: np.ndarray


def find_pack(place: str | Path) -> list[Path]:
    """The parts of the pack that lies in a folder, or that a file is a part of; none where there is no pack.

    Raises ValueError when parts are missing, or a folder holds several packs.
    """
    place = Path(place)
    if place.is_file() and place.suffix == ENDING:
        match = _PART.fullmatch(place.name)
        candidates = [p for p in place.parent.iterdir() if match and _name(p) == match["name"]] or [place]
    elif place.is_dir():
        candidates = sorted(path for path in place.iterdir() if path.suffix == ENDING and path.is_file())
    else:
        candidates = []
    if not candidates:
        return []
    found = {match["number"]: (match, path) for path in candidates if (match := _PART.fullmatch(path.name))}
    sets = {(match["name"], match["parts"]) for match, _ in found.values()}
    if len(sets) != 1 or len(found) != len(candidates):
        raise ValueError(f"{shown(place, whole=True)} holds no pack, or more than one: name a folder with one pack.")
    name, parts = sets.pop()
    missing = [str(number) for number in range(1, int(parts) + 1) if str(number) not in found]
    if missing:
        raise ValueError(f"The pack {name} lacks part {', '.join(missing)} of {parts}: copy all of its parts.")
    return [found[str(number)][1] for number in range(1, int(parts) + 1)]


def write_pack(pack: Pack, folder: str | Path, name: str = "clips", part_bytes: int = 50 * 2**20) -> list[Path]:
    """Write a pack as parts of about equal size, none larger than `part_bytes`. Returns their paths."""
    from foley.audio.lossless import compress  # imported where it is used: numba takes a while, and few read packs

    starts = range(0, len(pack.rows), CLIPS_A_BLOCK)
    blocks = list(in_threads(lambda start: compress(pack.pcm[start : start + CLIPS_A_BLOCK]), starts))
    header = {
        "sample_rate": pack.sample_rate,
        "samples": pack.pcm.shape[1],
        "clips": pack.rows,
        "blocks": [[len(high), len(low)] for high, low in blocks],
    }
    packed = lzma.compress(json.dumps(header).encode(), lzma.FORMAT_XZ)
    body = b"".join([len(packed).to_bytes(8, "little"), packed, *(data for block in blocks for data in block)])
    content = MAGIC + hashlib.sha256(body).digest() + body
    parts = -(-len(content) // part_bytes)
    if parts > 999:
        raise ValueError(f"This would be {parts} parts: allow for larger ones.")
    size = -(-len(content) // parts)
    paths = [Path(folder) / f"{name}-{number}-of-{parts}{ENDING}" for number in range(1, parts + 1)]
    for number, path in enumerate(paths):
        with replacing(path) as temporary:
            temporary.write_bytes(content[number * size : (number + 1) * size])
    return paths


def read_pack(parts: Iterable[Path]) -> Pack:
    """The pack of some parts, in their order. Raises ValueError when it is none, or damaged."""
    parts = list(parts)
    name, content = shown(parts[0], whole=True), memoryview(b"".join(path.read_bytes() for path in parts))
    start = len(MAGIC) + 32
    if content[: len(MAGIC)] != MAGIC:
        raise ValueError(f"{name} is no pack: make one with python -m training pack.")
    if hashlib.sha256(content[start:]).digest() != content[len(MAGIC) : start]:
        raise ValueError(f"The pack {name} {_DAMAGED}")
    try:
        length = int.from_bytes(content[start : start + 8], "little")
        header = _header(content[start + 8 : start + 8 + length])
        rows, samples = header["clips"], int(header["samples"])
        pcm = _decoded(content[start + 8 + length :], header["blocks"], len(rows), samples)
        return Pack(int(header["sample_rate"]), rows, pcm)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, lzma.LZMAError) as error:
        raise ValueError(f"The pack {name} {_DAMAGED}") from error


def _name(path: Path) -> str:
    match = _PART.fullmatch(path.name)
    return match["name"] if match else ""


def _header(packed: memoryview) -> dict[str, Any]:
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    header = json.loads(decoder.decompress(packed, max_length=MOST_HEADER_BYTES))
    if not all(isinstance(value, str) for row in header["clips"] for value in row.values()):
        raise ValueError
    return header


def _decoded(content: memoryview, blocks: list[list[int]], clips: int, samples: int) -> np.ndarray:
    """All clips (clips, samples) int16. Raises ValueError when the lengths do not fit each other."""
    sizes = [min(CLIPS_A_BLOCK, clips - start) for start in range(0, clips, CLIPS_A_BLOCK)]
    if len(sizes) != len(blocks) or sum(map(sum, blocks)) != len(content) or not 0 < clips * samples <= MOST_SAMPLES:
        raise ValueError
    pcm = np.empty((clips, samples), np.int16)
    from foley.audio.lossless import decompress

    def decode(job: tuple[int, int, int, int]) -> None:
        start, high, low, size = job
        pcm[start : start + size] = decompress(
            content[high:low], content[low : low + blocks[start // CLIPS_A_BLOCK][1]], (size, samples)
        )

    for _ in in_threads(decode, _jobs(blocks, sizes)):
        pass
    return pcm


def _jobs(blocks: list[list[int]], sizes: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Of every block: its first clip, where its high and its low bytes begin, and how many clips it holds."""
    start = place = 0
    for (high, low), size in zip(blocks, sizes, strict=True):
        yield start, place, place + high, size
        start, place = start + size, place + high + low
