"""`python -m foley COMMAND`: the pipeline from the command line."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from foley.audio.embedded import read_made
from foley.categories import Category
from foley.conditions.asked import Asked
from foley.conditions.knobs import ENDS, KNOBS
from foley.listening.command import add_command as add_listening_command
from foley.listening.command import run_listening_test
from foley.perform.command import add_command as add_perform_command
from foley.perform.command import run_perform
from foley.pipeline import MOST_TAKES, Foley
from foley.prompts.command import add_command as add_say_command
from foley.prompts.command import run_say
from foley.prompts.search import add_command as add_search_command
from foley.prompts.search import run_search
from foley.resources import SHIPPED_MODEL
from foley.sampling import TOP_P, SamplingSettings
from foley.sampling.settings import MOST_CODES, MOST_TEMPERATURE
from foley.system.arguments import Parser, real, whole
from foley.system.files import write_text
from foley.takes.export import ExportSettings, export
from foley.takes.recipe import Recipe
from foley.takes.take import Take

SEED, TEMPERATURE, SHARE = whole(0, 2**63 - 1), real(0, MOST_TEMPERATURE), real(0, 1, above=True)
KNOB = real(0, 1)


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="python -m foley", description="New foley sounds, and how they are made.")
    commands: argparse._SubParsersAction[Any] = top.add_subparsers(dest="command", required=True)

    generate = commands.add_parser("generate", help="make new sounds of a class")
    generate.add_argument("--category", required=True, help=", ".join(category.name for category in Category))
    generate.add_argument("--seed", type=SEED, default=0, help="the first take's seed; the others count on from it")
    generate.add_argument("--temperature", type=TEMPERATURE, default=1.0, help="0 for the most likely sound; default 1")
    generate.add_argument("--top-p", type=SHARE, default=TOP_P, help="keep only the likeliest codes up to this share")
    generate.add_argument(
        "--top-k", type=whole(0, MOST_CODES), default=0, help="keep only so many of the likeliest codes"
    )
    generate.add_argument("--count", type=whole(1, MOST_TAKES), default=1, help="how many takes")
    for knob, (low, high) in ENDS.items():
        words = f"from 0 ({low}) to 1 ({high}), 0.5 being usual of the class; as it comes when not given"
        generate.add_argument(f"--{knob}", type=KNOB, metavar="KNOB", help=words)
    generate.add_argument("--out", type=Path, default=Path("takes"), help="folder for the WAV files")

    reconstruct = commands.add_parser("reconstruct", help="send a recording through the whole chain and back")
    reconstruct.add_argument("file", type=Path)
    reconstruct.add_argument("--seed", type=SEED, default=0, help="of the vocoder's noise")
    reconstruct.add_argument("--out", type=Path, default=Path("takes"), help="folder for the WAV file")

    recipe = commands.add_parser("recipe", help="what made a file of foley studio; with --out, make it again")
    recipe.add_argument("file", type=Path)
    recipe.add_argument("--out", type=Path, help="folder for the file made again, the same to the bit")

    evaluate = commands.add_parser(
        "evaluate", help="score a checkpoint against real recordings; goes on when run again"
    )
    evaluate.add_argument("--reference", type=Path, help="recordings (a folder a class) or statistics")
    evaluate.add_argument("--compare", nargs=2, metavar=("A", "B"), help="two checkpoints side by side")
    evaluate.add_argument("--per-class", type=whole(1, 10_000), default=32, help="takes to generate of each class")
    evaluate.add_argument("--seed", type=SEED, default=0, help="the first take's seed")
    evaluate.add_argument("--temperature", type=TEMPERATURE, default=1.0)
    evaluate.add_argument("--top-p", type=SHARE, default=TOP_P)
    evaluate.add_argument(
        "--controls", action="store_true", help="measure instead how far takes follow knobs and recordings' contours"
    )
    evaluate.add_argument(
        "--performances",
        type=whole(1, 1000),
        metavar="N",
        help="measure instead, without a reference, whether N performances a class sound when and as strongly as asked",
    )
    evaluate.add_argument("--no-chain", action="store_true", help="leave out the parts of the chain: takes alone")
    evaluate.add_argument("--draws", type=whole(1, 100_000), default=200, help="bootstrap draws behind each interval")
    evaluate.add_argument("--embedder", default="aisfx", help="aisfx, vggish-dcase, vggish or vggish-fadtk")
    evaluate.add_argument("--embedder-weights", type=Path, help="VGGish's weights; fetched when not given")
    evaluate.add_argument("--save-statistics", type=Path, help="keep the held-out recordings' statistics in this file")
    evaluate.add_argument("--out", type=Path, default=Path("evaluation"), help="folder for the report and its sounds")

    benchmark = commands.add_parser("benchmark", help="how fast sampling is here, against the plain loop")
    benchmark.add_argument("--preset", action="append", help="only this one (may be repeated); default: all")
    benchmark.add_argument(
        "--plain-codes", type=whole(1, 100_000), default=50, help="codes of the plain loop that are timed"
    )
    benchmark.add_argument("--checkpoint", type=Path, default=SHIPPED_MODEL, help="the trained model among the presets")
    benchmark.add_argument("--out", type=Path, help="also write a JSON file")

    imported = commands.add_parser("import-dcase", help="convert the DCASE 2023 Task 7 baseline's trained files")
    imported.add_argument("--vqvae", type=Path, help="the VQ-VAE's state dict")
    imported.add_argument("--prior", type=Path, help="PixelSNAIL's file with 'model' in it")
    imported.add_argument("--vocoder", type=Path, help="HiFi-GAN's file with 'generator' in it")
    imported.add_argument("--vocoder-config", type=Path, help="HiFi-GAN's JSON configuration")
    imported.add_argument(
        "--out", type=Path, required=True, help="the checkpoint folder to write, or one to put some of them into"
    )

    add_perform_command(commands)
    add_say_command(commands)
    add_search_command(commands)
    add_listening_command(commands)

    for command in (generate, reconstruct, recipe, evaluate):
        command.add_argument(
            "--checkpoint", default=SHIPPED_MODEL, help="a folder or a hub name; default: the shipped one"
        )
        command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 when all went well, 2 after one sentence about what did not."""
    try:
        arguments = parser().parse_args(argv)
        COMMANDS[arguments.command](arguments)
        return 0
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except MemoryError:
        print("error: There is not enough memory for this here: close other programs.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run_generate(arguments: argparse.Namespace) -> None:
    category = Category.parse(arguments.category)
    foley = Foley.from_pretrained(arguments.checkpoint, arguments.device)
    settings = SamplingSettings(arguments.temperature, arguments.top_k, arguments.top_p)
    knobs = {name: getattr(arguments, name) for name in KNOBS if getattr(arguments, name) is not None}
    events = foley.stream(category, arguments.seed, arguments.count, settings, Asked(knobs=knobs))
    with tqdm(desc=category.title, unit="code", leave=False, disable=None) as bar:
        for event in events:
            if isinstance(event, Take):
                bar.write(str(event.save(arguments.out)))
                if event.is_nearly_silent:
                    advice = "draw another seed, or use a temperature of 0.8 or more"
                    bar.write(f"seed {event.seed} is nearly silent: {advice}", file=sys.stderr)
            else:
                bar.total = event.total
                bar.update(event.done - bar.n)


def run_reconstruct(arguments: argparse.Namespace) -> None:
    foley = Foley.from_pretrained(arguments.checkpoint, arguments.device)
    result = foley.reconstruct(arguments.file, arguments.seed)
    path = result.save(arguments.out / f"{arguments.file.stem}_reconstructed.wav")
    print(path)
    print(f"log-mel L1 between recording and reconstruction: {result.log_mel_l1:.3f}")
    for category, share in sorted(result.class_shares.items(), key=lambda item: -item[1])[:3]:
        print(f"  {category.name:20} {share:6.1%}")


def run_recipe(arguments: argparse.Namespace) -> None:
    recipe = Recipe.read(arguments.file)
    for name, value in recipe.settings.items():
        print(f"{name.replace('_', ' '):12} {value if value not in ([], {}) else '-'}")
    print(f"{'codes':12} {recipe.codes.shape[0]} rows, {recipe.codes.shape[1]} frames")
    if arguments.out:
        take = Foley.from_pretrained(arguments.checkpoint, arguments.device).remake(recipe)
        made = read_made(arguments.file)  # so that the same bytes come out
        if recipe.export:
            settings = ExportSettings.from_dict(recipe.export)
            path = export(take, arguments.out, settings, name=recipe.title, made=made)
        else:
            path = take.save(arguments.out / arguments.file.name, made)
        print(path)


def measured_controls(arguments: argparse.Namespace) -> str:
    """How far takes do what they are asked for, as a table, which is also written beside the report."""
    from foley.dataset import VALIDATION, clip_waveform, load_dataset
    from foley.evaluation.controls import control_scores, table

    foley = Foley.from_pretrained(arguments.checkpoint, arguments.device)
    held_out = [
        clip for clip in load_dataset(arguments.reference, foley.preset.audio).clips if clip.split == VALIDATION
    ]
    scores = []
    for category in tqdm(Category, unit="class", disable=None):
        chosen = [clip for clip in held_out if clip.category is category][: arguments.per_class]
        recordings = (clip_waveform(clip, foley.preset.audio) for clip in chosen)
        scores.append(control_scores(foley, category, arguments.per_class, recordings))
    text = table(scores)
    write_text(arguments.out / "controls.md", text)
    return text


def measured_performances(arguments: argparse.Namespace) -> str:
    """Whether performances land where they are asked to, as a table, which is also written beside the report."""
    from foley.evaluation.performances import performance_scores, table

    foley = Foley.from_pretrained(arguments.checkpoint, arguments.device)
    classes = tqdm(Category, unit="class", disable=None)
    text = table([performance_scores(foley, each, arguments.performances, arguments.seed) for each in classes])
    write_text(arguments.out / "performances.md", text)
    return text


def run_evaluate(arguments: argparse.Namespace) -> None:
    # imported here: the other commands need not wait for scikit-learn
    from foley.evaluation.embedders.registry import load_embedder
    from foley.evaluation.evaluate import EvaluationProgress, EvaluationSettings, evaluate, reference_statistics
    from foley.evaluation.report import Report
    from foley.evaluation.report_files import save_report
    from foley.evaluation.report_pages import comparison, report_markdown

    if arguments.performances:
        print(measured_performances(arguments))
        return
    if arguments.reference is None:
        raise ValueError("Say which recordings to score against: --reference FOLDER, with a folder for each class.")
    if arguments.controls:
        print(measured_controls(arguments))
        return
    settings = EvaluationSettings(
        arguments.per_class, arguments.seed, arguments.temperature, arguments.top_p, arguments.draws
    )
    if arguments.no_chain:
        settings = replace(settings, parts=())
    embedder = load_embedder(arguments.embedder, weights=arguments.embedder_weights)

    def score(checkpoint: str | Path) -> Report:
        foley = Foley.from_pretrained(checkpoint, arguments.device)
        if arguments.save_statistics:
            statistics = reference_statistics(arguments.reference, foley, embedder)
            print(f"Statistics of the reference: {statistics.save(arguments.save_statistics)}.")
        with tqdm(unit="clip", disable=None) as bar:

            def show(progress: EvaluationProgress) -> None:
                bar.set_description(progress.what, refresh=False)
                bar.total = progress.total
                bar.update(progress.done - bar.n)

            return evaluate(foley, arguments.reference, arguments.out, settings, embedder, show)

    if arguments.compare:
        reports = [score(checkpoint) for checkpoint in arguments.compare]
        for letter, report in zip("AB", reports, strict=True):
            save_report(report, arguments.out / letter)
        text = comparison(*reports)
        written = write_text(arguments.out / "comparison.md", text)
    else:
        report = score(arguments.checkpoint)
        text, written = report_markdown(report), save_report(report, arguments.out)
    print(text)
    print(f"Written to {written}.")


def run_import(arguments: argparse.Namespace) -> None:
    from foley.dcase.baseline import BaselineFiles, import_dcase

    files = BaselineFiles(arguments.vqvae, arguments.prior, arguments.vocoder, arguments.vocoder_config)
    print(f"Imported to {import_dcase(files, arguments.out)}.")


def run_benchmark(arguments: argparse.Namespace) -> None:
    from foley.evaluation.benchmark import run_benchmark

    with tqdm(bar_format="{desc} ({elapsed})", leave=False, disable=None) as bar:
        result = run_benchmark(arguments.preset, arguments.plain_codes, arguments.checkpoint, bar.set_description_str)
    print(result.to_markdown())
    if arguments.out:
        write_text(arguments.out, result.to_json())
        print(f"Written to {arguments.out}.")


COMMANDS = {
    "perform": run_perform,
    "say": run_say,
    "search": run_search,
    "listening-test": run_listening_test,
    "generate": run_generate,
    "reconstruct": run_reconstruct,
    "recipe": run_recipe,
    "evaluate": run_evaluate,
    "benchmark": run_benchmark,
    "import-dcase": run_import,
}
