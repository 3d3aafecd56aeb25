"""`python -m training say-check`: is what words ask for to be heard? Knobs, tags, and how soon a turned knob sounds."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from foley.categories import Category
from foley.conditions.asked import Asked
from foley.dataset import VALIDATION
from foley.evaluation.embedders.registry import Embedder, load_embedder
from foley.pipeline import Foley
from foley.prompts.ranking import embed
from foley.prompts.say import Speaker
from foley.prompts.tags import TagStatistics
from foley.resources import SHIPPED_MODEL
from foley.system.arguments import whole
from training.tag_check import HeldOut, check_tags
from training.tags import PER_SOURCE, SOURCES, embeddings_of, of_each_source, tagged_clips
from training.word_check import OPPOSITES, word_scores

TIMED = 20  # takes
PARTS = ("words", "tags", "slider")


def add_say_check(command: argparse.ArgumentParser) -> None:
    """The options of the command."""
    command.add_argument("--only", choices=PARTS, action="append", help="one part (may be repeated; default: all)")
    command.add_argument("--checkpoint", default=SHIPPED_MODEL, help="a folder or hub name; default: the shipped one")
    command.add_argument("--data", type=Path, metavar="FOLDER", help="recordings with a manifest.csv, for the tags")
    command.add_argument("--takes", type=whole(8, 10_000), default=100, help="for each word and class (default: 100)")
    command.add_argument("--best-of", type=whole(1, 64), default=8, help="candidates for each take (default: 8)")
    command.add_argument("--category", action="append", help="of this class alone (may be repeated)")
    command.add_argument("--cache", type=Path, metavar="FOLDER", help="keep embeddings here, for the next time")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")


def run_say_check(arguments: argparse.Namespace) -> None:
    """Measure and print, line by line. Raises ValueError for a folder or model that cannot be used."""
    wanted = arguments.only or [part for part in PARTS if part != "tags" or arguments.data]
    if "tags" in wanted and not arguments.data:
        raise ValueError("Tags are checked against recordings: name their folder with --data.")
    foley = Foley.from_pretrained(arguments.checkpoint, arguments.device)
    categories = [Category.parse(name) for name in arguments.category or Category]
    if "slider" in wanted:
        print(f"From a turned knob to its sound: {seconds_to_sound(foley):.2f} s.", flush=True)
    if "words" in wanted:
        for line in check_words(foley, categories, arguments.takes, arguments.best_of):
            print(line, flush=True)
    if "tags" in wanted:
        embedder = load_embedder(TagStatistics.load().embedder, cache=arguments.cache)
        print("\n".join(check_tags_of(foley, arguments.data, categories, arguments.takes, embedder)))


def check_words(foley: Foley, categories: Iterable[Category], takes: int, best_of: int) -> Iterator[str]:
    """Lines of how often a word beats its opposite, for each knob, and of all of them together."""
    shares, speaker = [], Speaker(foley)
    for category in categories:
        with tqdm(desc=category.title, total=2 * takes * len(OPPOSITES), unit="take", leave=False) as bar:
            for score in word_scores(speaker, category, takes, best_of, bar.update):
                shares.append(score.share)
                yield str(score)
    yield f"In the right direction: {np.mean(shares):.1%} of all pairs."


def check_tags_of(
    foley: Foley, data: str | Path, categories: Iterable[Category], takes: int, embedder: Embedder
) -> Iterator[str]:
    """Lines of how often a take asked for with a tag is nearer to held-out recordings of it than one of another tag.

    Raises ValueError for a folder without a manifest.
    """
    shipped, chosen = TagStatistics.load(), list(categories)
    clips = of_each_source(tagged_clips(data, VALIDATION), PER_SOURCE, SOURCES)
    clips = [(clip, tags) for clip, tags in clips if clip.category in chosen]
    held_out = HeldOut(
        embeddings_of([clip for clip, _ in clips], embedder),
        [clip.category for clip, _ in clips],
        [clip.group for clip, _ in clips],
        [tags for _, tags in clips],
    )
    drawn = {category: _embeddings(foley, category, takes, embedder) for category in chosen}
    results = list(check_tags(shipped, drawn, held_out, draws=takes))
    yield from map(str, results)
    founded = [result.share for result in results if not shipped.tags[result.category, result.name].weak]
    if founded:
        yield f"Nearer to the own tag: {np.mean(founded):.1%} of the pairs of tags that are not weak."


def seconds_to_sound(foley: Foley, category: Category = Category.DogBark) -> float:
    """Seconds from a knob that is let go to the WAV of its take, without page and network: the median of some.

    Raises ValueError where the model hears no knobs.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(TIMED + 1):
            began = time.perf_counter()
            foley.generate(category, seed, asked=Asked(knobs={"brightness": seed / TIMED}))[0].save(folder)
            found.append(time.perf_counter() - began)
    return statistics.median(found[1:])  # the first one compiles


def _embeddings(foley: Foley, category: Category, takes: int, embedder: Embedder) -> np.ndarray:
    """(takes, dimension) of takes that were asked for nothing but their class."""
    waveforms = [foley.generate(category, seed)[0].waveform for seed in tqdm(range(takes), category.title, leave=False)]
    return np.stack([embed(embedder, waveform, foley.sample_rate) for waveform in waveforms])
