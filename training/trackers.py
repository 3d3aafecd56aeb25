"""TensorBoard and Weights & Biases: the numbers, pictures and sounds of a training, where they were asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator


class Trackers:
    """Whatever `accelerate` logs to. Without trackers nothing is done."""

    def __init__(self, accelerator: Accelerator, names: tuple[str, ...]):
        self.accelerator, self.names = accelerator, names
        if names:
            accelerator.init_trackers("tracked")

    def log_numbers(self, kind: str, values: Mapping[str, Any], step: int) -> None:
        """Log the numbers among the values of an event as `kind/name`."""
        if self.names:
            numbers = {f"{kind}/{name}": value for name, value in values.items() if isinstance(value, float)}
            self.accelerator.log(numbers, step=step)

    def log_samples(self, folder: Path, files: Mapping[str, str], step: int) -> None:
        """Log pictures and sounds, by their titles the names of files below `folder`."""
        for title, name in files.items():
            path = folder / name
            if path.suffix == ".png":
                self._picture(title, path, step)
            elif path.suffix == ".wav":
                self._sound(title, path, step)

    def _picture(self, title: str, path: Path, step: int) -> None:
        from PIL import Image

        pixels = np.asarray(Image.open(path).convert("RGB"))
        if "tensorboard" in self.names:
            self._writer("tensorboard").add_image(title, pixels, step, dataformats="HWC")
        if "wandb" in self.names:
            import wandb  # pyright: ignore[reportMissingImports]  installed where it is asked for

            self._writer("wandb").log({title: wandb.Image(pixels)}, step=step)

    def _sound(self, title: str, path: Path, step: int) -> None:
        import soundfile

        waveform, sample_rate = soundfile.read(path, dtype="float32")
        if "tensorboard" in self.names:
            self._writer("tensorboard").add_audio(title, waveform[None], step, sample_rate)
        if "wandb" in self.names:
            import wandb  # pyright: ignore[reportMissingImports]  installed where it is asked for

            self._writer("wandb").log({title: wandb.Audio(waveform, sample_rate)}, step=step)

    def _writer(self, name: str) -> Any:
        return self.accelerator.get_tracker(name, unwrap=True)

    def close(self) -> None:
        if self.names:
            self.accelerator.end_training()
