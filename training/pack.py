"""`python -m training pack`: a data set as a few files that travel, see `foley.packs`."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from foley.dataset import PACKED_SCALE, Clip, clip_digest, clip_waveform, load_dataset
from foley.licences import PERMISSIVE
from foley.packs import Pack, find_pack, read_pack, write_pack
from foley.presets import AudioPreset
from foley.system.files import shown
from foley.system.threads import in_threads

PART_MIB = 50


def pack(
    data: str | Path, out: Path, audio: AudioPreset, licences: str | None = None, part_mib: int = PART_MIB
) -> Iterator[str]:
    """Pack the usable clips of a data set, at a preset's rate and length, and read them back to compare.

    Clips keep their split, also where only those of permissive licences are packed. Recordings of more than 16 bits
    or of another rate are rounded to 16 bits. Returns lines for people. Raises ValueError when there is nothing to
    pack, a pack is there already, or it does not come back as it was.
    """
    if part_mib < 1:
        raise ValueError(f"--part-mib is {part_mib}, but must be at least 1.")
    if out.is_dir() and any(out.glob("*.pack")):
        raise ValueError(f"{shown(out, whole=True)} holds a pack already: name another folder.")
    dataset = load_dataset(data, audio)
    if licences == PERMISSIVE:
        dataset = dataset.permissive()
    clips = dataset.clips
    pcm = np.stack(list(in_threads(lambda clip: _pcm(clip, audio), clips)))
    rows = [_row(clip, digest, Path(data)) for clip, digest in zip(clips, in_threads(clip_digest, clips), strict=True)]
    parts = write_pack(Pack(audio.sample_rate, rows, pcm), out, part_bytes=part_mib * 2**20)
    again = read_pack(find_pack(out))
    if again.rows != rows or not np.array_equal(again.pcm, pcm):
        raise ValueError(f"{shown(out, whole=True)} does not hold what was packed: is the disk full?")
    yield from dataset.summary().splitlines()
    size = sum(path.stat().st_size for path in parts)
    yield f"{len(clips)} clips, {size / 2**20:.1f} MiB ({size / pcm.nbytes:.0%} of their samples), in:"
    yield from (f"  {path} ({path.stat().st_size / 2**20:.1f} MiB)" for path in parts)


def _pcm(clip: Clip, audio: AudioPreset) -> np.ndarray:
    samples = (clip_waveform(clip, audio).double() * PACKED_SCALE).round()
    return samples.clamp(-PACKED_SCALE, PACKED_SCALE - 1).short().numpy()


def _row(clip: Clip, digest: str, data: Path) -> dict[str, str]:
    """What a manifest would say of a clip."""
    inside = clip.path.is_relative_to(data)
    return {
        "file": (clip.path.relative_to(data) if inside else Path(clip.path.name)).as_posix(),
        "category": clip.category.name,
        "split": clip.split,
        "source_group": clip.group,
        "source": clip.source,
        "licence": clip.licence,
        "attribution": clip.attribution,
        "digest": digest,
    }
