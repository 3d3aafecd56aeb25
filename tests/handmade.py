"""Takes that no model made, in milliseconds: for what happens to takes once they are there."""

import torch

from foley.categories import Category
from foley.takes.take import Take


def handmade_take(category: Category = Category.Rain, seed: int = 1, seconds: float = 1.0, **changes) -> Take:
    """A take of noise with random codes, different for every seed."""
    random = torch.Generator().manual_seed(seed)
    values = {
        "waveform": 0.1 * torch.randn(round(24_000 * seconds), generator=random).clamp(-3, 3),
        "sample_rate": 24_000,
        "codes": torch.randint(0, 32, (24, 75), generator=random),
        "cembed": torch.zeros(192, 300),
        "category": category,
        "seed": seed,
        "noise_seed": seed,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 0.98,
        "model": "handmade@0",
        "licence": "CC0-1.0",
    }
    return Take(**{**values, **changes})
