"""Fits the stages of a foley model."""

import sys

import foley  # noqa: F401  before torch is loaded: see foley.system.threads


def main() -> int:
    """The command `foley-train`: what `python -m training` does."""
    try:
        from training import __main__ as command
    except ModuleNotFoundError as error:
        if error.name != "accelerate":
            raise
        print("error: training needs accelerate, too: pip install 'foley-studio[train]'.", file=sys.stderr)
        return 2
    return command.main()
