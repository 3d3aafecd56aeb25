"""The cost of a step is counted: by hand for one layer, and in proportion to the batch."""

import pytest
import torch
from tiny import tiny_preset

from foley.presets import get_preset
from training.cost import _measure, costs, table


def test_a_layers_cost_is_what_it_is_by_hand():
    with torch.device("meta"):
        layer, image = torch.nn.Conv2d(3, 5, 3, padding=1), torch.empty(2, 3, 8, 8)
    flops, kept = _measure(lambda: layer(image).sigmoid().sum())
    forward = 2 * (2 * 8 * 8) * 5 * (3 * 9)
    assert flops == 2 * forward  # the gradient of the weights; that of the image is not needed
    assert kept == 4 * (image.numel() + 2 * 5 * 8 * 8)  # the image and the sigmoid


def test_costs_grow_with_the_batch_and_checkpointing_saves_memory():
    preset = tiny_preset()
    one, two = ({cost.stage: cost for cost in costs(preset, batch)} for batch in (1, 2))
    assert list(one) == ["vqvae", "prior"]
    for name, cost in one.items():
        assert two[name].step_flops == pytest.approx(2 * cost.step_flops)
        assert two[name].weights_gib == cost.weights_gib
    spared = preset.override("training.prior.activation_checkpointing", True)
    prior = {cost.stage: cost for cost in costs(spared, 1)}["prior"]
    assert prior.activations_gib < one["prior"].activations_gib / 2
    assert prior.step_flops > one["prior"].step_flops
    assert "| prior |" in "\n".join(table(iter(one.values()), 30))
    diffusion = {cost.stage: cost for cost in costs(preset.override("prior.kind", "diffusion"), 1)}["prior"]
    assert diffusion.step_flops > 0 and diffusion.parameters != prior.parameters


def test_the_stages_of_the_papers_recipe_are_counted():
    small = get_preset("baseline").override("prior.blocks", 1).override("training.vocoder.segment_frames", 8)
    cost = {cost.stage: cost for cost in costs(small, 1)}
    assert list(cost) == ["vqvae", "prior", "vocoder"]
    assert cost["vocoder"].steps == 180 * 4605
