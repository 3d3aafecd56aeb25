"""Looking into a model: what its codes are, which class uses which, how one sounds; sweeps and morphs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from foley.categories import Category
from foley.models.quantizer import perplexity
from foley.pipeline import Foley
from foley.sampling.noise import white_noise
from foley.takes.take import Take

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4)
MORPH = (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
ROOM_NOISE = 1e-3  # of full scale, the noise in which a single code is played: -60 dBFS


@dataclass(frozen=True)
class CodeUse:
    """How often each class used each code in each row: `counts` (7, rows, codebook size), from `takes` takes each."""

    counts: Tensor
    takes: int

    @property
    def by_class(self) -> Tensor:
        """Counts (7, codebook size)."""
        return self.counts.sum(dim=1)

    def perplexity(self, category: Category) -> float:
        """How many codes a class has in even use."""
        counts = self.by_class[category]
        return float(perplexity(torch.arange(len(counts)).repeat_interleave(counts), len(counts)))

    def typical(self, category: Category, number: int = 6) -> list[int]:
        """The codes that tell this class from the others best: most of its own use, and most of theirs."""
        share = self.by_class.float() + 0.5
        share = share / share.sum(dim=1, keepdim=True)
        others = (share.sum(dim=0) - share[category]) / (len(share) - 1)
        return (share[category] * (share[category] / others).log()).topk(number).indices.tolist()

    def usual_row(self, code: int) -> int:
        """The row of the grid in which a code is met most, the middle one where it never was."""
        rows = self.counts[:, :, code].sum(dim=0)
        return int(rows.argmax()) if rows.sum() else len(rows) // 2


def count_codes(foley: Foley, takes: int = 4, seed: int = 0) -> Iterator[tuple[int, CodeUse]]:
    """Sample takes of every class and count their codes: (classes done, what was counted so far)."""
    rows, _ = foley.preset.grid
    size = foley.preset.vqvae.codebook_size
    counts = torch.zeros(len(Category), rows, size, dtype=torch.long)
    for category in Category:
        for event in foley.sampler.sample([int(category)] * takes, list(range(seed, seed + takes))):
            codes = event.codes
        places = torch.arange(rows)[None, :, None] * size + codes
        counts[category] = torch.bincount(places.flatten(), minlength=rows * size).view(rows, size)
        yield int(category) + 1, CodeUse(counts.clone(), takes)


def codebook_map(foley: Foley) -> np.ndarray:
    """Each code's place on the plane of the codebook's two widest directions, from -1 to 1: (codebook size, 2).

    Few codes lie far out: distances are pressed together there, so that the many in the middle can be told apart.
    """
    vectors = foley.vqvae.quantizer.codebook.detach().cpu().double().numpy()
    centred = vectors - vectors.mean(axis=0)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * scale[:2]
    places *= np.sign(places[np.abs(places).argmax(axis=0), [0, 1]])  # a singular vector may point either way
    usual = np.percentile(np.abs(places), 75, axis=0)
    return np.tanh(0.7 * places / usual)


def code_in_place(foley: Foley, code: int, row: int, frames: int = 12) -> Tensor:
    """What one code sounds like: (samples,) of a quiet room in which it stands in one row for some frames.

    Raises ValueError for a code or a row that there is none of.
    """
    rows, columns = foley.preset.grid
    if not (0 <= code < foley.preset.vqvae.codebook_size and 0 <= row < rows):
        raise ValueError(f"There is no code {code} in row {row}: the model has {foley.preset.vqvae.codebook_size}.")
    room = torch.from_numpy(white_noise(0, foley.preset.audio.samples)) * ROOM_NOISE
    codes = foley.encode(room).clone()  # what inference mode made must not be changed
    first = (columns - frames) // 2
    codes[row, first : first + frames] = code
    return foley.decode(codes)[1]


def temperature_sweep(foley: Foley, category: Category, seed: int) -> Iterator[Take]:
    """One seed at rising temperatures (`TEMPERATURES`)."""
    for temperature in TEMPERATURES:
        yield foley.generate(category, seed, temperature)[0]


def class_morph(foley: Foley, first: Category, second: Category, seed: int, temperature: float = 1.0) -> Iterator[Take]:
    """From a take of one class to another's, in steps (`MORPH`).

    Each step samples a larger share of the first take's codes again, in patches, as the second class would go on; it is
    filed as the class of which it has more.
    """
    take = foley.generate(first, seed, temperature)[0]
    for share in MORPH:
        if share == 0:
            yield take
        else:
            asked = replace(take, recipe=replace(take.recipe, category=Category(second)))
            drawn = foley.siblings(asked, share, seed)[0]
            nearer, words = first if share < 0.5 else second, f"{share:.0%} of the way to {Category(second).title}"
            named = replace(drawn.recipe, category=Category(nearer), edits=(*take.recipe.edits, words))
            yield replace(drawn, recipe=named)
