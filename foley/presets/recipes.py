"""How a model is trained: one block a stage, all of it data, so that `config.json` says how a model came about.

The defaults are the studio's recipe. Every value is set from the command line as in `--set training.prior.batch=8`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from foley.presets.bounds import (
    CLOSED,
    Few,
    FewOrNone,
    Number,
    Rate,
    Share,
    Size,
    SizeOrNone,
    Steps,
    StepsOrNone,
    Weight,
    Window,
)


@dataclass(frozen=True)
class StageRecipe:
    """What every stage's training has: its length, its batch, its optimizer (AdamW) and its learning rate.

    Args:
        steps: optimizer steps; none where also `epochs` is 0: the stage is not part of the recipe.
        epochs: passes over the training clips; where it is above 0, it gives the steps.
        batch: clips of one batch, on every process.
        schedule: of the learning rate; cyclic (`triangular`, `triangular2`: each cycle half as high), `exponential`
            or `constant`.
        learning_rate: the peak of a cycle, or the rate at the beginning.
        lowest_rate: the floor of a cycle.
        cycle_up: steps from floor to peak.
        cycle_down: steps from peak to floor.
        decay_per_epoch: what an exponential schedule multiplies the rate by, once an epoch.
        betas: of AdamW.
        weight_decay: of AdamW.
        clip_norm: the largest norm of a gradient; 0 for no clipping.
        average_decay: of the moving average of the weights that is kept; 0 for no average.
        interval: steps between validations, each with a checkpoint.
        patience: validations without a better score before the training ends; 0 for never.
        kept_weights: those of the `best` score, or the `newest`: what a discriminator asks for, no distance measures.
        activation_checkpointing: compute activations again in the backward pass: less memory, a third more time.
    """

    __pydantic_config__ = CLOSED

    steps: StepsOrNone = 30_000
    epochs: Weight = 0.0
    batch: Size = 16
    schedule: Literal["triangular2", "triangular", "exponential", "constant"] = "triangular2"
    learning_rate: Rate = 1e-3
    lowest_rate: Rate = 1e-5
    cycle_up: Steps = 100
    cycle_down: Steps = 3000
    decay_per_epoch: Share = 0.999
    betas: tuple[Share, Share] = (0.9, 0.99)
    weight_decay: Weight = 1e-3
    clip_norm: Weight = 1.0
    average_decay: Share = 0.0
    interval: Steps = 200
    patience: StepsOrNone = 0
    kept_weights: Literal["best", "newest"] = "best"
    activation_checkpointing: bool = False

    @property
    def is_used(self) -> bool:
        """Whether the stage is part of the recipe at all."""
        return self.steps > 0 or self.epochs > 0


@dataclass(frozen=True)
class AugmentationRecipe:
    """What is made of the recordings before anything is trained.

    Args:
        views: variations of every recording that are kept; the first is the recording itself.
        speed_semitones: the most by which a variation is faster or slower.
        gain_db: the most by which it is louder or quieter.
        delay_s: the longest delay of its beginning, in seconds.
        recomposed_views: how many of them, the last ones, have the sequence of the recording and the events of another.
        noise_floor: whether networks hear faint noise under the recordings (see `training/augment.py`).
    """

    __pydantic_config__ = CLOSED

    views: Few = 4
    speed_semitones: Annotated[Number, Field(ge=0, le=24)] = 1.5
    gain_db: Annotated[Number, Field(ge=0, le=60)] = 3.0
    delay_s: Annotated[Number, Field(ge=0, le=60)] = 0.25
    recomposed_views: FewOrNone = 0
    noise_floor: bool = True


@dataclass(frozen=True)
class MaskingRecipe:
    """Masks on CEmbeds (paper 3.4.2), drawn for the mel and the embedding part by themselves.

    Args:
        frames: the most frames of a mask, of a clip of 300.
        bands: the most mel rows, of 129.
        embedding_share: the most embedding rows, as a share of all of them.
        time_probability: of a mask of frames being drawn at all.
        time_share: the largest share of the frames that a mask may cover, which is what `p` means to torchaudio.
    """

    __pydantic_config__ = CLOSED

    frames: SizeOrNone = 25
    bands: SizeOrNone = 25
    embedding_share: Share = 250 / 1023
    time_probability: Share = 0.6
    time_share: Share = 1.0


@dataclass(frozen=True)
class EncoderRecipe(StageRecipe):
    """Masked prediction: `crop_frames` of every clip, and the weight of the constant-Q teacher.

    `compression_steps` are those of the CNN that compresses the embeddings, where the preset has one.
    """

    __pydantic_config__ = CLOSED

    steps: StepsOrNone = 20_000
    batch: Size = 8
    learning_rate: Rate = 5e-4
    cycle_down: Steps = 1500
    interval: Steps = 100
    crop_frames: SizeOrNone = 150
    cqt_weight: Weight = 1.0
    compression_steps: Steps = 1000


@dataclass(frozen=True)
class VQVAERecipe(StageRecipe):
    """Reconstruction through the codebook.

    Args:
        crop_frames: frames of every clip; 0 for whole clips.
        masked: whether the input is masked.
        refit_class_head: fit the class head to the end once the encoder is trained, by logistic regression; off where
            its cross-entropy is to be that of the paper's joint training.
        mel_l1_weight: of the log-mel's L1 beside the squared error.
        adversarial_weight: of a discriminator of log-mels (Esser et al. 2021), against the blur of a squared error;
            0 for none.
        features_weight: of the distance of that discriminator's features, beside its own weight.
        discriminator_channels: of its first layer.
    """

    __pydantic_config__ = CLOSED

    weight_decay: Weight = 1e-4
    crop_frames: SizeOrNone = 96
    masked: bool = True
    refit_class_head: bool = True
    mel_l1_weight: Weight = 0.0
    adversarial_weight: Weight = 0.0
    features_weight: Weight = 2.0
    discriminator_channels: Size = 48


@dataclass(frozen=True)
class PriorRecipe(StageRecipe):
    """Next-code prediction, or the way back from spoiled codes where the prior is one of diffusion.

    Args:
        balance_classes: show clips of smaller classes more often, so that all classes come equally often.
        silence_weight: of codes of silent frames in the loss; 1 for no difference.
        silence_dbfs: below this level a frame is silent.
        given_share: of diffusion: of the clips, those of which a part is given, as in edits and continuations.
        auxiliary_weight: of diffusion: of guessing the clip at once, beside the bound (Gu et al.: 0.0005 a step).
        controls_share: of the clips whose knobs are heard, and likewise of those whose contour is.
        control_share: of each of a heard clip's knobs, of its levels and of its onsets that are heard.
        controls_rate: learning rate of what hears the controls, over that of the rest: each bin is seen but seldom.
        controls_alone: train nothing but what hears the controls: takes of which nothing is asked stay what they were.
    """

    __pydantic_config__ = CLOSED

    batch: Size = 4
    average_decay: Share = 0.997
    interval: Steps = 150
    balance_classes: bool = True
    silence_weight: Share = 0.3
    silence_dbfs: Annotated[Number, Field(ge=-200, le=0)] = -50.0
    given_share: Share = 0.5
    auxiliary_weight: Weight = 0.05
    controls_share: Share = 0.6
    control_share: Share = 0.6
    controls_rate: Annotated[Number, Field(gt=0, le=100)] = 1.0
    controls_alone: bool = False


@dataclass(frozen=True)
class DecoderRecipe(StageRecipe):
    """The decoder alone on fixed codes.

    Args:
        crop_codes: frames of codes of a crop.
        mel_l1_weight: of the log-mel's L1 beside the squared error.
        level_weight: of the distance of a crop's level.
        adversarial_weight: of a discriminator of log-mels, as for the VQ-VAE; 0 for none.
        features_weight: of the distance of that discriminator's features, beside its own weight.
        discriminator_channels: of its first layer.
    """

    __pydantic_config__ = CLOSED

    batch: Size = 12
    average_decay: Share = 0.995
    weight_decay: Weight = 1e-4
    crop_codes: Size = 24
    mel_l1_weight: Weight = 0.3
    level_weight: Weight = 0.1
    adversarial_weight: Weight = 0.0
    features_weight: Weight = 2.0
    discriminator_channels: Size = 48


@dataclass(frozen=True)
class DiscriminatorRecipe:
    """Which discriminators there are.

    Args:
        periods: of the multi-period discriminator, one each.
        scales: how many of a multi-scale discriminator, each at half the rate of the one before.
        resolutions: `(n_fft, hop)` of discriminators that look at a spectrum, one each.
        channels: of the first layer.
    """

    __pydantic_config__ = CLOSED

    periods: Annotated[tuple[Few, ...], Field(max_length=16)] = (2, 5, 11)
    scales: FewOrNone = 0
    resolutions: Annotated[tuple[tuple[Window, Window], ...], Field(max_length=16)] = ((256, 64), (2048, 512))
    channels: Size = 16


@dataclass(frozen=True)
class VocoderRecipe(StageRecipe):
    """Adversarial training on segments.

    Args:
        objective: `spectral` (the studio's) or `hifigan` (Kong et al. 2020).
        discriminators: which there are.
        segment_frames: frames of a segment.
        context_codes: frames of codes decoded on each side of one, so that its edges are as in a whole clip.
        decoded_share: of the segments that come through the codebook, once there is a VQ-VAE.
        masked_share: of the others that are masked.
        finetune_share: of the steps, the last ones, in which all segments come through the codebook.
        mel_l1_weight: of the log-mel's L1 (HiFi-GAN's objective).
        spectral_weight: of the spectral distance (the studio's objective), as those that follow.
        level_weight: of the level's distance.
        envelope_weight: of the envelope's distance.
        lines_weight: of how far spectral lines stand out.
        onset_weight: of attacks.
        grain_weight: of how unevenly power lies in short blocks.
        features_weight: of feature matching.
        decoder_weight: of the decoded CEmbed's squared error, where the decoder is trained together with the vocoder;
            0 to leave the decoder as it is.
    """

    __pydantic_config__ = CLOSED

    steps: StepsOrNone = 100_000
    batch: Size = 8
    learning_rate: Rate = 4e-4
    cycle_up: Steps = 50
    cycle_down: Steps = 4000
    betas: tuple[Share, Share] = (0.8, 0.99)
    clip_norm: Weight = 5.0
    average_decay: Share = 0.99
    interval: Steps = 150
    objective: Literal["spectral", "hifigan"] = "spectral"
    discriminators: DiscriminatorRecipe = field(default_factory=DiscriminatorRecipe)
    segment_frames: Size = 32
    context_codes: SizeOrNone = 8
    decoded_share: Share = 0.6
    masked_share: Share = 0.25
    finetune_share: Share = 0.0
    mel_l1_weight: Weight = 45.0
    spectral_weight: Annotated[Weight, Field(gt=0)] = 6.0
    level_weight: Weight = 1.0
    envelope_weight: Weight = 4.0
    lines_weight: Weight = 2.0
    onset_weight: Weight = 1.0
    grain_weight: Weight = 0.5
    features_weight: Weight = 2.0
    decoder_weight: Weight = 0.0


@dataclass(frozen=True)
class TrainingRecipe:
    """How all stages are trained, and on what is made of the recordings."""

    __pydantic_config__ = CLOSED

    augmentation: AugmentationRecipe = field(default_factory=AugmentationRecipe)
    masking: MaskingRecipe = field(default_factory=MaskingRecipe)
    encoder: EncoderRecipe = field(default_factory=EncoderRecipe)
    vqvae: VQVAERecipe = field(default_factory=VQVAERecipe)
    prior: PriorRecipe = field(default_factory=PriorRecipe)
    decoder: DecoderRecipe = field(default_factory=DecoderRecipe)
    vocoder: VocoderRecipe = field(default_factory=VocoderRecipe)

    def of(self, stage: str) -> StageRecipe:
        """The block of a stage."""
        return getattr(self, stage)
