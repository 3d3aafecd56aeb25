"""Every figure: CEmbeds, code grids, waveforms and comparisons, drawn with matplotlib's objects and no global state.

Sizes are in CSS pixels; the files hold twice as many in each direction. Pictures of one width and one preset share
their time axis, so that they can stand below each other under a single playhead (`time_axis` says where it lies).
Backgrounds are transparent and the lettering is a grey that reads on dark and on light.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from foley.features.filters import hz_to_mel
from foley.presets import MelPreset, Preset

if TYPE_CHECKING:  # drawn with only when there is something to draw: training goes without
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

WIDTH = 1000
LEFT, RIGHT, TOP, BOTTOM, SEAM = 58, 22, 4, 22, 3
PIXELS = 2  # of the file for each CSS pixel
LEAST_FILLED = 0.9  # of a picture's width
INK = "#7f868f"
MEL_COLOURS, ENCODER_COLOURS, CODE_COLOURS = "magma", "berlin", "managua"
MEL_SHARE = (0.45, 0.75)  # of the height, at least and at most: else a wide embedding would leave a sliver
KILOHERTZ = (0, 0.5, 1, 2, 4, 8, 16)
LABEL_HEIGHT = 12
ABOVE_TICKS = 3


def cembed_figure(
    cembed: Tensor, preset: Preset, width: int = WIDTH, height: int = 230, show_time: bool = True
) -> "Figure":
    """A standardised CEmbed (rows, frames), paper figure 1: the mel part below in kHz, the encoder's rows above."""
    figure, axes = _cembed_axes(preset, width, height, show_time)
    _draw_cembed(axes, cembed, preset, (0, _inner(height, show_time)), colour_limits(cembed, preset))
    return figure


def stacked_figure(
    cembeds: dict[str, Tensor], preset: Preset, width: int = WIDTH, height: int = 560, show_time: bool = True
) -> "Figure":
    """CEmbeds (rows, frames) under their titles, from top to bottom, all in the colours of the first."""
    figure, axes = _cembed_axes(preset, width, height, show_time)
    limits, inner = colour_limits(next(iter(cembeds.values())), preset), _inner(height, show_time)
    share = inner / len(cembeds)
    for number, (title, cembed) in enumerate(reversed(cembeds.items())):
        bottom = number * share
        top = bottom + share - 1.5 * LABEL_HEIGHT
        _draw_cembed(axes, cembed, preset, (bottom, top), limits)
        axes.text(0, top + 4, title, color=INK, **_lettering())
    return figure


def spectrum_figure(
    spectra: dict[str, Tensor], duration_s: float, code_frames: int, width: int = WIDTH, height: int = 300
) -> "Figure":
    """Spectra (bins, frames) of any kind under their titles, from top to bottom, all in the colours of the first."""
    inner = height - TOP - BOTTOM
    figure, axes = _stretch(width, height, BOTTOM, inner, code_frames)
    first, share = next(iter(spectra.values())), inner / len(spectra)
    limits = (float(first.min()), float(first.max()) + 1e-6)
    for number, (title, spectrum) in enumerate(reversed(spectra.items())):
        bottom = number * share
        top = bottom + share - 1.5 * LABEL_HEIGHT
        _paint(axes, spectrum, MEL_COLOURS, limits, (bottom, top), duration_s)
        axes.text(0, top + 4, title, color=INK, **_lettering())
    axes.set(ylim=(0, inner), yticks=[], xlim=(0, duration_s))
    _show_seconds(axes, duration_s)
    return figure


def code_figure(
    codes: Tensor, codebook_size: int, duration_s: float = 4.0, width: int = WIDTH, about: int = 110
) -> "Figure":
    """A code grid (rows, frames): one cell of whole pixels for each code, its colour standing for its number.

    The grid is `about` so high: as near to it as whole pixels for each row allow (`code_height`).
    """
    rows, frames = codes.shape
    height = code_height(rows, about)
    figure, axes = _stretch(width, height, BOTTOM, height - TOP - BOTTOM, frames)
    picture = code_colours(codebook_size)[codes.numpy()]
    axes.imshow(
        picture,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        zorder=ABOVE_TICKS,
        extent=(0, duration_s, 0, rows),
    )
    ticks = range(0, rows, max(1, round(rows / 3)))
    axes.set_yticks([row + 0.5 for row in ticks], [str(row) for row in ticks])
    _name(axes, "codes", rows / 2)
    _show_seconds(axes, duration_s)
    return figure


def waveform_figure(
    waveform: Tensor, code_frames: int, width: int = WIDTH, height: int = 64, colour: str = INK
) -> "Figure":
    """A waveform (samples,) at full scale, without axes. As a mask it takes any colour a page gives it."""
    figure, axes = _stretch(width, height, 0, height, code_frames)
    columns = _axis_pixels(width, code_frames) // PIXELS
    pieces = np.array_split(waveform.numpy(), columns)
    high, low = (np.array([extreme(piece) for piece in pieces]) for extreme in (np.max, np.min))
    hair = 1.2 / height  # silence is a line, not nothing
    axes.fill_between(
        np.arange(columns), np.minimum(low, -hair), np.maximum(high, hair), color=colour, linewidth=0, step="mid"
    )
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(-1.02, 1.02))
    axes.set_axis_off()
    return figure


def evaluation_figure(
    classes: Mapping[str, Mapping[str, tuple[float, float, float]]],
    panels: dict[str, dict[str, str]],
    width: int = WIDTH,
    height: int = 300,
) -> "Figure":
    """Bars a class with their intervals (value, low, high), a panel below the other.

    `panels` says, for every panel by its title, which figures of a class it shows and how they are called. A figure
    that a class does not have leaves a gap.
    """
    figure = _figure(width, height * len(panels))
    colours = _colour_map(MEL_COLOURS)
    for number, (title, names) in enumerate(panels.items()):
        axes = figure.add_subplot(len(panels), 1, number + 1, facecolor="none")
        bar = 0.86 / max(len(names), 1)
        for index, (name, label) in enumerate(names.items()):
            places = [(x, figures[name]) for x, figures in enumerate(classes.values()) if name in figures]
            values = np.array([interval for _, interval in places]).reshape(-1, 3)
            axes.bar(
                [x - 0.43 + (index + 0.5) * bar for x, _ in places],
                values[:, 0],
                0.9 * bar,
                color=colours(0.25 + 0.65 * index / max(len(names) - 1, 1)),
                label=label,
                yerr=np.maximum(0, [values[:, 0] - values[:, 1], values[:, 2] - values[:, 0]]),
                error_kw={"ecolor": INK, "elinewidth": 0.9},
            )
        letters = _lettering()
        axes.set_title(title, color=INK, loc="left", **letters)
        axes.set_xticks(range(len(classes)), list(classes))
        axes.set_ylim(bottom=0)
        axes.spines[:].set_visible(False)
        axes.grid(axis="y", color=INK, alpha=0.25, linewidth=0.6)
        axes.tick_params(colors=INK, length=0, labelsize=letters["fontsize"], labelfontfamily=letters["family"])
        axes.legend(
            loc="upper left", bbox_to_anchor=(1, 1), frameon=False, labelcolor=INK,
            prop={"family": letters["family"], "size": letters["fontsize"]},
        )  # fmt: skip
    figure.tight_layout()
    return figure


def row_error_figure(cembed: Tensor, decoded: Tensor, preset: Preset, width: int = 250, height: int = 150) -> "Figure":
    """The mean absolute error of every CEmbed row after the codebook, (rows, frames) each; mel below, encoder above."""
    error = (cembed[: decoded.shape[0], : decoded.shape[1]] - decoded).abs().mean(dim=1).numpy()
    figure = _figure(width, height)
    axes = figure.add_axes((44 / width, 20 / height, (width - 50) / width, (height - 26) / height), facecolor="none")
    rows = np.arange(len(error))
    axes.fill_betweenx(rows, 0, error, color="#d97f0b", linewidth=0, alpha=0.85, step="mid")
    axes.axhline(preset.mel.rows - 0.5, color=INK, linewidth=0.6)
    axes.set(xlim=(0, max(1e-6, float(error.max()) * 1.05)), ylim=(0, len(error) - 1))
    ticks = {preset.mel.rows / 2: "mel", (preset.mel.rows + len(error)) / 2: "encoder"}
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.locator_params(axis="x", nbins=4)
    axes.spines[:].set_visible(False)
    axes.tick_params(colors=INK, length=2, width=0.6, labelsize=9, labelfontfamily=_lettering()["family"])
    return figure


def line_figure(
    lines: dict[str, list[tuple[float, float]]], width: int = 240, height: int = 150, columns: int = 3
) -> "Figure":
    """Points (x, y) joined by lines, one small picture for each name, side by side in rows."""
    rows = -(-len(lines) // columns)
    figure = _figure(width * min(columns, len(lines)), height * rows, background="w")
    for number, (name, points) in enumerate(lines.items(), start=1):
        axes = figure.add_subplot(rows, min(columns, len(lines)), number)
        axes.plot(*zip(*points, strict=True), color="#d97f0b", linewidth=1.4, marker=".", markersize=4)
        axes.set_title(name, loc="left", fontsize=9, fontfamily=_lettering()["family"])
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=2, width=0.6, labelsize=8, labelfontfamily=_lettering()["family"])
        axes.locator_params(nbins=5)
    figure.tight_layout()
    return figure


def write_png(figure: "Figure", path: str | Path) -> Path:
    """Draw a figure into a PNG file with a transparent background; it is empty after that. Returns the path."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    Image.fromarray(np.asarray(canvas.buffer_rgba())).save(path, format="PNG", compress_level=1)
    canvas.renderer = None  # figures lie in cycles until the collector comes; their pixels, megabytes, need not
    figure.clear()
    return Path(path)


def time_axis(code_frames: int, width: int = WIDTH) -> tuple[float, float]:
    """Where the time axis begins and ends in every picture of this width, as shares of the width."""
    return LEFT / width, (LEFT + _axis_pixels(width, code_frames) / PIXELS) / width


def code_height(rows: int, about: int = 110) -> float:
    """How high a picture of so many rows of codes is, its grid being about so high."""
    return max(1, round(about * PIXELS / rows)) * rows / PIXELS + TOP + BOTTOM


@cache
def code_colours(codebook_size: int) -> np.ndarray:
    """The colour of every code, uint8 (codebook size, 3)."""
    return _colour_map(CODE_COLOURS)(np.linspace(0, 1, codebook_size), bytes=True)[:, :3]


def colour_limits(cembed: Tensor, preset: Preset) -> tuple[float, float, float]:
    """What is darkest and brightest in the mel part, and how far from 0 the encoder's colours reach."""
    mel, encoder = cembed[: preset.mel.rows].numpy(), cembed[preset.mel.rows :].numpy()
    reach = float(np.percentile(np.abs(encoder), 99)) if encoder.size else 1.0
    low, high = np.percentile(mel, (1, 99.8))
    return float(low), max(float(high), float(low) + 1e-3), max(reach, 1e-3)


def mel_position(hertz: float, sample_rate: int, mel: MelPreset) -> float:
    """The band, as a fraction counted from 0, whose centre lies at a frequency."""
    low, high, at = hz_to_mel(np.array([mel.f_min, min(mel.f_max, sample_rate / 2), hertz]))
    return float((at - low) / (high - low) * (mel.rows + 1) - 1)


def _figure(width: float, height: float, background: str = "none") -> "Figure":
    """An empty figure of so many CSS pixels."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 72, height / 72), dpi=72 * PIXELS, facecolor=background)


def _colour_map(name: str) -> "Colormap":
    from matplotlib import colormaps

    return colormaps[name]


def _draw_cembed(axes: "Axes", cembed: Tensor, preset: Preset, span: tuple[float, float], limits: tuple) -> None:
    """Both parts of a CEmbed between two heights of axes whose y is in CSS pixels, with their labels."""
    (bottom, top), (low, high, reach) = span, limits
    mel_rows, encoder_rows = preset.mel.rows, preset.rows - preset.mel.rows
    share = float(np.clip(mel_rows / preset.rows, *MEL_SHARE)) if encoder_rows else 1.0
    seam = bottom + (top - bottom) * share
    mel_top = seam - SEAM / 2 if encoder_rows else top
    _paint(axes, cembed[:mel_rows], MEL_COLOURS, (low, high), (bottom, mel_top), preset.audio.duration_s)
    _name(axes, "mel", (bottom + mel_top) / 2)
    _show_kilohertz(axes, preset, bottom, mel_top)
    if encoder_rows:
        rows = cembed[mel_rows:].sign() * (cembed[mel_rows:].abs() / reach).sqrt()  # or the first rows outshine all
        _paint(axes, rows, ENCODER_COLOURS, (-1, 1), (seam + SEAM / 2, top), preset.audio.duration_s)
        _name(axes, "encoder", (seam + top) / 2)
        _add_yticks(axes, {top - LABEL_HEIGHT / 3: f"row {encoder_rows}"})


def _paint(axes: "Axes", values: Tensor, colours: str, limits: tuple, span: tuple, duration_s: float) -> None:
    """Values as colours, found before and not after they are enlarged: several times as fast."""
    shades = ((values.numpy() - limits[0]) / (limits[1] - limits[0])).clip(0, 1)
    picture = _colour_map(colours)(shades, bytes=True)
    axes.imshow(
        picture,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        zorder=ABOVE_TICKS,
        extent=(0, duration_s, *span),
    )


def _show_kilohertz(axes: "Axes", preset: Preset, bottom: float, top: float) -> None:
    highest = min(preset.mel.f_max, preset.audio.sample_rate / 2) / 1000
    labels: dict[float, str] = {}
    for value in sorted({*(k for k in KILOHERTZ if k < highest), highest}):
        band = mel_position(1000 * value, preset.audio.sample_rate, preset.mel) + 0.5
        place = bottom + (top - bottom) * float(np.clip(band / preset.mel.rows, 0, 1))
        labels = {other: label for other, label in labels.items() if place - other >= LABEL_HEIGHT}
        labels[place] = f"{value:g} kHz" if value else "0"
    _add_yticks(axes, labels)


def _add_yticks(axes: "Axes", labels: dict[float, str]) -> None:
    before = dict(zip(axes.get_yticks(), (label.get_text() for label in axes.get_yticklabels()), strict=True))
    labels = before | labels
    axes.set_yticks(list(labels), list(labels.values()))


def _show_seconds(axes: "Axes", duration_s: float) -> None:
    step = 0.5 if duration_s <= 10 else 1.0
    labelled = 1 if duration_s <= 10 else 5
    seconds = np.arange(0, duration_s + 1e-6, step)
    axes.set_xticks(seconds, [f"{s:g} s" if s % labelled == 0 else "" for s in seconds])


def _name(axes: "Axes", name: str, height: float) -> None:
    """The name of a part, written downwards right of it."""
    place = axes.get_yaxis_transform()
    axes.text(1.002, height, name, transform=place, rotation=-90, va="center", ha="left", color=INK, **_lettering())


def _cembed_axes(preset: Preset, width: int, height: int, show_time: bool) -> "tuple[Figure, Axes]":
    inner = _inner(height, show_time)
    figure, axes = _stretch(width, height, height - TOP - inner, inner, preset.grid[1])
    axes.set(ylim=(0, inner), yticks=[], xticks=[])
    if show_time:
        _show_seconds(axes, preset.audio.duration_s)
    axes.set_autoscale_on(False)
    axes.set_xlim(0, preset.audio.duration_s)
    return figure, axes


def _inner(height: int, show_time: bool) -> int:
    return height - TOP - (BOTTOM if show_time else TOP)


def _stretch(width: float, height: float, bottom: float, inner: float, code_frames: int) -> "tuple[Figure, Axes]":
    """A figure with axes over the shared stretch of time, `bottom` and `inner` height in CSS pixels."""
    figure = _figure(width, height)
    across = _axis_pixels(width, code_frames) / PIXELS
    axes = figure.add_axes((LEFT / width, bottom / height, across / width, inner / height), facecolor="none")
    axes.spines[:].set_visible(False)
    letters = _lettering()
    axes.tick_params(
        colors=INK,
        length=3,
        width=0.6,
        pad=3,
        labelsize=letters["fontsize"],
        labelfontfamily=letters["family"],
    )
    return figure, axes


def _axis_pixels(width: float, code_frames: int) -> int:
    """Pixels of the file that the time axis is long: a whole number a frame of codes, where that fills the picture.

    Long takes have so many frames that whole pixels would leave much of it empty, or not fit.
    """
    room = int((width - LEFT - RIGHT) * PIXELS)
    whole = room // code_frames * code_frames
    return whole if whole >= LEAST_FILLED * room else room


@cache
def _lettering() -> dict[str, Any]:
    from matplotlib import font_manager

    here = set(font_manager.get_font_names())
    wanted = (
        "IBM Plex Sans",
        "Inter",
        "Helvetica Neue",
        "Helvetica",
        "Arial",
        "Liberation Sans",
        "DejaVu Sans",
    )
    return {"family": next(name for name in wanted if name in here), "fontsize": 10}
