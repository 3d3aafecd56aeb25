"""A seed gives the sound that it has always given, to the bit."""

import importlib.util
from pathlib import Path

import pytest

from foley.checkpoints import checkpoint_hash
from foley.resources import SHIPPED_MODEL

_spec = importlib.util.spec_from_file_location("recorded_takes", Path(__file__).with_name("recorded_takes.py"))
recorded_takes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recorded_takes)
COMMAND = "python tests/sampling/recorded_takes.py"


def test_the_records_are_of_the_weights_that_ship():
    weights = recorded_takes.records()["weights"]
    assert weights == checkpoint_hash(SHIPPED_MODEL), f"The weights have changed: record their takes with {COMMAND}."


@pytest.mark.slow
def test_every_seed_gives_the_take_that_was_recorded():
    recorded = recorded_takes.records()["machines"].get(recorded_takes.machine())
    if recorded is None:
        pytest.skip(f"No takes were recorded on a machine like this ({recorded_takes.machine()}): {COMMAND}.")
    assert recorded_takes.hashes() == recorded
