"""Compiled code is read again and run: it lies where its source does, and not everybody may write it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from foley.resources import REPOSITORY

SOURCE = """
from foley.sampling.backends.cpu.compiled import cached

@cached()
def twice(number):
    return 2 * number
"""
PROGRAM = """
import os
os.umask(0)  # as on machines that let everybody write everything
from foley.system.arguments import Parser
from foley.sampling.backends.cpu.code_sampling import sample_codes
Parser().parse_args([])
from doubled import twice
assert twice(2) == 4
print(sample_codes.stats.cache_path)
print(twice.stats.cache_path)
"""


@pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX here")
def test_compiled_code_lies_beside_its_source_and_is_not_for_everybody_to_write(tmp_path: Path):
    (tmp_path / "doubled.py").write_text(SOURCE)
    places = os.pathsep.join((str(REPOSITORY), str(tmp_path)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "PYTHONDONT"))}
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment | {"PYTHONPATH": places}, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    ours, made = map(Path, said.stdout.split())
    assert ours == REPOSITORY / "foley" / "sampling" / "backends" / "cpu" / "__pycache__"
    assert made == tmp_path / "__pycache__"
    kept = [path for path in made.iterdir() if path.suffix in (".nbi", ".nbc")]
    assert len(kept) == 2
    for path in kept:
        assert not path.stat().st_mode & stat.S_IWOTH, path.name
