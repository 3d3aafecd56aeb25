"""Takes that no model made, in milliseconds: for what happens to takes once they are there."""

from dataclasses import replace

import torch

from foley.categories import Category
from foley.takes.recipe import Recipe
from foley.takes.take import Take


def handmade_take(category: Category = Category.Rain, seed: int = 1, seconds: float = 1.0, **changes) -> Take:
    """A take of noise with random codes, different for every seed; `changes` are of its recipe."""
    random = torch.Generator().manual_seed(seed)
    waveform = 0.1 * torch.randn(round(24_000 * seconds), generator=random).clamp(-3, 3)
    values = {
        "category": category,
        "seed": seed,
        "noise_seed": seed,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 0.98,
        "model": "handmade@0",
        "licence": "CC0-1.0",
        "codes": torch.randint(0, 32, (24, 75), generator=random),
    }
    return Take(waveform, 24_000, torch.zeros(192, 300), Recipe(**{**values, **changes}))


def changed(take: Take, **changes) -> Take:
    """A take with another recipe."""
    return replace(take, recipe=replace(take.recipe, **changes))
