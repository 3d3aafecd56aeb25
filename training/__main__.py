"""`python -m training {encoder,vqvae,prior,vocoder,all,export}`: train the stages of a run, resume them, export."""

import argparse
import math
import sys
from pathlib import Path

from foley.audio import AudioError
from foley.presets import PRESETS, get_preset
from training.loop import TooManyBadSteps
from training.pipeline import STAGE_NAMES, export, train_stages
from training.run import Options, Run


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m training", description="Train the stages of a foley model.")
    commands = top.add_subparsers(dest="command", required=True)
    for name in (*STAGE_NAMES, "all"):
        help_text = "train every stage in its order" if name == "all" else f"train the {name} stage"
        stage = commands.add_parser(name, help=help_text)
        stage.add_argument("--run", required=True, metavar="FOLDER", help="the run's folder, made if need be")
        stage.add_argument("--data", metavar="FOLDER", help="recordings: a folder a class, or a manifest.csv")
        stage.add_argument("--preset", choices=PRESETS, help="the sizes of all networks (default: studio)")
        stage.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as in prior.channels=128")
        stage.add_argument("--resume", action="store_true", help="go on with the run's own data and preset")
        stage.add_argument("--max-minutes", type=float, default=math.inf, help="stop after so long, for all stages")
        stage.add_argument("--max-steps", type=int, help="stop every stage after so many steps")
        stage.add_argument("--views", type=int, help="variations kept of every recording (default: 4)")
        stage.add_argument("--seed", type=int, help="of the split, the batches and the augmentation (default: 0)")
        stage.add_argument("--precision", choices=("auto", "no", "bf16", "fp16"), help="default: auto")
    out = commands.add_parser("export", help="copy a run's model to a checkpoint folder")
    out.add_argument("run", metavar="RUN")
    out.add_argument("checkpoint", metavar="CHECKPOINT")
    return top


def open_run(arguments: argparse.Namespace) -> Run:
    """The run the arguments speak of: the one in the folder with `--resume` or without `--data`, else a new one."""
    if arguments.resume or not arguments.data:
        run = Run.open(arguments.run)
        preset, options = run.preset, vars(run.options)
    else:
        if (Path(arguments.run) / "run.json").is_file() and (arguments.preset or arguments.set):
            raise ValueError(f"{arguments.run} is a run already: add --resume to go on, or name another folder.")
        preset, options = get_preset(arguments.preset or "studio"), {"data": arguments.data}
    for change in arguments.set:
        name, _, value = change.partition("=")
        preset = preset.override(name, value)
    asked = {name: getattr(arguments, name) for name in ("data", "views", "seed", "precision")}
    options |= {name: value for name, value in asked.items() if value is not None}
    return Run.create(arguments.run, preset, Options(**options))


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        if arguments.command == "export":
            print(f"Exported to {export(Run.open(arguments.run), Path(arguments.checkpoint))}.")
            return 0
        stages = STAGE_NAMES if arguments.command == "all" else (arguments.command,)
        train_stages(open_run(arguments), stages, arguments.max_minutes, arguments.max_steps)
        return 0
    except (ValueError, AudioError, OSError, TooManyBadSteps) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the last checkpoint is kept: go on with --resume.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
