"""The inside of a take as bare pictures, a pixel for each value: the page stretches them and draws the axes.

All have 256 colours, so they are palette pictures of a byte a pixel: drawn and sent in milliseconds.
"""

import io
from base64 import b64encode
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from foley.plots import CODE_COLOURS, ENCODER_COLOURS, MEL_COLOURS, colour_limits, mel_position
from foley.presets import Preset

MOST_ROWS = 192  # of the encoder's: more than the page has pixels for
KILOHERTZ = (0.5, 1, 2, 4, 8)


def cembed_pictures(cembed: Tensor, preset: Preset, folder: Path, stem: str) -> tuple[Path, Path | None]:
    """The mel part of a CEmbed (rows, frames) and, where there are some, its encoder rows, as PNG files in a folder."""
    low, high, reach = colour_limits(cembed, preset)
    mel = (cembed[: preset.mel.rows] - low) / (high - low)
    paths = [_write(mel, MEL_COLOURS, folder / f"{stem}.mel.png")]
    rows = cembed[preset.mel.rows :]
    if not len(rows):
        return paths[0], None
    if len(rows) > MOST_ROWS:
        rows = F.adaptive_avg_pool1d(rows.T.unsqueeze(0), MOST_ROWS)[0].T
    rows = rows.sign() * (rows.abs() / reach).sqrt()  # or the first rows outshine all
    return paths[0], _write(0.5 + 0.5 * rows, ENCODER_COLOURS, folder / f"{stem}.encoder.png")


def code_picture(codes: Tensor, codebook_size: int) -> str:
    """A code grid (rows, frames) as a data URL, a pixel for each code in the colour of its number."""
    data = io.BytesIO()
    _image(codes / max(1, codebook_size - 1), CODE_COLOURS).save(data, format="PNG")
    return f"data:image/png;base64,{b64encode(data.getvalue()).decode()}"


def mel_ticks(preset: Preset) -> list[tuple[str, float]]:
    """Labels of the mel part's axis, each with its place from 0 at the bottom to 1 at the top."""
    places = ((value, mel_position(1000 * value, preset.audio.sample_rate, preset.mel) + 0.5) for value in KILOHERTZ)
    return [(f"{value:g}k" if value >= 1 else f"{1000 * value:g}", place / preset.mel.rows) for value, place in places]


def _image(shares: Tensor, colours: str) -> Image.Image:
    """Values from 0 to 1 (rows, frames), the first row at the bottom, in 256 colours."""
    levels = (shares.float().clamp(0, 1) * 255).round().byte().flip(0).contiguous().numpy()
    picture = Image.fromarray(levels, mode="P")
    picture.putpalette(colormaps[colours](np.arange(256), bytes=True)[:, :3].tobytes())
    return picture


def _write(shares: Tensor, colours: str, path: Path) -> Path:
    _image(shares, colours).save(path, format="PNG", compress_level=1)
    return path
