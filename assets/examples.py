"""Makes the examples of the README, the first two seeds of every class as they come: `python assets/examples.py`."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from foley import Category, Foley  # noqa: E402
from foley.takes.export import ExportSettings, export  # noqa: E402

FOLDER = HERE / "examples"
SETTINGS = ExportSettings(format="FLAC 16-bit", template="{class}_seed{seed}")


def main() -> None:
    foley = Foley.from_pretrained()
    shutil.rmtree(FOLDER, ignore_errors=True)
    for category in Category:
        for take in foley.generate(category, seed=1, count=2):
            print(export(take, FOLDER, SETTINGS))


if __name__ == "__main__":
    main()
