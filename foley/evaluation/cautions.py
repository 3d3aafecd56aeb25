"""What to be careful with: sentences on what makes a score worth less than it looks."""

import math

from foley.audio.files import SILENCE_PEAK
from foley.categories import Category
from foley.evaluation.collection import Collection

SILENCE_DBFS = 20 * math.log10(SILENCE_PEAK)


def cautions(collection: Collection) -> list[str]:
    """Sentences for the end of a report, beginning with the collection's own notes."""
    found = list(collection.notes)
    settings, sets = collection.settings, collection.sets
    fewest = min(math.prod(sets[c]["generated"].embeddings.shape[:2]) for c in Category)
    if fewest < collection.embedder.dimension:
        found.append(
            f"A Fréchet distance here rests on {fewest} windows for {collection.embedder.dimension} dimensions: it is "
            "too high by an amount that depends on their number. Compare it with the floor of as many clips."
        )
    if settings.parts and all("floor" in sets[category] for category in Category):
        found.append(
            "What goes through the chain is the held-out recordings, and its distance is to the other clips: "
            "untouched they have the floor's."
        )
    if settings.per_class < 2:
        found.append("One take a class: its diversity is unknown, and its intervals have no width.")
    for category in Category:
        found += _of_class(collection, category)
    return found


def _of_class(collection: Collection, category: Category) -> list[str]:
    found, sets = [], collection.sets[category]
    for name, words in (("floor", "training recordings"), ("reconstructed", "held-out recordings")):
        if name in sets and len(sets[name]) < collection.settings.per_class:
            found.append(
                f"{category.title}: there are {len(sets[name])} {words}, fewer than the takes; "
                "distances of smaller sets come out higher."
            )
    silent = int((sets["generated"].values["peak_dbfs"] < SILENCE_DBFS).sum())
    if silent:
        found.append(f"{category.title}: {silent} takes are silent.")
    return found
