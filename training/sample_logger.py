"""Samples of a stage while it is trained: pictures and sounds of one held-out recording, step after step."""

import dataclasses
import shutil
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from foley.audio.files import fit_length, write_audio
from foley.evaluation import chain
from foley.features.mel import LogMel
from foley.models.prior import Prior
from foley.plots import write_png
from foley.presets import Preset
from foley.sampling import Sampler
from training.stage import Stage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 640
NEWEST = 12  # samples that are kept, beside those at the steps 1, 2, 4, 8, ... intervals
MOST_SECONDS = 20.0  # that sampling codes for it may take


class SampleFolder:
    """The folder `shown` of a stage: a folder a step, the newest ones and early ones at growing distances.

    So that a figure of the progress, as the paper's figure 3, can be made from what is there in the end.
    """

    def __init__(self, folder: Path):
        self.folder, self.place = folder, folder / "shown"
        self.said = False

    def write(self, stage: Stage, model: nn.Module, step: int) -> dict[str, str]:
        """Let a stage write its samples of a step. Returns them as paths below the stage's folder by their titles.

        Where what draws them is not installed, as on machines that only train, that is said once, and none are written.
        """
        missing = _missing()
        if missing:
            if not self.said:
                print(f"No pictures and sounds of the progress: {missing} is not installed.", flush=True)
            self.said = True
            return {}
        place = self.place / f"step-{step:08d}"
        place.mkdir(parents=True, exist_ok=True)
        files = stage.log_samples(model, place)
        self._thin()
        return {title: str((place / name).relative_to(self.folder)) for title, name in files.items()}

    def _thin(self) -> None:
        """Delete all but the newest samples and those whose numbers, counted from the first one, are powers of two."""
        steps = sorted(self.place.glob("step-*"))
        first = next((number for number in (_step(path) for path in steps) if number), 1)
        for old in steps[:-NEWEST]:
            if not _is_power_of_two(_step(old) // first):
                shutil.rmtree(old, ignore_errors=True)


def _missing() -> str:
    """What samples are drawn and written with, and is not installed; else nothing."""
    for name in ("matplotlib", "soundfile"):
        try:
            import_module(name)
        except ImportError:
            return name
    return ""


def _step(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0


class SampleLogger:
    """Writes figures and waveforms into a folder, and remembers their titles."""

    def __init__(self, folder: Path, preset: Preset):
        self.folder, self.preset = folder, preset
        self.files: dict[str, str] = {}

    def picture(self, title: str, figure: "Figure") -> None:
        self.files[title] = write_png(figure, self.folder / f"{_file_name(title)}.png").name

    def sound(self, title: str, waveform: Tensor) -> None:
        """Add a waveform (samples,); what is too loud is turned down as a whole."""
        waveform = waveform.float().cpu()
        waveform = waveform / waveform.abs().max().clamp(min=1.0)
        path = self.folder / f"{_file_name(title)}.wav"
        self.files[title] = write_audio(path, waveform, self.preset.audio.sample_rate, "PCM_16").name


def mel_only(preset: Preset) -> Preset:
    """The preset of CEmbeds that are a log-mel alone, for their pictures."""
    return dataclasses.replace(preset, encoder=dataclasses.replace(preset.encoder, rows=0))


def sample_codes(prior: Prior, category: int, seed: int = 0) -> Tensor | None:
    """Codes (rows, frames) of a class, or None where sampling them takes too long."""
    due = time.monotonic() + MOST_SECONDS
    with torch.inference_mode():
        for event in Sampler(prior).sample([category], [seed]):
            if event.done == event.total:
                return event.codes[0].cpu()
            if time.monotonic() > due:
                return None
    return None


def griffin_lim(log_mel: Tensor, preset: Preset) -> Tensor:
    """A waveform (samples,) with about this log-mel (rows, frames), without anything learned: how it sounds so far."""
    analysis = LogMel(preset.audio, preset.mel)
    return fit_length(chain.griffin_lim(log_mel.float().cpu()[None], analysis)[0], preset.audio.samples)


def _file_name(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower()).strip("-")
