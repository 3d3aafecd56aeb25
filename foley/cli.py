"""`python -m foley generate | reconstruct | evaluate`: the pipeline from the command line."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from foley.categories import Category
from foley.pipeline import SHIPPED, Foley
from foley.takes import Take


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m foley", description="New foley sounds, and how they are made.")
    commands = top.add_subparsers(dest="command", required=True)

    generate = commands.add_parser("generate", help="make new sounds of a class")
    generate.add_argument("--category", required=True, help=", ".join(category.name for category in Category))
    generate.add_argument("--seed", type=int, default=0, help="the first take's seed; the others count on from it")
    generate.add_argument("--temperature", type=float, default=1.0, help="0 for the most likely sound; default 1")
    generate.add_argument("--top-p", type=float, default=1.0, help="keep only the likeliest codes up to this share")
    generate.add_argument("--top-k", type=int, default=0, help="keep only so many of the likeliest codes")
    generate.add_argument("--count", type=int, default=1, help="how many takes")
    generate.add_argument("--out", type=Path, default=Path("takes"), help="folder for the WAV files")

    reconstruct = commands.add_parser("reconstruct", help="send a recording through the whole chain and back")
    reconstruct.add_argument("file", type=Path)
    reconstruct.add_argument("--seed", type=int, default=0, help="of the vocoder's noise")
    reconstruct.add_argument("--out", type=Path, default=Path("takes"), help="folder for the WAV file")

    evaluate = commands.add_parser("evaluate", help="score a checkpoint against real recordings")
    evaluate.add_argument("--reference", type=Path, required=True, help="recordings: a folder a class, or a manifest")
    evaluate.add_argument("--per-class", type=int, default=32, help="takes to generate of each class")
    evaluate.add_argument("--seed", type=int, default=0, help="the first take's seed")
    evaluate.add_argument("--temperature", type=float, default=1.0)
    evaluate.add_argument("--top-p", type=float, default=1.0)
    evaluate.add_argument("--cache", type=Path, help="folder that keeps embeddings for the next time")
    evaluate.add_argument("--out", type=Path, default=Path("evaluation"), help="folder for the report")

    imported = commands.add_parser("import-dcase", help="convert the DCASE 2023 Task 7 baseline's trained files")
    imported.add_argument("--vqvae", type=Path, required=True, help="the VQ-VAE's state dict")
    imported.add_argument("--prior", type=Path, required=True, help="PixelSNAIL's file with 'model' in it")
    imported.add_argument("--vocoder", type=Path, required=True, help="HiFi-GAN's file with 'generator' in it")
    imported.add_argument("--vocoder-config", type=Path, required=True, help="HiFi-GAN's JSON configuration")
    imported.add_argument("--out", type=Path, required=True, help="the checkpoint folder to write")

    for command in (generate, reconstruct, evaluate):
        command.add_argument("--checkpoint", default=SHIPPED, help="a folder or a hub name; default: the shipped one")
        command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 when all went well, 2 after one sentence about what did not."""
    arguments = parser().parse_args(argv)
    try:
        COMMANDS[arguments.command](arguments)
        return 0
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run_generate(arguments: argparse.Namespace) -> None:
    category = Category.parse(arguments.category)
    foley = Foley.from_pretrained(arguments.checkpoint, arguments.device)
    events = foley.draw(
        category, arguments.seed, arguments.temperature, arguments.count, arguments.top_k, arguments.top_p
    )
    with tqdm(desc=category.title, unit="code", leave=False) as bar:
        for event in events:
            if isinstance(event, Take):
                bar.write(str(event.save(arguments.out)))
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


def run_evaluate(arguments: argparse.Namespace) -> None:
    # imported here: the other commands need not wait for scikit-learn
    from foley.evaluation.embedders import load_embedder
    from foley.evaluation.evaluate import evaluate

    foley = Foley.from_pretrained(arguments.checkpoint, arguments.device)
    with tqdm(unit="clip") as bar:

        def told(what: str, done: int, total: int) -> None:
            bar.set_description(what, refresh=False)
            bar.total = total
            bar.n = done
            bar.refresh()

        report = evaluate(
            foley,
            arguments.reference,
            arguments.per_class,
            arguments.seed,
            arguments.temperature,
            arguments.top_p,
            load_embedder(cache=arguments.cache),
            told,
        )
    print(report.to_markdown())
    print(f"Written to {report.save(arguments.out)}.")


def run_import(arguments: argparse.Namespace) -> None:
    from foley.dcase import import_dcase

    files = (arguments.vqvae, arguments.prior, arguments.vocoder, arguments.vocoder_config)
    print(f"Imported to {import_dcase(*files, arguments.out)}.")


COMMANDS = {
    "generate": run_generate,
    "reconstruct": run_reconstruct,
    "evaluate": run_evaluate,
    "import-dcase": run_import,
}
