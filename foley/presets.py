"""The configuration of the whole chain: one frozen dataclass a stage, and the named presets.

A preset is data. It is written to and read from the `config.json` of a checkpoint folder, and every module is
built from its block alone.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AudioPreset:
    """What a clip is: `sample_rate` in Hz, `duration_s` in seconds."""

    sample_rate: int = 24_000
    duration_s: float = 4.0

    @property
    def samples(self) -> int:
        return round(self.sample_rate * self.duration_s)


@dataclass(frozen=True)
class MelPreset:
    """HiFi-GAN's log-mel: natural logarithm of a magnitude mel spectrogram, `f_min` and `f_max` in Hz."""

    rows: int = 129
    n_fft: int = 1024
    hop_length: int = 320
    f_min: float = 0.0
    f_max: float = 10_000.0


@dataclass(frozen=True)
class EncoderPreset:
    """The embedding part of CEmbed. `kind` is `mert` (from the hub), `builtin` (ours) or `none` (mel only).

    The network is HuBERT's: a stack of strided convolutions (total stride 320) and a transformer. `rows` is what is
    kept of its hidden size: all but the dropped channel, or a projection fitted by PCA.
    """

    kind: str = "none"
    rows: int = 0
    repository: str = ""
    dropped_channel: int | None = None
    hidden_size: int = 128
    layers: int = 4
    heads: int = 4
    feed_forward: int = 512
    convolution_channels: tuple[int, ...] = (16, 32, 64, 128, 128, 128, 128)
    positional_kernel: int = 32
    positional_groups: int = 4
    stable_layer_norm: bool = False


@dataclass(frozen=True)
class VQVAEPreset:
    """The (M)VQVAE. Strides are (rows, frames) of the two strided convolutions of every branch."""

    branch_kernels: tuple[int, ...] = (4, 2, 6, 8)
    strides: tuple[tuple[int, int], tuple[int, int]] = ((2, 2), (2, 2))
    stem_channels: int = 64
    channels: int = 128
    branch_residual_blocks: int = 2
    residual_channels: int = 32
    parallel_residual_blocks: int = 0
    decoder_residual_blocks: int = 2
    batch_norm: bool = False
    rectified_skip: bool = False
    code_dimension: int = 64
    codebook_size: int = 512
    codebook_decay: float = 0.99
    commitment: float = 0.25
    class_head: bool = False
    class_weight: float = 1e-2


@dataclass(frozen=True)
class PriorPreset:
    """PixelSNAIL over the code grid. `zen_factor` 1 is full attention; `scan` names the outermost raster axis."""

    channels: int = 256
    kernel_size: int = 5
    blocks: int = 4
    residual_blocks: int = 4
    residual_channels: int = 256
    output_residual_blocks: int = 0
    heads: int = 8
    zen_factor: int = 1
    scan: str = "rows"
    condition: str = "embedding"
    condition_channels: int = 32
    condition_hidden: int = 2048  # of the network that makes a `map`; unused for an `embedding`
    dropout: float = 0.1


@dataclass(frozen=True)
class VocoderPreset:
    """HiFi-GAN. `head` is `waveform` (upsample to samples) or `spectral` (inverse STFT of refined, shaped noise).

    `excitation` is what a spectral head refines: shaped `noise`, or noise `mixed` with tones where the mel has lines.
    `shaping_passes` is how often the shaped noise is brought to the mel's levels before it is refined.
    """

    head: str = "waveform"
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 4, 4)
    channels: int = 512
    residual_kernels: tuple[int, ...] = (3, 7, 11)
    residual_dilations: tuple[int, ...] = (1, 3, 5)
    n_fft: int = 0
    hop_length: int = 0
    shaping_passes: int = 0
    excitation: str = "noise"


@dataclass(frozen=True)
class Preset:
    """One configuration of the whole chain."""

    name: str
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
        """The preset written by `to_dict`. Raises ValueError naming a key that no preset has."""
        return _build(cls, data, "preset")

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


def _build(cls: type, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"The configuration of {where} is {data!r}, but must be a table of settings.")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise ValueError(f"The configuration of {where} has an unknown setting {unknown[0]!r}.")
    values = {}
    for name, value in data.items():
        block = _BLOCKS.get(name) if cls is Preset else None
        values[name] = _build(block, value, name) if block else _checked(cls, name, value, where)
    try:
        return cls(**values)
    except TypeError:
        missing = sorted(name for name in ("name",) if name in fields and name not in data)
        raise ValueError(f"The configuration of {where} lacks {', '.join(missing)}.") from None


def _checked(cls: type, name: str, value: Any, where: str) -> Any:
    value = _tuples(value)
    example = getattr(cls, name, None)
    numbers = (int, float)
    fits = (
        example is None
        or isinstance(value, bool) == isinstance(example, bool)
        and (isinstance(value, type(example)) or isinstance(example, float) and isinstance(value, numbers))
    )
    if not fits:
        raise ValueError(f"{where}.{name} cannot be {value!r}: it is {example!r} by default.")
    return value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


_BLOCKS = {
    "audio": AudioPreset,
    "mel": MelPreset,
    "encoder": EncoderPreset,
    "vqvae": VQVAEPreset,
    "prior": PriorPreset,
    "vocoder": VocoderPreset,
}

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
