"""Figures: their sizes, their scales, and cells of whole pixels."""

import time
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from matplotlib._pylab_helpers import Gcf
from PIL import Image

from foley import plots
from foley.presets import BASELINE, PAPER, STUDIO, Preset


def cembed_of(preset: Preset, seed: int = 0) -> torch.Tensor:
    return torch.randn(preset.rows, preset.frames, generator=torch.Generator().manual_seed(seed))


def codes_of(preset: Preset, codebook_size: int) -> torch.Tensor:
    return torch.randint(codebook_size, preset.grid, generator=torch.Generator().manual_seed(0))


def pixels(figure, folder: Path) -> np.ndarray:
    return np.asarray(Image.open(plots.write_png(figure, folder / "figure.png")))


@pytest.mark.parametrize("preset", [STUDIO, PAPER, BASELINE], ids=lambda preset: preset.name)
def test_every_preset_can_be_drawn_at_the_size_asked_for(preset, tmp_path):
    cembed = cembed_of(preset)
    figures = [
        plots.cembed_figure(cembed, preset, width=600, height=200),
        plots.cembed_figure(cembed, preset, width=600, height=200, show_time=False),
        plots.stacked_figure({"before": cembed, "after": cembed_of(preset, 1)}, preset, width=600, height=300),
        plots.waveform_figure(torch.randn(preset.audio.samples), preset.grid[1], width=600, height=50),
    ]
    for figure, height in zip(figures, (200, 200, 300, 50), strict=True):
        assert pixels(figure, tmp_path).shape == (2 * height, 1200, 4)


@pytest.mark.parametrize("preset", [STUDIO, PAPER, BASELINE], ids=lambda preset: preset.name)
def test_a_code_is_a_cell_of_whole_pixels_in_the_colour_of_its_number(preset, tmp_path):
    codebook_size, width = preset.vqvae.codebook_size, 1000
    codes = codes_of(preset, codebook_size)
    rows, frames = codes.shape
    picture = pixels(plots.code_figure(codes, codebook_size, width=width), tmp_path)
    begin, end = (round(2 * width * place) for place in plots.time_axis(frames, width))
    height = round(2 * plots.code_height(rows))
    grid = picture[2 * plots.TOP : height - 2 * plots.BOTTOM, begin:end, :3]
    assert grid.shape[0] % rows == grid.shape[1] % frames == 0
    cell = grid.shape[0] // rows, grid.shape[1] // frames
    expected = plots.code_colours(codebook_size)[codes.flip(0).numpy()].repeat(cell[0], axis=0).repeat(cell[1], axis=1)
    assert np.array_equal(grid, expected)


@pytest.mark.parametrize("width", [150, 400, 1000])
@pytest.mark.parametrize("frames", [75, 150, 300, 563])
def test_a_take_of_any_length_fills_the_picture(frames, width):
    begin, end = plots.time_axis(frames, width)
    room = (width - plots.LEFT - plots.RIGHT) / width
    assert 0.89 * room <= end - begin <= room + 1e-9


def test_pictures_of_one_width_share_their_time_axis(tmp_path):
    begin, end = (round(2000 * place) for place in plots.time_axis(STUDIO.grid[1], 1000))
    for figure in (
        plots.cembed_figure(cembed_of(STUDIO), STUDIO, width=1000, height=100, show_time=False),
        plots.code_figure(codes_of(STUDIO, 512), 512, width=1000),
    ):
        line = pixels(figure, tmp_path)[20, :, 3]
        inside = np.flatnonzero(line == 255)
        assert (line[begin:end] == 255).all()
        assert begin in inside and end not in inside


def test_backgrounds_are_transparent(tmp_path):
    picture = pixels(plots.cembed_figure(cembed_of(STUDIO), STUDIO), tmp_path)
    assert (picture[:4, :, 3] == 0).all() and (picture[:, :10, 3] == 0).all()


def test_kilohertz_stand_where_the_filters_have_their_centres():
    mel = STUDIO.mel
    centres = librosa.mel_frequencies(mel.rows + 2, fmin=mel.f_min, fmax=mel.f_max)[1:-1]
    positions = [plots.mel_position(float(hertz), STUDIO.audio.sample_rate, mel) for hertz in centres]
    assert np.allclose(positions, np.arange(mel.rows), atol=1e-6)


def test_a_comparison_of_equals_shows_the_same_picture_twice(tmp_path):
    cembed = cembed_of(STUDIO)
    figure = plots.stacked_figure({"before": cembed, "after": cembed}, STUDIO, height=400)
    lower_mel, lower_encoder, upper_mel, upper_encoder = (image.get_array() for image in figure.axes[0].images)
    assert np.array_equal(lower_mel, upper_mel) and np.array_equal(lower_encoder, upper_encoder)


def test_colours_of_a_comparison_are_those_of_the_original():
    cembed = cembed_of(STUDIO)
    axes = plots.stacked_figure({"before": cembed, "after": cembed / 10}, STUDIO).axes[0]
    decoded, original = (axes.images[part].get_array()[..., :3].std(axis=(0, 1)).sum() for part in (0, 2))
    assert decoded < original / 4


def test_a_silent_waveform_is_a_line_and_a_loud_one_fills_the_height(tmp_path):
    silent = pixels(plots.waveform_figure(torch.zeros(96_000), 75, height=50), tmp_path)[:, 1000, 3]
    loud = pixels(plots.waveform_figure(torch.tensor([-1.0, 1.0]).repeat(48_000), 75, height=50), tmp_path)[:, 1000, 3]
    assert 0 < (silent > 0).sum() < 10
    assert (loud > 0).sum() > 90


def test_constant_and_silent_cembeds_can_be_drawn(tmp_path):
    picture = pixels(plots.cembed_figure(torch.zeros(STUDIO.rows, STUDIO.frames), STUDIO), tmp_path)
    for part in (picture[20:130, 500:1500], picture[160:400, 500:1500]):  # embedding and mel, inside their axes
        colours = np.unique(part.reshape(-1, 4), axis=0)
        assert len(colours) == 1 and colours[0, 3] == 255


def test_no_global_figure_state_is_touched(tmp_path):
    pixels(plots.cembed_figure(cembed_of(STUDIO), STUDIO), tmp_path)
    assert not Gcf.get_all_fig_managers()


@pytest.mark.machine
def test_a_take_is_drawn_in_a_blink(tmp_path):
    """The bar is 150 ms a figure; this one is generous, since tests share their machine."""
    cembed, codes, waveform = cembed_of(STUDIO), codes_of(STUDIO, 512), torch.randn(96_000)
    for draw in (
        lambda: plots.cembed_figure(cembed, STUDIO),
        lambda: plots.code_figure(codes, 512),
        lambda: plots.waveform_figure(waveform, 75),
    ):
        seconds = []
        for _ in range(4):
            began = time.process_time()
            plots.write_png(draw(), tmp_path / "figure.png")
            seconds.append(time.process_time() - began)
        assert min(seconds) < 0.5
