"""Configuration, which is data: the sizes of all modules, how each stage is trained, and the named presets.

- `architecture`: one frozen block a module.
- `recipes`: one frozen block a stage, of how it is trained.
- `preset`: both together; written to and read from the `config.json` of a checkpoint folder.
- `named`: the presets by their names.
- `stages`: the one list of the stages.
"""

from foley.presets.architecture import (
    AudioPreset,
    CalibrationPreset,
    ClassCalibration,
    DiffusionPreset,
    EncoderPreset,
    MelPreset,
    PriorPreset,
    VocoderPreset,
    VQVAEPreset,
)
from foley.presets.named import (
    BASELINE,
    CONDITIONED_MEL,
    PAPER,
    PAPER_V1,
    PAPER_V2,
    PRESETS,
    STUDIO,
    STUDIO_BASELINE,
    get_preset,
)
from foley.presets.preset import Preset
from foley.presets.recipes import TrainingRecipe
from foley.presets.stages import STAGES, WEIGHTS, StageSpec, built_on

__all__ = [
    "BASELINE",
    "CONDITIONED_MEL",
    "PAPER",
    "PAPER_V1",
    "PAPER_V2",
    "PRESETS",
    "STAGES",
    "STUDIO",
    "STUDIO_BASELINE",
    "WEIGHTS",
    "AudioPreset",
    "CalibrationPreset",
    "ClassCalibration",
    "DiffusionPreset",
    "EncoderPreset",
    "MelPreset",
    "Preset",
    "PriorPreset",
    "StageSpec",
    "TrainingRecipe",
    "VQVAEPreset",
    "VocoderPreset",
    "built_on",
    "get_preset",
]
