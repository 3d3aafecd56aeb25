"""Discriminators: what checkpoints of them, also earlier ones, hold."""

import torch

from foley.presets.recipes import DiscriminatorRecipe
from training.discriminators import Discriminators


def test_checkpoints_of_the_earlier_name_load():
    torch.manual_seed(0)
    recipe = DiscriminatorRecipe(periods=(2,), resolutions=())
    old, new = Discriminators(recipe), Discriminators(recipe)
    state = {name.replace("discriminators.", "judges.", 1): value for name, value in old.state_dict().items()}
    new.load_state_dict(state)
    waveform = torch.randn(1, 400)
    assert torch.equal(new(waveform)[0][0], old(waveform)[0][0])
