"""Opens the studio in a browser: what `python app.py` and the program `foley-studio` do."""

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foley.resources import IS_INSTALLED, SHIPPED_MODEL, WORK
from foley.system.arguments import Parser
from foley.ui.access import Address, Mode, decide
from foley.ui.session.trainer import RUNS, why_no_training

PROGRAM = "foley-studio" if IS_INSTALLED else "python app.py"


def parser() -> argparse.ArgumentParser:
    options = Parser(prog=PROGRAM, description="foley studio in a browser.")
    options.add_argument("--checkpoint", default=SHIPPED_MODEL, help="a folder or a hub name; default: the shipped one")
    options.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    options.add_argument("--host", help="address to listen on; default: this machine only, or GRADIO_SERVER_NAME")
    options.add_argument("--port", type=int, help="default: the first free one from 7860, or GRADIO_SERVER_PORT")
    options.add_argument("--share", action="store_true", help="also open a public link through Gradio's servers")
    options.add_argument("--public", action="store_true", help="others come through a proxy or tunnel of yours")
    options.add_argument("--auth", help="ask for a password: user:password, or a file with one a line; or FOLEY_AUTH")
    options.add_argument("--library", type=Path, help="folder that keeps your takes; default: library, here")
    options.add_argument("--runs", type=Path, default=RUNS, help="where models are trained; default: runs")
    options.add_argument("--no-training", action="store_true", help="leave out the tab that trains models")
    return options


def library_of(arguments: argparse.Namespace, mode: Mode) -> Path | None:
    """Where the takes of whoever sits at this machine are kept; None where strangers may come: each has their own.

    Raises ValueError where strangers would share the folder that was named.
    """
    if mode.is_public and arguments.library:
        raise ValueError("Others can open this page, and each has a library of their own: leave --library out.")
    return None if mode.is_public else arguments.library or WORK / "library"


@contextmanager
def all_is_kept() -> Iterator[None]:
    """What is imported and built in here stays as long as the program: nothing looks for garbage in it, then or later.

    A sixth of the start went into that.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def serve(arguments: argparse.Namespace, address: Address) -> None:
    """Build the studio and serve it until it is ended. Raises ValueError, RuntimeError or OSError with a sentence."""
    with all_is_kept():
        # Gradio reads environment variables when it is imported, and `decide` has taken some of them away
        from foley.pipeline import Foley
        from foley.ui.session.light_sessions import keep_sessions_light
        from foley.ui.studio import build_studio
        from foley.ui.theme import launch_settings

        library = library_of(arguments, address.mode)
        no_training = why_no_training(arguments.no_training, address.mode)
        if library:
            library.mkdir(parents=True, exist_ok=True)
        model = Foley.from_pretrained(arguments.checkpoint, arguments.device)
        demo = build_studio(model, no_training, arguments.runs, library, address.mode)
        served = [folder for folder in (library, None if no_training else arguments.runs) if folder]
        allowed = [str(folder.resolve()) for folder in served]
        demo.launch(**address.launch_settings(), **launch_settings(), allowed_paths=allowed, prevent_thread_lock=True)
        keep_sessions_light(demo)
    model.warm_up()  # not before the page is there, or it would be there later
    demo.block_thread()


def main(argv: list[str] | None = None) -> int:
    """Serve the studio; 0 when it was ended, 2 after one sentence about what went wrong."""
    try:
        arguments = parser().parse_args(argv)
        serve(arguments, decide(arguments))
        return 0
    except (ValueError, RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
