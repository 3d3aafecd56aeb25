"""How long threads spin is set before torch is loaded, and left alone where it is set already."""

import os
import subprocess
import sys

import pytest

from foley.system.threads import SPINS

SHOW = """
import builtins, os
load = builtins.__import__
def watch(name, *rest):
    if name == "torch":
        print(os.environ.get("GOMP_SPINCOUNT"), flush=True)
        os._exit(0)  # torch itself takes seconds, and is not what is looked at
    return load(name, *rest)
builtins.__import__ = watch
import {module}
"""


@pytest.mark.parametrize(
    ("module", "own", "expected"),
    [
        ("foley", {}, SPINS),
        ("training.loop", {}, SPINS),
        ("foley", {"GOMP_SPINCOUNT": "7"}, "7"),
        ("foley", {"OMP_WAIT_POLICY": "ACTIVE"}, "None"),
    ],
)
def test_threads_spin_little_from_before_torch_is_loaded(module, own, expected):
    kept = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    command = [sys.executable, "-c", SHOW.format(module=module)]
    found = subprocess.run(command, env=kept | own, capture_output=True, text=True, check=True).stdout
    assert found.split() == [expected]
