"""The spectral vocoder's gains a millisecond apart."""

import pytest
import torch

from foley.models.spectral_vocoder import FineGains, SpectralVocoder
from foley.presets import STUDIO, get_preset


def test_gains_are_one_before_training():
    gains = FineGains(4, 80, 20)
    assert torch.equal(gains(torch.randn(2, 4, 13), 960), torch.ones(2, 960))


def test_every_gain_has_its_own_moment_and_is_linear_between_in_decibels():
    gains = FineGains(1, 80, 20)
    with torch.no_grad():
        gains.output.bias.copy_(torch.tensor([0.0, 0.0, 1.0, 0.0]))  # the third of each frame: at 40 of 80 samples
    found = gains(torch.zeros(1, 1, 4), 240)[0].log()
    peak = 4 * torch.tanh(torch.tensor(1 / 4))
    assert torch.allclose(found[40::80], peak.expand(3), atol=1e-6)
    assert torch.allclose(found[0::20][[0, 1, 3, 4]], torch.zeros(4), atol=1e-6)
    assert torch.allclose(found[30], peak / 2, atol=1e-6)


def test_a_vocoder_with_gains_begins_as_the_same_without():
    plain = STUDIO.override("vocoder.channels", 16)
    torch.manual_seed(0)
    without = SpectralVocoder(plain).eval()
    fine = SpectralVocoder(plain.override("vocoder.envelope_hop", 20)).eval()
    fine.load_state_dict(fine.state_dict() | without.state_dict())
    inputs = torch.randn(1, 192, 12), torch.randn(1, 129, 12) - 5, torch.randn(1, 3840)
    with torch.no_grad():
        assert torch.equal(fine(*inputs), without(*inputs))


def test_gains_that_do_not_divide_a_frame_are_refused():
    with pytest.raises(ValueError, match="multiple of its envelope's hop"):
        SpectralVocoder(STUDIO.override("vocoder.envelope_hop", 30))


def test_finer_codes_are_a_whole_grid():
    preset = get_preset("expressive")
    assert preset.grid == (20, 150)
