"""What the page loads before it opens."""

import subprocess
import sys

from foley.resources import REPOSITORY

LATE = ("transformers", "torch._dynamo", "scipy.signal", "scipy.stats", "sklearn", "numba", "librosa")


def test_the_page_opens_without_what_is_needed_later(checkpoint):
    script = f"""
import sys
from foley.pipeline import Foley
from foley.ui.studio import build_studio
build_studio(Foley.from_pretrained({str(checkpoint)!r}, "cpu"))
print([name for name in {LATE!r} if name in sys.modules])
"""
    said = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
