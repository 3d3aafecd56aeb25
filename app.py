"""The studio in a browser: `python app.py`. Also what a Hugging Face Space runs."""

import argparse
import sys

from foley.pipeline import SHIPPED, Foley
from foley.ui.studio import build_studio
from foley.ui.theme import launch_settings


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python app.py", description="foley studio in a browser.")
    options.add_argument("--checkpoint", default=SHIPPED, help="a folder or a hub name; default: the shipped one")
    options.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    options.add_argument("--host", help="address to listen on; default: this machine only, or GRADIO_SERVER_NAME")
    options.add_argument("--port", type=int, help="default: the first free one from 7860, or GRADIO_SERVER_PORT")
    options.add_argument("--share", action="store_true", help="also open a public link through Gradio's servers")
    options.add_argument("--no-training", action="store_true", help="leave out the tab that trains models")
    return options


if __name__ == "__main__":
    arguments = parser().parse_args()
    try:
        demo = build_studio(Foley.from_pretrained(arguments.checkpoint, arguments.device))
        demo.launch(
            server_name=arguments.host,
            server_port=arguments.port,
            share=arguments.share or None,
            **launch_settings(),
        )
    except (ValueError, RuntimeError, OSError) as error:
        sys.exit(print(f"error: {error}", file=sys.stderr) or 2)
