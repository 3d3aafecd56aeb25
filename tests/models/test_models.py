"""Properties of quantizer, VQ-VAE and vocoders, on tiny modules."""

import dataclasses

import pytest
import torch

from foley.evaluation.metrics.reconstruction import envelope_distance
from foley.features.mel import LogMel
from foley.models.excitation import NoiseShaper
from foley.models.pixelsnail import PixelSNAIL
from foley.models.quantizer import VectorQuantizer, perplexity
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE, vqvae_loss
from foley.models.weight_norm import add_weight_norm, folded_state
from foley.presets import BASELINE, STUDIO, VQVAEPreset


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_what_eval_returns_is_the_lookup_of_its_codes():
    quantizer = VectorQuantizer(4, 16).eval()
    quantized, codes, _ = quantizer(torch.randn(2, 4, 3, 5))
    assert torch.allclose(quantized, quantizer.lookup(codes), atol=1e-6)


def test_codes_are_the_nearest_vectors():
    quantizer = VectorQuantizer(4, 16).eval()
    flat = torch.randn(50, 4)
    assert torch.equal(quantizer.nearest(flat), torch.cdist(flat, quantizer.codebook).argmin(dim=1))


def test_gradients_pass_straight_through():
    vectors = torch.randn(1, 4, 2, 2, requires_grad=True)
    VectorQuantizer(4, 16).eval()(vectors)[0].sum().backward()
    assert torch.equal(vectors.grad, torch.ones_like(vectors))


def test_the_codebook_starts_as_cluster_centres_and_follows():
    centres = 10 * torch.randn(8, 4)
    quantizer = VectorQuantizer(4, 32, decay=0.9)
    for _ in range(40):
        batch = centres[torch.randint(8, (256,))] + 0.01 * torch.randn(256, 4)
        quantizer(batch.T.reshape(1, 4, 16, 16))
    assert torch.cdist(centres, quantizer.codebook).min(dim=1).values.max() < 0.1


def test_dead_codes_are_revived():
    quantizer = VectorQuantizer(2, 8, decay=0.5)
    quantizer(torch.randn(1, 2, 8, 8))
    quantizer.codebook[3], quantizer.codebook_sum[3], quantizer.usage[3] = 1e3, 0.0, 0.0
    quantizer(torch.randn(1, 2, 8, 8))
    assert quantizer.codebook[3].abs().max() < 10


def test_a_batch_that_is_no_number_leaves_the_codebook_as_it_was():
    quantizer = VectorQuantizer(4, 8)
    quantizer(torch.randn(2, 4, 6, 6))
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    quantizer(torch.full((2, 4, 6, 6), float("nan")))
    assert all(torch.equal(value, before[name]) for name, value in quantizer.state_dict().items())


def test_perplexity_counts_the_codes_in_use():
    assert perplexity(torch.zeros(10, dtype=torch.long), 4) == pytest.approx(1)
    assert perplexity(torch.arange(4).repeat(5), 8) == pytest.approx(4)


def test_four_branches_and_the_parallel_block_are_there(preset):
    model = VQVAE(preset.vqvae)
    assert [branch[0].kernel_size[1] for branch in model.encoder.branches] == [4, 2, 6, 8]
    assert len(model.encoder.residual) == preset.vqvae.parallel_residual_blocks > 0
    assert VQVAE(VQVAEPreset()).class_head is None


def test_the_loss_is_equation_4_with_the_class_head(preset):
    settings = dataclasses.replace(preset.vqvae, commitment=0.5, class_weight=0.01)
    model = VQVAE(settings).eval()
    cembed, categories = torch.randn(2, preset.rows, 48), torch.tensor([1, 4])
    output = model(cembed)
    loss, terms = vqvae_loss(output, cembed, categories, settings)
    vectors = model.vectors(cembed)
    distance = (vectors - model.quantizer.lookup(output.codes)).square().mean()
    logits = model.class_head(vectors.mean(dim=(2, 3)))
    expected = (output.cembed - cembed).square().mean() + 0.5 * distance
    expected = expected + 0.01 * torch.nn.functional.cross_entropy(logits, categories)
    assert torch.allclose(loss, expected, atol=1e-5)
    assert set(terms) == {"mse", "latent_distance", "cross_entropy"}


def test_decoding_the_codes_is_the_reconstruction(preset):
    model = VQVAE(preset.vqvae).eval()
    cembed = torch.randn(1, preset.rows, preset.frames)
    assert model.encode(cembed).shape == (1, *preset.grid)
    assert torch.allclose(model.decode(model.encode(cembed)), model(cembed).cembed, atol=1e-5)


def test_folding_weight_norm_changes_nothing(preset):
    grid, codebook_size = preset.grid, preset.vqvae.codebook_size
    normed = add_weight_norm(PixelSNAIL(preset.prior, grid, codebook_size)).eval()
    plain = PixelSNAIL(preset.prior, grid, codebook_size).eval()
    plain.load_state_dict(folded_state(normed))
    codes, categories = torch.randint(codebook_size, (1, *grid)), torch.tensor([2])
    assert torch.allclose(normed(codes, categories), plain(codes, categories), atol=1e-5)


def test_shaped_noise_has_the_mel_it_was_shaped_by():
    shaper, log_mel = NoiseShaper(STUDIO), LogMel(STUDIO.audio, STUDIO.mel)
    slope = torch.linspace(-2, -6, 129).view(1, 129, 1).expand(1, 129, 300)
    heard = log_mel(shaper(slope, torch.randn(1, 96_000)))
    assert (heard - slope).mean(dim=2)[:, 1:].abs().max() < 0.3  # the lowest band reaches to 0 Hz, which is left out


def test_shaping_passes_bring_the_noise_nearer_to_a_sharp_sound():
    time = torch.arange(96_000) / 24_000
    clicks = torch.randn(96_000, generator=torch.Generator().manual_seed(0)) * torch.exp(-(time % 0.5) / 0.03)
    log_mel, noise = LogMel(STUDIO.audio, STUDIO.mel)(clicks[None]), torch.randn(1, 96_000)
    once, again = (
        NoiseShaper(dataclasses.replace(STUDIO, vocoder=dataclasses.replace(STUDIO.vocoder, shaping_passes=passes)))(
            log_mel, noise
        )[0]
        for passes in (0, 2)
    )
    assert envelope_distance(again, clicks, 24_000) < 0.9 * envelope_distance(once, clicks, 24_000)


def test_the_untrained_spectral_vocoder_is_exactly_the_shaped_noise(preset):
    vocoder = Vocoder(preset).eval()
    log_mel, noise = torch.full((1, 129, 300), -4.0), torch.randn(1, 96_000)
    waveform = vocoder(torch.randn(1, preset.rows, 300), log_mel, noise)
    assert torch.allclose(waveform, vocoder.generator.excitation(log_mel, noise), atol=1e-4)


def test_in_mixed_precision_the_vocoder_hears_the_same_noise(preset):
    generator = Vocoder(preset).eval().generator
    heard = []
    generator.noise_input.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    inputs = torch.randn(1, preset.rows, 300), torch.full((1, 129, 300), -4.0), torch.randn(1, 96_000)
    for mixed in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            generator(*inputs)
    assert torch.equal(*heard)


def test_hifigan_v1_is_of_the_published_size():
    parameters = sum(parameter.numel() for parameter in Vocoder(BASELINE).parameters())
    assert parameters == pytest.approx(13.92e6, rel=0.01)
