"""A few kills and every other fault, in a process of their own.

The README's table is made by `python tests/hostile faults 200`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parent


@pytest.mark.slow
def test_nothing_that_was_shown_is_lost():
    finished = subprocess.run([sys.executable, str(SUITE), "faults", "20"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
