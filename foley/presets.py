"""The configuration of the whole chain: one frozen dataclass a stage, and the named presets.

A preset is data. It is written to and read from the `config.json` of a checkpoint folder, and every module is
built from its block alone. The bounds of each setting stand beside it: a configuration may come from anybody.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, Strict, TypeAdapter, ValidationError

from foley.system.validation import first_problem

Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Size = Annotated[Whole, Field(ge=1, le=4096)]  # of a layer, a kernel, a grid
SizeOrNone = Annotated[Whole, Field(ge=0, le=4096)]
Large = Annotated[Whole, Field(ge=1, le=65_536)]
Few = Annotated[Whole, Field(ge=1, le=64)]  # layers, heads, a small kernel or stride
FewOrNone = Annotated[Whole, Field(ge=0, le=64)]
Window = Annotated[Whole, Field(ge=1, le=16_384)]  # samples
Hertz = Annotated[Number, Field(ge=0, le=96_000)]
Share = Annotated[Number, Field(ge=0, le=1)]
Weight = Annotated[Number, Field(ge=0, le=1e6)]  # of a loss
SEVERAL = Field(min_length=1, max_length=16)
MOST_CODE_ROWS, MOST_CODE_FRAMES = 1024, 4096
_CLOSED = ConfigDict(extra="forbid")  # a setting that nobody knows is a fault


@dataclass(frozen=True)
class AudioPreset:
    """What a clip is: `sample_rate` in Hz, `duration_s` in seconds."""

    __pydantic_config__ = _CLOSED

    sample_rate: Annotated[Whole, Field(ge=4_000, le=192_000)] = 24_000
    duration_s: Annotated[Number, Field(gt=0, le=60)] = 4.0

    @property
    def samples(self) -> int:
        return round(self.sample_rate * self.duration_s)


@dataclass(frozen=True)
class MelPreset:
    """HiFi-GAN's log-mel: natural logarithm of a magnitude mel spectrogram, `f_min` and `f_max` in Hz."""

    __pydantic_config__ = _CLOSED

    rows: Size = 129
    n_fft: Window = 1024
    hop_length: Window = 320
    f_min: Hertz = 0.0
    f_max: Hertz = 10_000.0


@dataclass(frozen=True)
class EncoderPreset:
    """The embedding part of CEmbed. `kind` is `mert` (from the hub), `builtin` (ours) or `none` (mel only).

    The network is HuBERT's: a stack of strided convolutions (total stride 320) and a transformer. `rows` is what is
    kept of its hidden size: all but the dropped channel, or a projection fitted by PCA.
    """

    __pydantic_config__ = _CLOSED

    kind: Literal["none", "mert", "builtin"] = "none"
    rows: SizeOrNone = 0
    repository: Annotated[str, Field(max_length=200)] = ""
    dropped_channel: SizeOrNone | None = None
    hidden_size: Size = 128
    layers: Few = 4
    heads: Few = 4
    feed_forward: Large = 512
    convolution_channels: Annotated[tuple[Size, ...], Field(min_length=7, max_length=7)] = (
        16,
        32,
        64,
        128,
        128,
        128,
        128,
    )
    positional_kernel: Size = 32
    positional_groups: Size = 4
    stable_layer_norm: bool = False


@dataclass(frozen=True)
class VQVAEPreset:
    """The (M)VQVAE. Strides are (rows, frames) of the two strided convolutions of every branch."""

    __pydantic_config__ = _CLOSED

    branch_kernels: Annotated[tuple[Few, ...], SEVERAL] = (4, 2, 6, 8)
    strides: tuple[tuple[Few, Few], tuple[Few, Few]] = ((2, 2), (2, 2))
    stem_channels: Size = 64
    channels: Size = 128
    branch_residual_blocks: FewOrNone = 2
    residual_channels: SizeOrNone = 32
    parallel_residual_blocks: FewOrNone = 0
    decoder_residual_blocks: FewOrNone = 2
    batch_norm: bool = False
    rectified_skip: bool = False
    code_dimension: Size = 64
    codebook_size: Large = 512
    codebook_decay: Share = 0.99
    commitment: Weight = 0.25
    class_head: bool = False
    class_weight: Weight = 1e-2


@dataclass(frozen=True)
class PriorPreset:
    """PixelSNAIL over the code grid. `zen_factor` 1 is full attention; `scan` names the outermost raster axis."""

    __pydantic_config__ = _CLOSED

    channels: Size = 256
    kernel_size: Few = 5
    blocks: Few = 4
    residual_blocks: Few = 4
    residual_channels: Size = 256
    output_residual_blocks: FewOrNone = 0
    heads: Few = 8
    zen_factor: Few = 1
    scan: Literal["rows", "frames"] = "rows"
    condition: Literal["embedding", "map"] = "embedding"
    condition_channels: Size = 32
    condition_hidden: Large = 2048  # of the network that makes a `map`; unused for an `embedding`
    dropout: Share = 0.1


@dataclass(frozen=True)
class VocoderPreset:
    """HiFi-GAN. `head` is `waveform` (upsample to samples) or `spectral` (inverse STFT of refined, shaped noise).

    `excitation` is what a spectral head refines: shaped `noise`, or noise `mixed` with tones where the mel has lines.
    `shaping_passes` is how often the shaped noise is brought to the mel's levels before it is refined.
    """

    __pydantic_config__ = _CLOSED

    head: Literal["waveform", "spectral"] = "waveform"
    upsample_rates: Annotated[tuple[Few, ...], SEVERAL] = (8, 8, 2, 2)
    upsample_kernels: Annotated[tuple[Few, ...], SEVERAL] = (16, 16, 4, 4)
    channels: Size = 512
    residual_kernels: Annotated[tuple[Few, ...], SEVERAL] = (3, 7, 11)
    residual_dilations: Annotated[tuple[Few, ...], SEVERAL] = (1, 3, 5)
    n_fft: SizeOrNone = 0
    hop_length: SizeOrNone = 0
    shaping_passes: FewOrNone = 0
    excitation: Literal["noise", "mixed"] = "noise"


@dataclass(frozen=True)
class Preset:
    """One configuration of the whole chain."""

    __pydantic_config__ = _CLOSED

    name: Annotated[str, Field(max_length=100)]
    audio: AudioPreset = field(default_factory=AudioPreset)
    mel: MelPreset = field(default_factory=MelPreset)
    encoder: EncoderPreset = field(default_factory=EncoderPreset)
    vqvae: VQVAEPreset = field(default_factory=VQVAEPreset)
    prior: PriorPreset = field(default_factory=PriorPreset)
    vocoder: VocoderPreset = field(default_factory=VocoderPreset)

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
        """The preset written by `to_dict`. Raises ValueError naming a setting that cannot be."""
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
    for fits, words in (
        (mel.f_min < mel.f_max <= audio.sample_rate / 2, "mel.f_min and f_max must rise, up to half the sample rate"),
        (mel.hop_length <= mel.n_fft, "mel.hop_length must not be above mel.n_fft"),
        (encoder.hidden_size % encoder.heads == 0, "encoder.hidden_size must be a multiple of encoder.heads"),
        (
            encoder.hidden_size % encoder.positional_groups == 0,
            "encoder.hidden_size must be a multiple of encoder.positional_groups",
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

BASELINE = Preset(
    name="baseline",
    audio=AudioPreset(sample_rate=22_050),
    mel=MelPreset(rows=80, hop_length=256, f_max=8_000.0),
    vqvae=VQVAEPreset(rectified_skip=True),
    prior=PriorPreset(condition="map", condition_channels=1),
)

PAPER = Preset(
    name="paper",
    encoder=EncoderPreset(
        kind="mert",
        rows=1023,
        repository="m-a-p/MERT-v1-330M",
        dropped_channel=951,
        hidden_size=1024,
        layers=24,
        heads=16,
        feed_forward=4096,
        convolution_channels=(512,) * 7,
        positional_kernel=128,
        positional_groups=16,
        stable_layer_norm=True,
    ),
    vqvae=VQVAEPreset(
        stem_channels=128,
        channels=256,
        branch_residual_blocks=3,
        residual_channels=64,
        parallel_residual_blocks=1,
        decoder_residual_blocks=3,
        batch_norm=True,
        code_dimension=128,
        codebook_size=1024,
        class_head=True,
    ),
    prior=PriorPreset(zen_factor=4),
    vocoder=VocoderPreset(upsample_rates=(8, 5, 4, 2), upsample_kernels=(16, 11, 8, 4)),
)

STUDIO = Preset(
    name="studio",
    mel=MelPreset(f_max=12_000.0),
    encoder=EncoderPreset(kind="builtin", rows=63),
    vqvae=VQVAEPreset(
        strides=((4, 2), (2, 2)),
        stem_channels=32,
        channels=64,
        branch_residual_blocks=0,
        residual_channels=64,
        parallel_residual_blocks=2,
        decoder_residual_blocks=0,
        code_dimension=32,
        codebook_size=512,
        class_head=True,
    ),
    prior=PriorPreset(
        channels=96,
        kernel_size=3,
        blocks=3,
        residual_blocks=3,
        residual_channels=64,
        zen_factor=4,
        scan="frames",
        heads=4,
        dropout=0.0,
    ),
    vocoder=VocoderPreset(
        head="spectral",
        upsample_rates=(4,),
        upsample_kernels=(8,),
        channels=192,
        n_fft=320,
        hop_length=80,
        shaping_passes=3,
    ),
)

# The baseline's design at the studio's size, stage by stage within 5 %: what the studio is measured against.
STUDIO_BASELINE = Preset(
    name="studio-baseline",
    audio=BASELINE.audio,
    mel=BASELINE.mel,
    vqvae=VQVAEPreset(
        stem_channels=32,
        channels=72,
        code_dimension=STUDIO.vqvae.code_dimension,
        codebook_size=STUDIO.vqvae.codebook_size,
        rectified_skip=True,
    ),
    prior=PriorPreset(
        channels=96,
        kernel_size=3,
        blocks=3,
        residual_blocks=3,
        residual_channels=80,
        heads=4,
        dropout=0.0,
    ),
    vocoder=VocoderPreset(channels=192),
)

PRESETS = {preset.name: preset for preset in (STUDIO, PAPER, BASELINE, STUDIO_BASELINE)}


def get_preset(name: str) -> Preset:
    """The preset of that name. Raises ValueError listing the names when there is none."""
    if name not in PRESETS:
        raise ValueError(f"There is no preset {name!r}: choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
