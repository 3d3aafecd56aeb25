"""Activation checkpointing changes memory and nothing else."""

import dataclasses

import pytest
import torch

from foley.models.prior import make_prior
from foley.models.vqvae import VQVAE


def gradients(model: torch.nn.Module, loss: torch.Tensor) -> list[torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("kind", ["pixelsnail", "diffusion"])
def test_a_priors_gradients_are_the_same(preset, kind):
    torch.manual_seed(0)
    prior = make_prior(preset.override("prior.kind", kind)).train()
    for parameter in prior.parameters():
        parameter.data.normal_(std=0.1)
    size = preset.vqvae.codebook_size
    codes, categories = torch.randint(size, (2, *preset.grid)), torch.tensor([0, 3])
    inputs = (codes, torch.tensor([5, 50]), categories) if kind == "diffusion" else (codes, categories)
    plain = gradients(prior, prior(*inputs).square().mean())
    prior.activation_checkpointing = True
    again = gradients(prior, prior(*inputs).square().mean())
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(plain, again, strict=True))


def test_a_vqvaes_gradients_are_the_same(preset):
    torch.manual_seed(0)
    vqvae = VQVAE(preset.vqvae).train()
    vqvae.quantizer.eval()
    cembed = torch.randn(1, 64, 32)
    plain = gradients(vqvae, vqvae(cembed).cembed.square().mean())
    vqvae.checkpoint_activations()
    again = gradients(vqvae, vqvae(cembed).cembed.square().mean())
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(plain, again, strict=True))


def test_batch_norm_and_checkpointing_exclude_each_other(preset):
    with pytest.raises(ValueError, match="Batch norm"):
        VQVAE(dataclasses.replace(preset.vqvae, batch_norm=True)).checkpoint_activations()


def test_batch_norm_is_where_the_public_re_implementation_has_it(preset):
    wide = dataclasses.replace(preset.vqvae, batch_norm=True, branch_residual_blocks=3, decoder_residual_blocks=3)
    vqvae = VQVAE(dataclasses.replace(wide, parallel_residual_blocks=0))

    def layers(part):
        return [type(module).__name__ for module in part.modules() if isinstance(module, torch.nn.BatchNorm2d)]

    assert len(layers(vqvae.encoder.branches[0])) == 3 + 2 * 3  # behind three convolutions and two of every block
    assert len(layers(vqvae.decoder)) == 2 * 3
