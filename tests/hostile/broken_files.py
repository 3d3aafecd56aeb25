"""Broken and hostile inputs, made by number: the same number gives the same input on every machine."""

import io
import json
import random
import sqlite3
import struct
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

DEEP = "[" * 5000
VALUES: list[Any] = [
    None, True, False, -1, 0, 1, 2**31, 2**63, 10**400, -(10**18), 0.5, 1e308, 1e-320, float("inf"), float("-inf"),
    float("nan"), "", " ", "²", "\ud800", "\0", "x" * 10_000, "../../etc/passwd", "/dev/zero", "CON", "=1+1", "{seed}",
    "%s%n", "<script>",
    [], {}, [[]], [None], {"": {}}, [1] * 5000, {"a": [{"b": [{}]}]}, "1e999", "NaN", "true", "\uff10",
]  # fmt: skip
WORDS = [value for value in VALUES if isinstance(value, str)] + ["-5", "1e400", "9" * 400, "--", "-", "a b", "\n", "é"]
INTEGERS = [0, 1, 2, 3, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]
HEADS = [
    b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVE", b"RF64", b"fLaC", b"fLaC\x84\xff\xff\xff", b"OggS", b"OggS\0\2",
    b"ID3\4", b"\xff\xfb\x90\x00", b"FORM\0\0\0\0AIFF", b"caff\0\1\0\0", b".snd\0\0\0\x18", b"\0\0\0 ftypM4A ",
    b"\x89PNG\r\n\x1a\n", b"PK\3\4", b"%PDF-1.7", b"#!/bin/sh\n", b"\x1f\x8b\x08", b"SQLite format 3\0",
    b"\x1aE\xdf\xa3", b"<?xml version='1.0'?>",
]  # fmt: skip
_KINDS = [
    ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
    ("WAV", "PCM_U8"), ("WAV", "ULAW"), ("WAV", "IMA_ADPCM"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"),
    ("AIFF", "PCM_16"), ("W64", "PCM_16"), ("CAF", "PCM_16"), ("AU", "PCM_16"), ("RF64", "PCM_16"),
]  # fmt: skip
_WIDE = (("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"))
_LOSSY = ("VORBIS", "MPEG_LAYER_III", "IMA_ADPCM", "ULAW")
_RATES = [1, 7, 100, 999, 1000, 8000, 11_025, 22_050, 24_000, 24_001, 44_100, 44_101, 65_537, 96_000, 192_001, 384_000]


def broken_bytes(whole: bytes, chance: random.Random) -> bytes:
    """A file's bytes, damaged in one of the ways that disks, networks, programs and people damage them."""
    data = bytearray(whole)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        size = len(data)
        place = chance.randrange(min(size, 120) if chance.random() < 0.6 else size) if size else 0
        way = chance.randrange(9)
        if way == 0 and size:
            data[place] ^= 1 << chance.randrange(8)
        elif way == 1 and size >= 4:
            place = min(place, size - 4)
            struct.pack_into(chance.choice(["<I", ">I"]), data, place, chance.choice(INTEGERS))
        elif way == 2:
            del data[place:]
        elif way == 3:
            del data[place : place + chance.choice([1, 2, 7, 64])]
        elif way == 4:
            data[place:place] = chance.randbytes(chance.choice([1, 3, 16, 500]))
        elif way == 5:
            data[place : place + 64] = bytes(64)
        elif way == 6:
            data += chance.choice([bytes(1000), chance.randbytes(1000), bytes(data[:2000])])
        elif way == 7:
            data[: chance.choice([4, 12, 40])] = chance.choice(HEADS)
        elif size >= 40:
            other = chance.randrange(size - 20)
            data[place : place + 20] = data[other : other + 20]
    return bytes(data)


def sound_bytes(chance: random.Random) -> bytes:
    """A small sound file: of any container, rate, number of channels, and sometimes of numbers that are no sound."""
    container, subtype = chance.choice(_KINDS)
    rate, channels = chance.choice(_RATES), chance.choice([1, 1, 2, 2, 6, 64, 65])
    if (container, subtype) not in _WIDE:  # encoders in C fall over many channels, and over what is no sound
        channels = min(channels, 2)
    samples = np.random.default_rng(chance.randrange(2**32)).standard_normal(
        (chance.choice([0, 1, 100, 3000]), channels)
    )
    if subtype in _LOSSY:
        rate = chance.choice([22_050, 44_100])
        samples = np.repeat(0.1 * np.sin(np.arange(3000))[:, None], min(2, channels), axis=1)
    else:
        samples *= chance.choice([0.0, 1e-6, 0.1, 0.1, 0.1, 3.0, 1e30])
        if chance.random() < 0.1 and samples.size:
            samples[chance.randrange(len(samples)), 0] = chance.choice([np.nan, np.inf])
    sound = io.BytesIO()
    try:
        soundfile.write(sound, samples, rate, format=container, subtype=subtype)
    except (soundfile.SoundFileError, ValueError, RuntimeError, AssertionError):  # a rate that a container cannot tell
        sound = io.BytesIO()
        soundfile.write(sound, samples[:, :1], 24_000, format="WAV", subtype="FLOAT")
    data = bytearray(sound.getvalue())
    if subtype == "PCM_32" and chance.random() < 0.5:
        data[34:36] = b"\x18\0"  # 24 bits in containers of four bytes
    return bytes(data)


def write_sound(path: Path, chance: random.Random) -> None:
    """A sound file that is damaged, strange, or none."""
    way = chance.random()
    if way < 0.6:
        path.write_bytes(broken_bytes(sound_bytes(chance), chance))
    elif way < 0.8:
        path.write_bytes(sound_bytes(chance))
    else:
        path.write_bytes(chance.choice(HEADS) + chance.randbytes(chance.choice([0, 1, 30, 5000])))


def broken_json(text: str, chance: random.Random) -> str:
    """A JSON text with one or two values replaced, or with its characters damaged."""
    if chance.random() < 0.25:
        raw = broken_bytes(text.encode(), chance)
        return raw.decode("utf-8", chance.choice(["ignore", "replace"]))
    data = json.loads(text)
    for _ in range(chance.choice([1, 1, 2])):
        places = list(_places(data))
        if not places:  # nothing is left that could be replaced
            break
        holder, key = chance.choice(places)
        way = chance.random()
        if way < 0.85:
            holder[key] = chance.choice(VALUES)
        elif isinstance(holder, dict):
            del holder[key]
    text = json.dumps(data)
    if chance.random() < 0.05:
        text = text.replace("null", chance.choice([DEEP, "1e999", "-0", '"\\ud800"', "{" * 3000]), 1)
    return text


def _places(data: Any):
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield data, key
        if not isinstance(value, list) or len(value) < 50:
            yield from _places(value)


def write_table(path: Path, chance: random.Random, good_row: str, columns: list[str]) -> bool:
    """A manifest that holds a good row and others that are not. Returns whether the good row can be expected."""
    rows = [",".join(columns), good_row]
    for _ in range(chance.choice([1, 3, 30])):
        cells = [
            chance.choice([*WORDS, "Rain", "train", "good.wav", "a" * 5000]) for _ in range(chance.randrange(1, 9))
        ]
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        rows.append(",".join(quoted))
    data = "\n".join(rows).encode("utf-8", "replace")
    if chance.random() < 0.4:
        data = broken_bytes(data, chance)
        path.write_bytes(data)
        return False
    path.write_bytes(data)
    return True


def write_index(folder: Path, index: Path, chance: random.Random) -> None:
    """Damage a library's index: its bytes, its tables, its rows, or the index of older versions beside it."""
    way = chance.randrange(4)
    if way == 0:
        index.write_bytes(broken_bytes(index.read_bytes(), chance))
    elif way == 1:
        index.unlink()
        with sqlite3.connect(index) as connection:
            connection.execute(chance.choice(["CREATE TABLE takes (file)", "CREATE VIEW takes AS SELECT 1 AS file"]))
    elif way == 2:
        column = chance.choice(["bytes", "modified_ns", "recipe", "facts", "made", "star", "name", "file"])
        value = chance.choice(
            [1e308, "x" * 5000, b"\xff\xfe", 0, -1, DEEP, "../../secret.wav", "{}", '{"seed": 1e999}']
        )
        with sqlite3.connect(index) as connection:
            connection.execute(f"UPDATE takes SET {column} = ?", (value,))
    else:
        rows = {"takes": [{"file": "good.wav", "category": "Rain", "star": True, "made": 1.0, "name": "x"}]}
        (folder / "index.json").write_text(broken_json(json.dumps(rows), chance), encoding="utf-8", errors="replace")
        index.unlink()
