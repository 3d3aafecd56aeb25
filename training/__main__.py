"""`python -m training COMMAND`: train the stages of a run, resume them, export and share what they made."""

import argparse
import errno
import math
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import torch

from foley.audio.files import AudioError
from foley.checkpoints import find_checkpoint, read_config
from foley.evaluation.embedders.registry import load_embedder
from foley.evaluation.report import Report
from foley.features.encoder import with_preprocessor
from foley.licences import CHOICES
from foley.pipeline import MOST_TAKES
from foley.presets import PRESETS, STAGES, Preset, get_preset
from foley.resources import TAG_STATISTICS
from foley.runs.process import DONE, FAILED, STOPPED, Process
from foley.runs.view import SETTINGS
from foley.system.arguments import Parser, real, whole
from foley.system.devices import choose_device
from training.benchmark import benchmark, table
from training.calibrate import calibrate
from training.checkpoints import BEST, LATEST
from training.cost import CLIPS, costs
from training.cost import table as cost_table
from training.export import export
from training.hub import HubError, pull, push
from training.loop import TooManyBadStepsError
from training.pack import PART_MIB, pack
from training.pipeline import Limits, compute_codes, prepare, start_processes, train_stages
from training.reproduce.command import add_arguments, run_reproduce
from training.run import Options, Run
from training.say_check import add_say_check, run_say_check
from training.sprint import Sprint, run_sprint
from training.stop import Stop
from training.tags import make_tags, table_of_tags

GO_ON = "go on with --resume"
COUNT, MINUTES = whole(1, 10**9), real(0, 1e9)


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="python -m training", description="Train the stages of a foley model.")
    commands = top.add_subparsers(dest="command", required=True)
    for name in (*STAGES, "all"):
        help_text = "train every stage in its order" if name == "all" else f"train the {name} stage"
        _add_training_options(commands.add_parser(name, help=help_text))
    codes = commands.add_parser("codes", help="compute the codes of all recordings, for the prior")
    codes.add_argument("--run", required=True, metavar="FOLDER")
    codes.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps")
    before = commands.add_parser("prepare", help="compute what needs no network: varied recordings and their controls")
    before.add_argument("--run", required=True, metavar="FOLDER")
    _add_sprint_options(commands.add_parser("sprint", help="all stages side by side, within minutes of one large GPU"))
    add_arguments(commands.add_parser("reproduce", help="the paper's tables 3, 4 and 5 on recordings of one's own"))
    pace = commands.add_parser("benchmark", help="how fast every stage trains here, in bfloat16 and float32")
    pace.add_argument("--preset", choices=PRESETS, default="studio")
    pace.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as in prior.channels=128")
    pace.add_argument("--steps", type=COUNT, default=5, help="that are timed of each stage (default: 5)")
    pace.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps")
    cost = commands.add_parser("cost", help="what a step of every stage costs, counted without training anything")
    cost.add_argument("--preset", choices=PRESETS, default="studio")
    cost.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as in training.prior.batch=4")
    cost.add_argument("--batch", type=COUNT, help="clips of a batch (default: the recipe's)")
    cost.add_argument("--clips", type=COUNT, default=CLIPS, help=f"to train on (default: {CLIPS}, as the paper)")
    cost.add_argument(
        "--tflops", type=real(0, 1e9, above=True), default=30.0, help="that the machine sustains (default: 30)"
    )
    level = commands.add_parser("calibrate", help="bring takes to the level and the grain of training recordings")
    level.add_argument("run", metavar="RUN")
    level.add_argument("--takes", type=whole(8, MOST_TAKES), default=MOST_TAKES, help="of a class (default: 64)")
    out = commands.add_parser("export", help="copy a run's model to a checkpoint folder")
    out.add_argument("run", metavar="RUN")
    out.add_argument("checkpoint", metavar="CHECKPOINT")
    out.add_argument("--report", metavar="FOLDER", help="of an evaluation of this model, for its card")
    up = commands.add_parser("push", help="upload a run's model or a checkpoint to the Hugging Face hub")
    up.add_argument("source", type=Path, metavar="RUN_OR_CHECKPOINT")
    up.add_argument("repository", metavar="OWNER/NAME")
    up.add_argument("--private", action="store_true", help="where the repository has to be made: for you alone")
    down = commands.add_parser("pull", help="download a checkpoint from the Hugging Face hub")
    down.add_argument("repository", metavar="OWNER/NAME")
    down.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    packing = commands.add_parser("pack", help="a data set as a few files that travel and are read without a decoder")
    packing.add_argument("--data", required=True, metavar="FOLDER", help="recordings, as for training")
    packing.add_argument("--out", required=True, type=Path, metavar="FOLDER")
    packing.add_argument("--part-mib", type=COUNT, default=PART_MIB, help=f"the largest part (default: {PART_MIB} MiB)")
    packing.add_argument("--licences", choices=CHOICES, help="pack recordings under such licences alone")
    packing.add_argument("--preset", choices=PRESETS, default="studio", help="whose rate and length clips are given")
    tags = commands.add_parser("tags", help="statistics of recordings for the tags and knobs of prompts; no audio")
    tags.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="recordings with a manifest.csv")
    tags.add_argument("--out", type=Path, default=TAG_STATISTICS, metavar="FOLDER", help="default: where they ship")
    tags.add_argument("--cache", type=Path, metavar="FOLDER", help="keep embeddings here, for the next time")
    add_say_check(commands.add_parser("say-check", help="is what words ask for to be heard: knobs, tags, the slider"))
    return top


def _add_sprint_options(sprint: argparse.ArgumentParser) -> None:
    sprint.add_argument("--data", required=True, metavar="FOLDER", help="recordings, packed or not")
    sprint.add_argument("--run", required=True, type=Path, metavar="FOLDER", help="of its runs")
    sprint.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where weights are copied all along")
    sprint.add_argument("--minutes", type=MINUTES, default=9.0, help="for all of it (default: 9)")
    sprint.add_argument("--device", default="cuda", help="cuda or cpu")
    sprint.add_argument("--preset", choices=PRESETS, default="expressive")
    sprint.add_argument("--vocoder", default="", metavar="CHECKPOINT", help="a folder whose vocoder is gone on with")
    sprint.add_argument("--steps", nargs="*", default=[], metavar="STAGE=STEPS", help="over which rates fall")
    sprint.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as in training.prior.batch=8")


def _sprint_of(arguments: argparse.Namespace) -> Sprint:
    steps = dict(entry.split("=", 1) for entry in arguments.steps if "=" in entry)
    if unknown := [entry for entry in arguments.steps if entry.partition("=")[0] not in STAGES or "=" not in entry]:
        raise ValueError(f"{unknown[0]!r} names no steps of a stage: write it as in prior=4000.")
    return Sprint(
        data=arguments.data,
        folder=arguments.run,
        out=arguments.out,
        minutes=arguments.minutes,
        device=arguments.device,
        preset=arguments.preset,
        vocoder=arguments.vocoder,
        steps={name: int(value) for name, value in steps.items()},
        changes=tuple(arguments.set),
    )


def _add_training_options(stage: argparse.ArgumentParser) -> None:
    stage.add_argument("--run", required=True, metavar="FOLDER", help="the run's folder, made if need be")
    stage.add_argument("--data", metavar="FOLDER", help="recordings: a folder a class, a manifest.csv, or a pack")
    stage.add_argument("--licences", choices=CHOICES, help="train on recordings under such licences alone")
    stage.add_argument("--preset", choices=PRESETS, help="the sizes of all networks (default: studio)")
    stage.add_argument(
        "--init-from", "--start-from", metavar="CHECKPOINT", help="a folder or hub name whose weights to go on from"
    )
    stage.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="as in training.prior.batch=8; see config.json"
    )
    stage.add_argument("--resume", action="store_true", help="go on with the run's own data and preset")
    stage.add_argument("--from", dest="resume_from", choices=(LATEST, BEST), default=LATEST, help="which checkpoint")
    stage.add_argument("--max-minutes", type=MINUTES, default=math.inf, help="stop after so long, for all stages")
    stage.add_argument(
        "--max-steps", type=whole(0, 10**9), help="steps of every stage, in place of the recipe's; 0 keeps the weights"
    )
    stage.add_argument("--every", type=COUNT, metavar="STEPS", help="steps between validations and checkpoints")
    stage.add_argument(
        "--fad-every", type=COUNT, metavar="STEPS", help="measure 32 takes of each class against recordings: the prior"
    )
    stage.add_argument("--keep", type=COUNT, metavar="N", help="checkpoints kept beside the best one (default: 2)")
    stage.add_argument("--views", type=COUNT, help="variations kept of every recording (default: the recipe's)")
    stage.add_argument("--batch", type=COUNT, help="clips of a batch, on every process (default: the recipe's)")
    stage.add_argument("--accumulation", type=COUNT, metavar="N", help="batches of one step (default: 1)")
    stage.add_argument(
        "--learning-rate", type=real(0, 10, above=True), help="the highest of the schedule (default: the recipe's)"
    )
    stage.add_argument(
        "--seed", type=whole(0, 2**31 - 1), help="of the split, the batches and the augmentation (default: 0)"
    )
    stage.add_argument("--precision", choices=("auto", "no", "bf16", "fp16"), help="default: auto")
    stage.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps")
    stage.add_argument(
        "--log", action="append", default=[], choices=("tensorboard", "wandb"), help="also log there; may be repeated"
    )


def open_run(arguments: argparse.Namespace) -> Run:
    """The run the arguments speak of: the one in the folder with `--resume` or without `--data`, else a new one."""
    if arguments.resume or not arguments.data:
        run = Run.open(arguments.run)
        preset, options = run.preset, vars(run.options)
    else:
        if (Path(arguments.run) / SETTINGS).is_file():
            raise ValueError(f"{arguments.run} is a run already: add --resume to go on, or name another folder.")
        preset = _preset_of(arguments)
        options = {"data": arguments.data, "init_from": arguments.init_from or ""}
    preset = _changed(preset, arguments.set)
    if preset.encoder.kind == "mert" and not arguments.resume:
        preset = replace(preset, encoder=with_preprocessor(preset.encoder))
    names = ("data", "views", "seed", "precision", "batch", "accumulation", "learning_rate", "licences")
    asked = {name: getattr(arguments, name) for name in names}
    options |= {name: value for name, value in asked.items() if value is not None}
    return Run.create(arguments.run, preset, Options(**options))


def _preset_of(arguments: argparse.Namespace) -> Preset:
    """The preset named, or that of the checkpoint to start from."""
    if not arguments.init_from:
        return get_preset(arguments.preset or "studio")
    if arguments.preset:
        raise ValueError("--init-from takes the checkpoint's own preset: leave out --preset.")
    return read_config(find_checkpoint(arguments.init_from))[0]


def _changed(preset: Preset, changes: list[str]) -> Preset:
    for change in changes:
        name, _, value = change.partition("=")
        preset = preset.override(name, value)
    return preset


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 when all went well, 2 after one sentence about what did not, 130 when it was interrupted."""
    try:
        arguments = parser().parse_args(argv)
        if arguments.command == "reproduce":
            run_reproduce(arguments)
        elif arguments.command == "export":
            report = Report.load(arguments.report) if arguments.report else None
            print(f"Exported to {export(Run.open(arguments.run), Path(arguments.checkpoint), report)}.")
        elif arguments.command == "push":
            print(f"Pushed to {push(arguments.source, arguments.repository, arguments.private)}.")
        elif arguments.command == "pull":
            print(f"Pulled to {pull(arguments.repository, arguments.checkpoint)}.")
        elif arguments.command == "benchmark":
            preset = _changed(get_preset(arguments.preset), arguments.set)
            for line in table(benchmark(preset, arguments.steps, arguments.device)):
                print(line, flush=True)
        elif arguments.command == "cost":
            preset = _changed(get_preset(arguments.preset), arguments.set)
            for line in cost_table(costs(preset, arguments.batch, arguments.clips), arguments.tflops):
                print(line, flush=True)
        elif arguments.command == "tags":
            embedder = load_embedder(cache=arguments.cache)
            print("\n".join(table_of_tags(make_tags(arguments.data, arguments.out, embedder))))
        elif arguments.command == "say-check":
            run_say_check(arguments)
        elif arguments.command == "sprint":
            return run_sprint(_sprint_of(arguments))
        elif arguments.command == "calibrate":
            print(calibrate(Run.open(arguments.run), arguments.takes).calibration)
        elif arguments.command == "prepare":
            print(f"Prepared {' × '.join(map(str, prepare(Run.open(arguments.run))))} samples.")
        elif arguments.command == "pack":
            audio = get_preset(arguments.preset).audio
            print("\n".join(pack(arguments.data, arguments.out, audio, arguments.licences, arguments.part_mib)))
        elif arguments.command == "codes":
            print(f"Codes of {' × '.join(map(str, compute_codes(Run.open(arguments.run), arguments.device)))}.")
        else:
            run_training(arguments)
        return 0
    except KeyboardInterrupt:
        print(f"Stopped; the last checkpoint is kept: {GO_ON}.", file=sys.stderr)
        return 130
    except Exception as error:
        words = sentence(error)
        if words is None:
            raise
        print(f"error: {words}", file=sys.stderr)
        return 2


def run_training(arguments: argparse.Namespace) -> None:
    """Train what was asked for, and leave word beside the run of who is at it and how it ended."""
    stages = tuple(STAGES) if arguments.command == "all" else (arguments.command,)
    use_device(arguments.device)
    _check_trackers(arguments.log)
    state = start_processes(arguments.device)
    with Stop() as stop, state.main_process_first():
        minutes = None if math.isinf(arguments.max_minutes) else arguments.max_minutes
        process = Process.this_one(stages, arguments.device, minutes)
        if state.is_main_process:
            _check_free(Path(arguments.run), process)
        run = open_run(arguments) if state.is_main_process else Run.open(arguments.run)
        if state.is_main_process:
            process.write(run.folder)
    limits = Limits(
        minutes=arguments.max_minutes,
        steps=arguments.max_steps,
        interval=arguments.every,
        kept=arguments.keep,
        device=arguments.device,
        resume_from=arguments.resume_from,
        trackers=tuple(arguments.log),
        fad_every=arguments.fad_every,
        stop=stop,
    )
    outcome, message = FAILED, "It broke off; the log says where."
    try:
        with stop:
            reason = train_stages(run, stages, limits)
        outcome, message = (STOPPED, "") if reason == STOPPED else (DONE, "")
        if reason == STOPPED and state.is_main_process:
            print(f"Stopped; a checkpoint is kept: {GO_ON}.")
    except KeyboardInterrupt:
        outcome, message = STOPPED, ""
        raise
    except Exception as error:
        message = sentence(error) or message
        raise
    finally:
        if state.is_main_process and run.folder.is_dir():
            process.ended(outcome, message).write(run.folder)


def _check_free(folder: Path, process: Process) -> None:
    """Raise ValueError when another process trains the run of that folder."""
    other = Process.read(folder)
    if other and not other.outcome and other.pid != process.pid and other.alive:
        raise ValueError(f"{folder} is being trained already, by process {other.pid}: stop that one first.")


def use_device(name: str) -> None:
    """See that a device is there, and let one of several GPUs be the only one. Raises ValueError when it is not."""
    device = choose_device(name)
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device.index)


def _check_trackers(names: list[str]) -> None:
    if "wandb" in names and find_spec("wandb") is None:
        raise ValueError("Weights & Biases is not installed: pip install wandb, or leave out --log wandb.")


def sentence(error: Exception) -> str | None:
    """What an error means to whoever trains, and what to do; None for one that is a mistake of ours."""
    if isinstance(error, torch.OutOfMemoryError):
        return f"The device has not enough memory: use a smaller --batch with more --accumulation, then {GO_ON}."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"There is no room left for {error.filename or 'the run'}: free some, then {GO_ON}. Nothing is lost."
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename} is gone: put it back, then {GO_ON}."
    if isinstance(error, ValueError | AudioError | OSError | TooManyBadStepsError | HubError):
        return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return None


if __name__ == "__main__":
    sys.exit(main())
