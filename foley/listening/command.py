"""`python -m foley listening-test`: prepare a test, serve its page, and work out the results."""

import argparse
from pathlib import Path

from foley.system.arguments import whole


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The options of `listening-test` and its three steps."""
    command = commands.add_parser("listening-test", help="let people rate systems and recordings blindly")
    steps = command.add_subparsers(dest="step", required=True)

    prepare = steps.add_parser("prepare", help="choose the clips and make them equally loud")
    prepare.add_argument(
        "--system", action="append", required=True, metavar="NAME=PATH",
        help="a folder of sounds (a folder a class), or a checkpoint, from which takes are drawn; may be repeated",
    )  # fmt: skip
    prepare.add_argument("--recordings", type=Path, required=True, help="a data set: hidden references and anchors")
    prepare.add_argument("--clips", type=whole(1, 100), default=4, help="rated of each system in each class")
    prepare.add_argument("--sets", type=whole(0, 20), default=2, help="whose diversity is rated, of each in each class")
    prepare.add_argument("--set-size", type=whole(2, 20), default=4, help="clips in a set")
    prepare.add_argument("--repeats", type=whole(0, 100), default=2, help="clips of a class that are asked about twice")
    prepare.add_argument("--classes-per-rater", type=whole(0, 7), default=0, help="default: all; else in turn")
    prepare.add_argument("--seed", type=whole(0, 2**31), default=0, help="of the choice, the order and the takes")
    prepare.add_argument("--device", default="auto", help="auto, cpu, cuda or mps; for checkpoints")
    prepare.add_argument("--out", type=Path, default=Path("listening-test"), help="the test's folder")

    serve = steps.add_parser("serve", help="open the page on which people rate")
    serve.add_argument("folder", type=Path, help="the test's folder")
    serve.add_argument("--host", help="address to listen on; default: this machine only, or GRADIO_SERVER_NAME")
    serve.add_argument("--port", type=int, help="default: the first free one from 7860, or GRADIO_SERVER_PORT")
    serve.add_argument("--share", action="store_true", help="also open a public link through Gradio's servers")
    serve.add_argument("--public", action="store_true", help="others come through a proxy or tunnel of yours")
    serve.add_argument("--auth", help="ask for a password: user:password, or a file with one a line; or FOLEY_AUTH")

    found = steps.add_parser("results", help="means with intervals, as CSV files and a figure in the test's folder")
    found.add_argument("folder", type=Path, help="the test's folder")
    found.add_argument("--keep-careless", action="store_true", help="count careless raters, too")


def run_listening_test(arguments: argparse.Namespace) -> None:
    """Do one of the three steps. Raises ValueError or OSError with one sentence for what cannot be."""
    STEPS[arguments.step](arguments)


def _prepare(arguments: argparse.Namespace) -> None:
    from foley.listening.preparation import PreparationSettings, prepare
    from foley.listening.sources import parse_system

    systems = dict(map(parse_system, arguments.system))
    if len(systems) < len(arguments.system):
        raise ValueError("Two systems have the same name: call each by another.")
    settings = PreparationSettings(
        clips=arguments.clips,
        sets=arguments.sets,
        set_size=arguments.set_size,
        repeats=arguments.repeats,
        classes_per_rater=arguments.classes_per_rater,
        seed=arguments.seed,
        device=arguments.device,
    )
    test = prepare(systems, arguments.recordings, arguments.out, settings)
    print(f"{len(test.trials(0))} questions to each rater: python -m foley listening-test serve {arguments.out}")


def _serve(arguments: argparse.Namespace) -> None:
    from foley.ui.access import decide

    address = decide(arguments)  # before Gradio is imported: it takes variables out of the environment
    from foley.listening.page import serve

    serve(arguments.folder, address)


def _results(arguments: argparse.Namespace) -> None:
    from foley.listening.output import results_text, save_results
    from foley.listening.plan import ListeningTest
    from foley.listening.ratings import Ratings
    from foley.listening.results import results

    test = ListeningTest.read(arguments.folder)
    answers = Ratings(arguments.folder, test).answers()
    found = results(test, answers, arguments.keep_careless)
    files = save_results(found, answers, arguments.folder)
    print(results_text(found))
    print(f"Written to {arguments.folder}: {', '.join(path.name for path in files)}.")


STEPS = {"prepare": _prepare, "serve": _serve, "results": _results}
