"""The sizes of every module: one frozen block a module, which is built from its block alone."""

from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from foley.categories import Category
from foley.presets.bounds import (
    CLOSED,
    OF_CLASSES,
    SEVERAL,
    ClassName,
    Few,
    FewOrNone,
    Hertz,
    Large,
    Number,
    Share,
    Size,
    SizeOrNone,
    Weight,
    Whole,
    Window,
)


@dataclass(frozen=True)
class AudioPreset:
    """What a clip is: `sample_rate` in Hz, `duration_s` in seconds."""

    __pydantic_config__ = CLOSED

    sample_rate: Annotated[Whole, Field(ge=4_000, le=192_000)] = 24_000
    duration_s: Annotated[Number, Field(gt=0, le=60)] = 4.0

    @property
    def samples(self) -> int:
        return round(self.sample_rate * self.duration_s)


@dataclass(frozen=True)
class MelPreset:
    """HiFi-GAN's log-mel: natural logarithm of a magnitude mel spectrogram, `f_min` and `f_max` in Hz."""

    __pydantic_config__ = CLOSED

    rows: Size = 129
    n_fft: Window = 1024
    hop_length: Window = 320
    f_min: Hertz = 0.0
    f_max: Hertz = 10_000.0


@dataclass(frozen=True)
class EncoderPreset:
    """The embedding part of CEmbed. `kind` is `mert`, `builtin` (ours) or `none` (mel only).

    `repository` is where MERT's weights are: a name on the hub or a local folder. With `normalize` it hears every clip
    at mean 0 and variance 1, as the `do_normalize` of a model's own preprocessor says.

    The network is HuBERT's: a stack of strided convolutions (total stride 320) and a transformer. `rows` is what is
    kept of its hidden size: all but the dropped channel, or a projection fitted by PCA. With `compression_channels` a
    CNN of so many adds to that projection what neighbouring frames allow (paper 8.1).
    """

    __pydantic_config__ = CLOSED

    kind: Literal["none", "mert", "builtin"] = "none"
    rows: SizeOrNone = 0
    repository: Annotated[str, Field(max_length=1000)] = ""
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
    normalize: bool = False
    compression_channels: SizeOrNone = 0


@dataclass(frozen=True)
class VQVAEPreset:
    """The (M)VQVAE. Strides are (rows, frames) of the two strided convolutions of every branch."""

    __pydantic_config__ = CLOSED

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
class DiffusionPreset:
    """VQ-Diffusion (Gu et al. 2022) over the code grid, an axial transformer (Ho et al. 2019).

    In `steps` steps all codes of a clip are masked, but for a share `replaced`, which become any codes. A take is made
    in `sampling_steps` of them, backwards: fewer are faster and coarser.
    """

    __pydantic_config__ = CLOSED

    steps: Annotated[Whole, Field(ge=1, le=1000)] = 100
    sampling_steps: Annotated[Whole, Field(ge=1, le=1000)] = 25
    replaced: Annotated[Number, Field(gt=0, lt=1)] = 0.1
    channels: Size = 128
    layers: Few = 6
    heads: Few = 4


@dataclass(frozen=True)
class PriorPreset:
    """The prior over the code grid. Of `kind` "pixelsnail" it has the sizes that stand here; of "diffusion" those of
    `diffusion`, and what stands here of its conditions and of dropout.

    `zen_factor` 1 is full attention; `scan` names the outermost raster axis.

    `knob_bins` are those of each knob of `foley/conditions`, 0 for a prior without knobs; with `contour` it can be told
    how loud every column of codes is and where sounds begin, both through `control_channels` of the condition, beside
    those of the class. `controls_gain` is how far takes go towards what they are
    asked for, over how far the prior learned to go: a cheap kin of classifier-free guidance, with one pass. `guidance`
    is the weight of what codes say for knobs that are asked for, `contour_guidance` that of what they say for a contour
    (`foley.sampling.guidance`). With `draws_usual` a take gets those knobs that nobody asks for of a recording of
    its class (`foley.sampling.usual`): takes differ more from each other, and are less often typical. A take of which
    nothing is asked gets the contour of one where its class is among `draws_contour_of`, whose guidance has the weight
    `drawn_contour_guidance`.
    """

    __pydantic_config__ = CLOSED

    kind: Literal["pixelsnail", "diffusion"] = "pixelsnail"
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
    condition_hidden: Large = 2048  # of the network that makes a `map`, or mixes an `embedding` with knobs
    knob_bins: FewOrNone = 0
    contour: bool = False
    control_channels: FewOrNone = 0
    controls_gain: Annotated[float, Field(ge=0, le=10)] = 1.0
    guidance: Annotated[float, Field(ge=0, le=10)] = 1.0
    contour_guidance: Annotated[float, Field(ge=0, le=10)] = 0.5
    draws_usual: bool = False
    draws_contour_of: Annotated[tuple[ClassName, ...], OF_CLASSES] = ()
    drawn_contour_guidance: Annotated[float, Field(ge=0, le=10)] = 0.0
    dropout: Share = 0.1
    diffusion: DiffusionPreset = field(default_factory=DiffusionPreset)


@dataclass(frozen=True)
class VocoderPreset:
    """HiFi-GAN. `head` is `waveform` (upsample to samples) or `spectral` (inverse STFT of refined, shaped noise).

    `excitation` is what a spectral head refines: shaped `noise`, or noise `mixed` with tones where the mel has lines.
    `shaping_passes` is how often the shaped noise is brought to the mel's levels before it is refined.
    `envelope_hop` is the distance in samples of the gains that sharpen a spectral head's waveform; 0 for none.
    """

    __pydantic_config__ = CLOSED

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
    envelope_hop: SizeOrNone = 0


class ClassCalibration(NamedTuple):
    """What brings takes of one class near to recordings: a gain in dB, and how grainy their noise is, 0 for even."""

    gain_db: float = 0.0
    grain: float = 0.0


@dataclass(frozen=True)
class CalibrationPreset:
    """What was measured of takes beside training recordings (`training.calibrate`), a value for each class in its
    order; empty before that.

    `gain_db` mends a level that prior and vocoder miss on the average. `grain` brings back what codes of 53 ms average
    away: drops of rain, strokes of an engine (`foley.sampling.noise.grainy_noise`).
    """

    __pydantic_config__ = CLOSED

    gain_db: Annotated[tuple[Annotated[Number, Field(ge=-24, le=24)], ...], OF_CLASSES] = ()
    grain: Annotated[tuple[Share, ...], OF_CLASSES] = ()

    def of(self, category: Category | None) -> ClassCalibration:
        """The calibration of a class; of none, and of one that was not measured, the one that changes nothing."""
        if category is None:
            return ClassCalibration()
        return ClassCalibration(
            *(values[category] if category < len(values) else 0.0 for values in (self.gain_db, self.grain))
        )
