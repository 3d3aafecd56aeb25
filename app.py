"""The studio in a browser: `python app.py`. Also what a Hugging Face Space runs."""

import argparse
import os
import sys
from pathlib import Path

from foley.pipeline import Foley
from foley.resources import SHIPPED_MODEL
from foley.ui.session.trainer import RUNS, why_no_training
from foley.ui.studio import build_studio
from foley.ui.theme import launch_settings

HERE = Path(__file__).resolve().parent
LOCAL = ("127.0.0.1", "localhost", "::1")


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python app.py", description="foley studio in a browser.")
    options.add_argument("--checkpoint", default=SHIPPED_MODEL, help="a folder or a hub name; default: the shipped one")
    options.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    options.add_argument("--host", help="address to listen on; default: this machine only, or GRADIO_SERVER_NAME")
    options.add_argument("--port", type=int, help="default: the first free one from 7860, or GRADIO_SERVER_PORT")
    options.add_argument("--share", action="store_true", help="also open a public link through Gradio's servers")
    options.add_argument("--library", type=Path, help="folder that keeps your takes; default: library, here")
    options.add_argument("--runs", type=Path, default=RUNS, help="where models are trained; default: runs")
    options.add_argument("--no-training", action="store_true", help="leave out the tab that trains models")
    return options


def is_public(arguments: argparse.Namespace) -> bool:
    """Whether others than who sits at this machine may open the page."""
    host = arguments.host or os.environ.get("GRADIO_SERVER_NAME") or LOCAL[0]
    return "SPACE_ID" in os.environ or arguments.share or host not in LOCAL


def library_of(arguments: argparse.Namespace) -> Path | None:
    """Where the takes of whoever sits at this machine are kept; None where strangers may come: each has their own."""
    return arguments.library or (None if is_public(arguments) else HERE / "library")


if __name__ == "__main__":
    arguments = parser().parse_args()
    address = {"server_name": arguments.host, "server_port": arguments.port, "share": arguments.share or None}
    try:
        public, library = is_public(arguments), library_of(arguments)
        no_training = why_no_training(arguments.no_training, public)
        if library:
            library.mkdir(parents=True, exist_ok=True)
        model = Foley.from_pretrained(arguments.checkpoint, arguments.device)
        model.warm_up()
        demo = build_studio(model, no_training, arguments.runs, library, public)
        served = [folder for folder in (library, None if no_training else arguments.runs) if folder]
        demo.launch(**address, **launch_settings(), allowed_paths=[str(folder.resolve()) for folder in served])
    except (ValueError, RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
