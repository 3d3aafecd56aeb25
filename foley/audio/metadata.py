"""Words inside sound files, in the places where other programs look for them.

WAV: a Broadcast Wave `bext` chunk, `LIST INFO`, and `iXML` with the Universal Category System id in its ASWG part.
FLAC: Vorbis comments. The recipe, as JSON, lies in iXML or in the comment `FOLEY_RECIPE`.
"""

import re
import struct
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

SOFTWARE = "foley studio"
RECIPE = "FOLEY_RECIPE"
MOST_BYTES = 2**20  # of a chunk of words: a recipe of 30 s takes 30 kB
_FORBIDDEN = ("Cc", "Cs", "Cn")  # of the kinds of characters: control, half of a pair, none
_KEPT = (b"fmt ", b"fact", b"data")  # of the chunks of a plain WAV; others may hold the time of writing


@dataclass(frozen=True)
class Tags:
    """`title` and `description` for people, the `licence` of the model, the UCS `category`, the `recipe` as JSON."""

    title: str = ""
    description: str = ""
    licence: str = ""
    category: str = ""
    recipe: str = ""
    loops: bool = False  # played from its first to its last sample, again and again
    time_reference: int = 0  # samples from midnight to the first one: where the sound belongs on a timeline
    cues: tuple[int, ...] = ()  # samples at which markers stand


def plain_text(text: str) -> str:
    """A text in one line without what neither XML nor a page can hold: control characters, halves of characters."""
    kept = (letter for letter in str(text) if letter.isspace() or unicodedata.category(letter) not in _FORBIDDEN)
    return re.sub(r"\s+", " ", "".join(kept)).strip()


def tagged(data: bytes, tags: Tags) -> bytes:
    """A WAV or FLAC file with the tags inside. The same sound and tags give the same bytes."""
    return _tagged_flac(data, tags) if data[:4] == b"fLaC" else _tagged_wav(data, tags)


def read_recipe(path: str | Path) -> str | None:
    """The recipe's JSON inside a WAV or FLAC file, or None where there is none or the file is neither."""
    try:
        with open(path, "rb") as file:
            head = file.read(12)
            if head[:4] == b"fLaC":
                file.seek(4)
                return _flac_recipe(file)
            if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
                return _wav_recipe(file)
    except (OSError, struct.error, UnicodeDecodeError, ElementTree.ParseError):
        pass
    return None


def _tagged_wav(data: bytes, tags: Tags) -> bytes:
    sound = dict(_chunks(data))
    ixml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<BWFXML><IXML_VERSION>2.0</IXML_VERSION>'
        f"<NOTE>{escape(tags.description)}</NOTE>"
        f"<ASWG><catId>{escape(tags.category)}</catId><fxName>{escape(tags.title)}</fxName>"
        f"<library>{SOFTWARE}</library><rightsOwner>{escape(tags.licence)}</rightsOwner></ASWG>"
        f"<FOLEY><RECIPE>{escape(tags.recipe)}</RECIPE></FOLEY></BWFXML>"
    )
    information = {"INAM": tags.title, "ICMT": tags.description, "ICOP": tags.licence, "IGNR": tags.category}
    entries = b"".join(
        _chunk(name.encode(), text.encode() + b"\0") for name, text in {**information, "ISFT": SOFTWARE}.items() if text
    )
    chunks = [
        _chunk(b"bext", _bext(tags)),
        *(_chunk(name, sound[name]) for name in _KEPT if name in sound),
        *([_chunk(b"smpl", _whole_loop(sound))] if tags.loops else []),
        *([_chunk(b"cue ", _cue_points(tags.cues))] if tags.cues else []),
        _chunk(b"LIST", b"INFO" + entries),
        _chunk(b"iXML", ixml.encode()),
    ]
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _chunks(data: bytes):
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        yield name, data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def _bext(tags: Tags) -> bytes:
    """EBU Tech 3285, version 1; dates stay empty, so that the same take is the same file on every day."""
    description = tags.description.encode("ascii", "replace")[:256]
    category = tags.category.encode()[:32]
    return struct.pack("<256s32s32s18xQH254x", description, SOFTWARE.encode(), category, tags.time_reference, 1)


def _cue_points(cues: tuple[int, ...]) -> bytes:
    """The cue chunk: a marker at each of the samples."""
    points = (struct.pack("<II4sIII", n, place, b"data", 0, 0, place) for n, place in enumerate(cues, start=1))
    return struct.pack("<I", len(cues)) + b"".join(points)


def _whole_loop(sound: dict[bytes, bytes]) -> bytes:
    """The sampler chunk: one loop over everything, for ever."""
    _, _, rate, _, block, _ = struct.unpack_from("<HHIIHH", sound[b"fmt "])
    last = len(sound[b"data"]) // block - 1
    return struct.pack("<9I6I", 0, 0, round(1e9 / rate), 60, 0, 0, 0, 1, 0, 0, 0, 0, last, 0, 0)


def _wav_recipe(file) -> str | None:
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name != b"iXML":
            file.seek(size + size % 2, 1)
        elif size <= MOST_BYTES:
            text = file.read(size).rstrip(b"\0").decode()
            if "<!" in text:  # a document type: neither ours nor safe to read
                return None
            return ElementTree.fromstring(text).findtext("FOLEY/RECIPE")
        else:
            return None
    return None


def _tagged_flac(data: bytes, tags: Tags) -> bytes:
    blocks = [(kind, content) for kind, content, _ in _blocks(data) if kind not in (1, 4)]
    audio = data[list(_blocks(data))[-1][2] :]
    comments = {
        "TITLE": tags.title,
        "DESCRIPTION": tags.description,
        "LICENSE": tags.licence,
        "CATID": tags.category,
        "ENCODER": SOFTWARE,
        RECIPE: tags.recipe,
    }
    words = [f"{name}={text}".encode() for name, text in comments.items() if text]
    vendor = SOFTWARE.encode()
    content = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(words))
    content += b"".join(struct.pack("<I", len(word)) + word for word in words)
    blocks.insert(1, (4, content))
    pieces = [
        struct.pack(">I", (kind | 0x80 * (number == len(blocks) - 1)) << 24 | len(content)) + content
        for number, (kind, content) in enumerate(blocks)
    ]
    return b"fLaC" + b"".join(pieces) + audio


def _blocks(data: bytes):
    """Kind, content and end of every metadata block of a FLAC file."""
    place, last = 4, False
    while not last:
        (head,) = struct.unpack_from(">I", data, place)
        last, kind, size = head >> 31, head >> 24 & 0x7F, head & 0xFFFFFF
        yield kind, data[place + 4 : place + 4 + size], place + 4 + size
        place += 4 + size


def _flac_recipe(file) -> str | None:
    last = False
    while not last and len(head := file.read(4)) == 4:
        (number,) = struct.unpack(">I", head)
        last, kind, size = number >> 31, number >> 24 & 0x7F, number & 0xFFFFFF
        if kind != 4:
            file.seek(size, 1)
            continue
        found = re.search(RECIPE.encode() + rb"=", content := file.read(size))
        if not found:
            return None
        (length,) = struct.unpack_from("<I", content, found.start() - 4)
        return content[found.end() : found.start() + length].decode()
    return None
