"""A preset: the configuration of the whole chain and of its training, to and from JSON."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from foley.presets.architecture import (
    AudioPreset,
    CalibrationPreset,
    EncoderPreset,
    MelPreset,
    PriorPreset,
    VocoderPreset,
    VQVAEPreset,
)
from foley.presets.bounds import CLOSED
from foley.presets.recipes import TrainingRecipe
from foley.system.validation import first_problem

MOST_CODE_ROWS, MOST_CODE_FRAMES = 1024, 4096


@dataclass(frozen=True)
class Preset:
    """One configuration of the whole chain; `training` is how it is trained."""

    __pydantic_config__ = CLOSED

    name: Annotated[str, Field(max_length=100)]
    audio: AudioPreset = field(default_factory=AudioPreset)
    mel: MelPreset = field(default_factory=MelPreset)
    encoder: EncoderPreset = field(default_factory=EncoderPreset)
    vqvae: VQVAEPreset = field(default_factory=VQVAEPreset)
    prior: PriorPreset = field(default_factory=PriorPreset)
    vocoder: VocoderPreset = field(default_factory=VocoderPreset)
    calibration: CalibrationPreset = field(default_factory=CalibrationPreset)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)

    @property
    def rows(self) -> int:
        """Rows of a CEmbed: mel bands below, embedding rows above."""
        return self.mel.rows + self.encoder.rows

    @property
    def frames(self) -> int:
        """Frames of a whole clip's CEmbed."""
        return self.audio.samples // self.mel.hop_length

    @property
    def grid(self) -> tuple[int, int]:
        """Shape of a clip's codes, (rows, frames)."""
        (row_1, frame_1), (row_2, frame_2) = self.vqvae.strides
        return self.rows // (row_1 * row_2), self.frames // (frame_1 * frame_2)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Preset":
        """The preset written by `to_dict`; what is missing, as in files of earlier versions, has its default.

        Raises ValueError naming a setting that cannot be.
        """
        try:
            preset = _PRESET.validate_python(data)
        except ValidationError as error:
            raise ValueError(f"The configuration cannot be used: {first_problem(error)}.") from None
        _check_fit(preset)
        return preset

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2) + "\n"

    def override(self, path: str, value: Any) -> "Preset":
        """A copy with one value changed, named as in `prior.channels`; text is read as JSON where it is JSON.

        Raises ValueError when there is no such value or it is of another type.
        """
        data = self.to_dict()
        *blocks, key = path.split(".")
        node = data
        for block in blocks:
            node = node.get(block) if isinstance(node, dict) else None
        if not isinstance(node, dict) or key not in node:
            raise ValueError(f"A preset has no setting {path!r}: name one as in prior.channels=128.")
        if isinstance(value, str) and not isinstance(node[key], str):
            try:
                value = json.loads(value)
            except json.JSONDecodeError:
                raise ValueError(f"{value!r} is no value for {path}: it is {node[key]!r} now.") from None
        node[key] = value
        return Preset.from_dict(data)


def _check_fit(preset: Preset) -> None:
    """Raises ValueError where settings that are possible alone are not together."""
    audio, mel, encoder, (rows, frames) = preset.audio, preset.mel, preset.encoder, preset.grid
    diffusion = preset.prior.diffusion
    for fits, words in (
        (mel.f_min < mel.f_max <= audio.sample_rate / 2, "mel.f_min and f_max must rise, up to half the sample rate"),
        (mel.hop_length <= mel.n_fft, "mel.hop_length must not be above mel.n_fft"),
        (encoder.hidden_size % encoder.heads == 0, "encoder.hidden_size must be a multiple of encoder.heads"),
        (
            encoder.hidden_size % encoder.positional_groups == 0,
            "encoder.hidden_size must be a multiple of encoder.positional_groups",
        ),
        (
            diffusion.channels % diffusion.heads == 0,
            "prior.diffusion.channels must be a multiple of prior.diffusion.heads",
        ),
        (
            diffusion.sampling_steps <= diffusion.steps,
            "prior.diffusion.sampling_steps must not be above prior.diffusion.steps",
        ),
        (
            len(preset.vocoder.upsample_rates) == len(preset.vocoder.upsample_kernels),
            "vocoder.upsample_rates and upsample_kernels must be as many",
        ),
        (
            1 <= rows <= MOST_CODE_ROWS and 1 <= frames <= MOST_CODE_FRAMES,
            f"the codes of a clip must have 1 to {MOST_CODE_ROWS} rows and 1 to {MOST_CODE_FRAMES} frames, "
            f"not {rows} and {frames}",
        ),
    ):
        if not fits:
            raise ValueError(f"The configuration does not fit together: {words}.")


_PRESET = TypeAdapter(Preset)
