"""Where the files lie that ship with the code: in the repository's folders, or in the package of an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parent
INSTALLED = PACKAGE / "shipped"  # the wheel carries `checkpoints` and `assets` here
IS_INSTALLED = INSTALLED.is_dir()
ROOT = INSTALLED if IS_INSTALLED else REPOSITORY
WORK = Path.cwd() if IS_INSTALLED else REPOSITORY  # where the page keeps its library and its reports

CHECKPOINTS = ROOT / "checkpoints"
SHIPPED_MODEL = CHECKPOINTS / "studio"
AISFX_WEIGHTS = CHECKPOINTS / "aisfx"
KNOB_SCALES = CHECKPOINTS / "tags" / "knobs.json"
TAG_STATISTICS = CHECKPOINTS / "tags"
SHIPPED_REPORT = ROOT / "assets" / "results"
ICON = ROOT / "assets" / "icon.svg"
STATIC = PACKAGE / "ui" / "static"
