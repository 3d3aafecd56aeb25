"""The cells of the reproduction: one stage of one preset each, trained on the same clips with the same budget."""

from dataclasses import dataclass, replace

from foley.presets import STUDIO, STUDIO_BASELINE, EncoderPreset, Preset


@dataclass(frozen=True)
class Cell:
    """A stage to be trained. Priors and vocoders rest on the codes of the VQ-VAE of the cell `codes_of`.

    A cell whose steps cost the same as those of `steps_of` takes as many: timing is too rough to part them.
    """

    name: str
    stage: str
    preset: Preset
    codes_of: str = ""
    steps_of: str = ""


@dataclass(frozen=True)
class Design:
    """A whole model put together of cells, for table 3."""

    name: str
    vqvae: str
    prior: str
    vocoder: str


def _head(preset: Preset, on: bool) -> Preset:
    return replace(preset, vqvae=replace(preset.vqvae, class_head=on))


def _unmasked(preset: Preset) -> Preset:
    return preset.override("training.vqvae.masked", False)


def cells(studio: Preset = STUDIO, baseline: Preset = STUDIO_BASELINE) -> tuple[Cell, ...]:
    """All cells, those that others rest on first. Other presets than the named ones are for tests."""
    mel_only = replace(studio, encoder=EncoderPreset())
    full = replace(
        studio, prior=replace(studio.prior, zen_factor=1, residual_channels=studio.prior.residual_channels * 5 // 4)
    )
    return (
        Cell("mel, no head", "vqvae", _unmasked(_head(baseline, False))),
        Cell("mel, head", "vqvae", _unmasked(_head(baseline, True)), steps_of="mel, no head"),
        Cell("CEmbed, head", "vqvae", _head(studio, True)),
        Cell("CEmbed, no head", "vqvae", _head(studio, False), steps_of="CEmbed, head"),
        Cell("CEmbed, head, no masks", "vqvae", _unmasked(_head(studio, True)), steps_of="CEmbed, head"),
        Cell("mel of CEmbed alone, head", "vqvae", _head(mel_only, True)),
        Cell("prior, baseline", "prior", baseline, codes_of="mel, no head"),
        Cell("prior, zen", "prior", studio, codes_of="CEmbed, head"),
        Cell("prior, full attention", "prior", full, codes_of="CEmbed, head"),
        Cell("vocoder, baseline", "vocoder", baseline, codes_of="mel, no head"),
        Cell("vocoder, studio", "vocoder", studio, codes_of="CEmbed, head"),
    )


DESIGNS = (
    Design("baseline", "mel, no head", "prior, baseline", "vocoder, baseline"),
    Design("studio", "CEmbed, head", "prior, zen", "vocoder, studio"),
)
