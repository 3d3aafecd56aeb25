"""`python -m foley say`: a sentence to sounds, with all that was understood, and what was not."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from foley.checkpoints import find_checkpoint, read_config
from foley.pipeline import Foley
from foley.prompts.abilities import answers, unmet
from foley.prompts.clap import Clap
from foley.prompts.parser import parse
from foley.prompts.ranking import WordScores
from foley.prompts.reading import Prompt
from foley.prompts.say import BEST_OF, MOST_CANDIDATES, SaySettings, Speaker, Spoken
from foley.prompts.tags import TagStatistics
from foley.prompts.tokens import PromptError
from foley.resources import SHIPPED_MODEL
from foley.system.arguments import whole


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """The options of `say`."""
    command = commands.add_parser("say", help="sounds of a sentence: “three slow steps on gravel, then one louder”")
    command.add_argument("sentence", nargs="?", help="what to make, in English")
    command.add_argument(
        "--seed", type=whole(0, 2**63 - 1), default=0, help="of the first candidate; the others count on from it"
    )
    command.add_argument(
        "--best-of",
        type=whole(1, MOST_CANDIDATES),
        default=BEST_OF,
        help=f"candidates for each sound; default {BEST_OF}",
    )
    command.add_argument("--tag", action="append", default=[], help="choose by this tag, too (may be repeated)")
    command.add_argument("--tags", action="store_true", help="list the tags, with the recordings behind each")
    command.add_argument("--dry-run", action="store_true", help="say what is understood, and make nothing")
    command.add_argument("--clap", metavar="FOLDER", help="rank by the words with a CLAP model that you have")
    command.add_argument("--clap-download", action="store_true", help="--clap may be a name on the hub, and is fetched")
    command.add_argument("--out", type=Path, default=Path("takes"), help="folder for the WAV files")
    command.add_argument("--checkpoint", default=SHIPPED_MODEL, help="a folder or hub name; default: the shipped one")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    return command


def run_say(arguments: argparse.Namespace) -> None:
    """Read the sentence, say what was understood, make the sounds. Raises ValueError with one sentence."""
    if arguments.tags:
        print("\n".join(tag_lines(TagStatistics.load())))
        return
    if not (arguments.sentence or "").strip():
        raise PromptError("Say what to make: foley say “two dog barks, dark”.")
    prompt = parse(arguments.sentence)
    preset, _ = read_config(find_checkpoint(arguments.checkpoint))
    print("\n".join(lines_of(prompt, hears_knobs=preset.prior.knob_bins > 0)))
    if arguments.dry_run:
        return
    settings = SaySettings(arguments.seed, arguments.best_of, tuple(arguments.tag), _words(arguments))
    speaker = Speaker(Foley.from_pretrained(arguments.checkpoint, arguments.device))
    with tqdm(desc="Making", total=100, unit="%", leave=False) as bar:
        for step in speaker.steps(prompt, settings):
            if isinstance(step, Spoken):
                bar.write(f"{step.save(arguments.out)}  ({step.words})")
            else:
                bar.update(round(100 * step) - bar.n)


def lines_of(prompt: Prompt, hears_knobs: bool = False) -> Iterator[str]:
    """A reading for people: what was understood and how it is met, what cannot be, and the words not understood."""
    for answer in answers(prompt, hears_knobs=hears_knobs):
        if answer.met:
            yield f"  {prompt.words(answer.piece):24} {answer.words}"
    for sentence in unmet(prompt, hears_knobs=hears_knobs):
        yield f"  not followed: {sentence}"
    if prompt.unknown:
        yield f"  not understood: {', '.join(prompt.unknown)}"


def tag_lines(statistics: TagStatistics) -> Iterator[str]:
    """Each tag with its class and its support."""
    for tag in sorted(statistics.tags.values(), key=lambda tag: (tag.category, -tag.sources)):
        yield f"{tag.category.title:22} {tag.name:14} {tag.support}"


def _words(arguments: argparse.Namespace) -> WordScores | None:
    if not arguments.clap:
        return None
    clap = Clap.load(arguments.clap, arguments.clap_download)
    print(f"Ranked by the words with {clap.name}; its licence: {clap.licence}.")
    return lambda waveforms, sample_rate: clap.closeness(waveforms, sample_rate, arguments.sentence)
