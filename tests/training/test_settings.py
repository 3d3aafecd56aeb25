"""Recipes become settings: epochs, steps asked for, and the learning rate over the steps."""

import pytest
import torch
from tiny import tiny_preset

from foley.presets import BASELINE, CONDITIONED_MEL, PAPER, PAPER_V1, PAPER_V2, STUDIO, Preset
from foley.presets.recipes import StageRecipe
from training.settings import LoopSettings, apply_rates, make_scheduler


def rates(settings: LoopSettings, steps: int) -> list[float]:
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=settings.learning_rate)
    scheduler = make_scheduler(optimizer, settings)
    found = []
    for _ in range(steps):
        found.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return found


def test_the_steps_that_are_asked_for_are_trained_and_not_fewer():
    for preset in (STUDIO, PAPER):
        settings = LoopSettings.of(preset.training.prior, 4605, 1, {"steps": 300_000})
        assert settings.steps == 300_000


def test_epochs_give_steps_by_clips_batch_and_processes():
    recipe = PAPER.training.prior
    assert LoopSettings.of(recipe, 4605, 1, {}).steps == -(-265 * 4605 // 8)
    assert LoopSettings.of(recipe, 4605, 4, {"accumulation": 2}).steps == -(-265 * 4605 // 64)
    assert LoopSettings.of(recipe, 4605, 4, {}).steps_per_epoch == -(-4605 // 32)


def test_the_papers_recipe_is_the_papers():
    for preset in (PAPER, PAPER_V1, PAPER_V2, BASELINE, CONDITIONED_MEL):
        recipe = preset.training
        assert (recipe.vqvae.batch, recipe.prior.batch) == (16, 8)
        assert (recipe.vqvae.epochs, recipe.prior.epochs) == (800, 265)
        assert recipe.vqvae.lowest_rate == recipe.prior.lowest_rate == 1e-5
        assert recipe.vqvae.schedule == recipe.prior.schedule == "triangular"
        assert not recipe.augmentation.noise_floor
        assert recipe.augmentation.views == 1
        assert recipe.prior.silence_weight == 1
        assert not recipe.prior.balance_classes
        assert recipe.vqvae.crop_frames == 0
        assert not recipe.vqvae.refit_class_head
        assert recipe.vocoder.objective == "hifigan"
        assert recipe.vocoder.discriminators.periods == (2, 3, 5, 7, 11)
    assert (PAPER_V1.vqvae.codebook_size, PAPER_V1.prior.channels, PAPER_V1.prior.residual_blocks) == (512, 128, 3)
    assert CONDITIONED_MEL.vqvae.class_head
    assert not BASELINE.vqvae.class_head


def test_the_studios_recipe_is_what_it_was():
    recipe = STUDIO.training
    assert (recipe.vqvae.steps, recipe.prior.steps, recipe.decoder.steps) == (30_000, 30_000, 30_000)
    assert (recipe.vqvae.batch, recipe.prior.batch, recipe.decoder.batch, recipe.vocoder.batch) == (16, 4, 12, 8)
    assert recipe.prior.average_decay == 0.997
    assert recipe.vocoder.clip_norm == 5.0


def test_a_configuration_from_before_there_were_recipes_has_the_studios():
    data = STUDIO.to_dict()
    del data["training"]
    assert Preset.from_dict(data) == STUDIO


def test_every_value_of_a_recipe_can_be_set_by_name():
    preset = tiny_preset().override("training.vocoder.discriminators.periods", "[2, 3]")
    preset = preset.override("training.prior.clip_norm", "0.5")
    assert preset.training.vocoder.discriminators.periods == (2, 3)
    assert preset.training.prior.clip_norm == 0.5
    for path, value, word in (
        ("training.prior.schedule", "sawtooth", "sawtooth"),
        ("training.prior.batch", "0", "batch"),
        ("training.prior.bach", "8", "training.prior.bach"),
        ("training.vocoder.objective", "wavenet", "wavenet"),
    ):
        with pytest.raises(ValueError, match=word):
            preset.override(path, value)


def test_a_cycle_rises_from_the_floor_to_the_peak_and_falls_back():
    cycle = {"learning_rate": 1.0, "lowest_rate": 0.1, "cycle_up": 2, "cycle_down": 4}
    triangular = rates(LoopSettings(**cycle, schedule="triangular"), 13)
    assert triangular[::6] == pytest.approx([0.1] * 3)
    assert triangular[2::6] == pytest.approx([1.0] * 2)
    halved = rates(LoopSettings(**cycle, schedule="triangular2"), 9)
    assert halved[8] == pytest.approx(0.55)


def test_an_exponential_rate_falls_by_its_factor_once_an_epoch():
    settings = LoopSettings(learning_rate=1.0, schedule="exponential", decay_per_epoch=0.5, steps_per_epoch=4)
    assert rates(settings, 9)[::4] == pytest.approx([1.0, 0.5, 0.25])
    assert rates(LoopSettings(learning_rate=0.3, schedule="constant"), 3) == pytest.approx([0.3] * 3)


@pytest.mark.parametrize("schedule", ["triangular", "exponential"])
def test_rates_that_are_asked_for_later_hold_from_then_on(schedule):
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    before = LoopSettings(learning_rate=1.0, schedule=schedule, cycle_up=2, cycle_down=2, decay_per_epoch=1.0)
    scheduler = make_scheduler(optimizer, before)
    apply_rates(scheduler, LoopSettings(**{**vars(before), "learning_rate": 0.01, "lowest_rate": 0.001}))
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr()[0] <= 0.01


def test_a_recipe_without_steps_is_none():
    assert not StageRecipe(steps=0).is_used
    assert StageRecipe(steps=0, epochs=1.0).is_used
