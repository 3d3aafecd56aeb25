"""The named presets: the studio's, the paper's and the baseline's, each with the recipe that it is trained by."""

from dataclasses import replace

from foley.presets.architecture import (
    AudioPreset,
    EncoderPreset,
    MelPreset,
    PriorPreset,
    VocoderPreset,
    VQVAEPreset,
)
from foley.presets.preset import Preset
from foley.presets.recipes import (
    AugmentationRecipe,
    DecoderRecipe,
    DiscriminatorRecipe,
    EncoderRecipe,
    MaskingRecipe,
    PriorRecipe,
    TrainingRecipe,
    VocoderRecipe,
    VQVAERecipe,
)

# The paper's recipe (3.1, 3.4, 6.1, 6.3). What it leaves open, such as the length of a cycle, is said beside it.
PAPER_TRAINING = TrainingRecipe(
    augmentation=AugmentationRecipe(views=1, speed_semitones=0.0, gain_db=0.0, delay_s=0.0, noise_floor=False),
    masking=MaskingRecipe(time_probability=1.0, time_share=0.6),
    encoder=EncoderRecipe(steps=0),  # MERT comes trained
    vqvae=VQVAERecipe(
        steps=0,
        epochs=800.0,
        batch=16,
        schedule="triangular",
        learning_rate=3e-3,
        cycle_up=2000,  # torch's own default, as the paper gives none
        cycle_down=2000,
        betas=(0.9, 0.999),
        weight_decay=1e-2,  # AdamW's default, as in the public re-implementation
        clip_norm=0.0,
        interval=1000,
        crop_frames=0,
        refit_class_head=False,
    ),
    prior=PriorRecipe(
        steps=0,
        epochs=265.0,
        batch=8,
        schedule="triangular",
        learning_rate=3e-4,
        cycle_up=2000,
        cycle_down=2000,
        betas=(0.9, 0.999),
        weight_decay=1e-3,
        clip_norm=1.0,  # clipping is in section 7, its norm is not
        average_decay=0.0,
        interval=1000,
        balance_classes=False,
        silence_weight=1.0,
    ),
    decoder=DecoderRecipe(steps=0),  # the decoder is only trained with its encoder
    vocoder=VocoderRecipe(  # 180 epochs (6.3); the rest as in HiFi-GAN V1 (Kong et al. 2020)
        steps=0,
        epochs=180.0,
        batch=16,
        schedule="exponential",
        learning_rate=2e-4,
        decay_per_epoch=0.999,
        betas=(0.8, 0.99),
        weight_decay=1e-2,
        clip_norm=0.0,
        average_decay=0.0,
        interval=1000,
        objective="hifigan",
        discriminators=DiscriminatorRecipe(periods=(2, 3, 5, 7, 11), scales=3, resolutions=(), channels=32),
        segment_frames=32,
        decoded_share=0.0,
        masked_share=1.0,
        finetune_share=0.1,  # the paper gives none
        mel_l1_weight=45.0,
        features_weight=2.0,
    ),
)

# The same for mels, whose input is not masked: masks came with CEmbed (3.4.2).
MEL_TRAINING = replace(
    PAPER_TRAINING,
    vqvae=replace(PAPER_TRAINING.vqvae, masked=False),
    vocoder=replace(PAPER_TRAINING.vocoder, masked_share=0.0),
)

BASELINE = Preset(
    name="baseline",
    audio=AudioPreset(sample_rate=22_050),
    mel=MelPreset(rows=80, hop_length=256, f_max=8_000.0),
    vqvae=VQVAEPreset(rectified_skip=True),
    prior=PriorPreset(condition="map", condition_channels=1),
    training=MEL_TRAINING,
)

# Table 4: the baseline's VQ-VAE with the class head of 3.4.1.
CONDITIONED_MEL = replace(BASELINE, name="conditioned-mel", vqvae=replace(BASELINE.vqvae, class_head=True))

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
        branch_residual_blocks=3,  # the baseline's two, and the one of 3.4.2 in every parallel branch
        residual_channels=64,
        decoder_residual_blocks=3,
        code_dimension=128,
        codebook_size=1024,
        class_head=True,
    ),
    prior=PriorPreset(zen_factor=4),
    vocoder=VocoderPreset(upsample_rates=(8, 5, 4, 2), upsample_kernels=(16, 11, 8, 4)),
    training=PAPER_TRAINING,
)

# Section 7: MVQVAEv1 has the baseline's 512 codes, and its prior was made to fit 16 GB; v2 is what the paper ends with.
PAPER_V1 = replace(
    PAPER,
    name="paper-v1",
    vqvae=replace(PAPER.vqvae, codebook_size=512),
    prior=replace(PAPER.prior, channels=128, residual_blocks=3),
)
PAPER_V2 = replace(PAPER, name="paper-v2")

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

# What ten minutes of a large GPU train: finer frames and fewer rows of codes, sharper decoded mels, a prior that hears
# knobs and contours, a vocoder with tones to begin with and gains a millisecond apart.
EXPRESSIVE = replace(
    STUDIO,
    name="expressive",
    encoder=replace(STUDIO.encoder, rows=31),
    vqvae=replace(
        STUDIO.vqvae,
        strides=((4, 2), (2, 1)),
        stem_channels=48,
        channels=96,
        residual_channels=96,
        codebook_size=1024,
    ),
    prior=replace(
        STUDIO.prior,
        channels=128,
        residual_channels=96,
        condition_channels=64,
        condition_hidden=128,
        dropout=0.1,
        knob_bins=8,
        contour=True,
        control_channels=64,
    ),
    vocoder=replace(STUDIO.vocoder, excitation="mixed", envelope_hop=20),
    training=TrainingRecipe(
        augmentation=AugmentationRecipe(views=6, speed_semitones=2.0, recomposed_views=2),
        encoder=EncoderRecipe(
            batch=64, learning_rate=1e-3, schedule="triangular", cycle_up=200, cycle_down=3000, interval=400
        ),
        vqvae=VQVAERecipe(
            batch=64,
            crop_frames=150,
            mel_l1_weight=0.3,
            adversarial_weight=0.1,
            average_decay=0.995,
            interval=400,
            kept_weights="newest",
        ),
        prior=PriorRecipe(batch=64, learning_rate=1.5e-3, cycle_down=4000, interval=400),
        vocoder=VocoderRecipe(
            batch=64,
            interval=400,
            kept_weights="newest",
            segment_frames=48,
            discriminators=DiscriminatorRecipe(
                periods=(2, 3, 5, 7, 11), resolutions=((256, 64), (1024, 256), (2048, 512)), channels=24
            ),
        ),
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

PRESETS = {
    preset.name: preset
    for preset in (STUDIO, EXPRESSIVE, PAPER, PAPER_V1, PAPER_V2, BASELINE, CONDITIONED_MEL, STUDIO_BASELINE)
}


def get_preset(name: str) -> Preset:
    """The preset of that name. Raises ValueError listing the names when there is none."""
    if name not in PRESETS:
        raise ValueError(f"There is no preset {name!r}: choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
