"""`python -m foley search`: the takes of a library that sound most like some words, by a CLAP that the user has."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from foley.prompts.clap import Clap
from foley.prompts.tokens import PromptError
from foley.resources import WORK
from foley.system.arguments import whole
from foley.system.files import shown
from foley.takes.library import Entry, Library

FOUND = 10  # takes that are listed
LONGEST_WORDS = 300  # characters: the text encoder reads 77 tokens


@dataclass(frozen=True)
class Found:
    """A take of the library and how near it comes to the words, from -1 to 1."""

    entry: Entry
    closeness: float


class LibrarySearch:
    """Searches by one CLAP; a file that was heard once is not heard again as long as it stays as it is."""

    def __init__(self, clap: Clap):
        self.clap = clap
        self._heard: dict[tuple[Path, int], np.ndarray] = {}

    def search(
        self, library: Library, words: str, progress: Callable[[int], object] = lambda done: None
    ) -> list[Found]:
        """All takes of a library, the nearest to the words first.

        `progress` is told of each take. Raises PromptError for no words or too many; a take that is gone meanwhile or
        cannot be read is left out.
        """
        if not words.strip():
            raise PromptError("Say what to look for: foley search “a dog far away” --clap FOLDER.")
        if len(words) > LONGEST_WORDS:
            raise PromptError(f"The words are {len(words)} characters long: {LONGEST_WORDS} are the most.")
        wanted, found = self.clap.read([words])[0], []
        for entry in library.entries():
            try:
                found.append(Found(entry, float(self._hear(library, entry) @ wanted)))
            except (ValueError, OSError):
                continue
            progress(1)
        return sorted(found, key=lambda one: -one.closeness)

    def _hear(self, library: Library, entry: Entry) -> np.ndarray:
        path = library.path(entry.file)
        key = (path, path.stat().st_mtime_ns)
        if key not in self._heard:
            _, waveform, sample_rate = library.saved(entry.file)
            self._heard[key] = self.clap.hear([waveform], sample_rate)[0]
        return self._heard[key]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The options of `search`."""
    command = commands.add_parser("search", help="the takes of a library that sound most like some words; needs a CLAP")
    command.add_argument("words", help="what to look for, in English")
    command.add_argument("--clap", metavar="FOLDER", required=True, help="a CLAP model that you have")
    command.add_argument("--clap-download", action="store_true", help="--clap may be a name on the hub, and is fetched")
    command.add_argument("--library", type=Path, default=WORK / "library", help="a folder of takes; default: library")
    command.add_argument("--most", type=whole(1, 10_000), default=FOUND, help=f"takes listed; default {FOUND}")


def run_search(arguments: argparse.Namespace) -> None:
    """List the nearest takes. Raises ValueError with one sentence."""
    library = Library(arguments.library)
    entries = library.entries()
    if not entries:
        raise PromptError(f"There are no takes in {shown(arguments.library)}: name a folder that holds some.")
    clap = Clap.load(arguments.clap, arguments.clap_download)
    print(f"By {clap.name}; its licence: {clap.licence}.")
    with tqdm(desc="Listening", total=len(entries), unit="take", leave=False) as bar:
        found = LibrarySearch(clap).search(library, arguments.words, bar.update)
    for one in found[: arguments.most]:
        print(f"{one.closeness:+.3f}  {one.entry.title}, seed {one.entry.seed}  {library.path(one.entry.file)}")
