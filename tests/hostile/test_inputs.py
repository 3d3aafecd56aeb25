"""Whatever is fed, the answer is a result or one sentence, soon and without taking the machine's memory."""

import os

import pytest
from harness import areas, run


def test_two_thousand_hostile_inputs_are_held():
    result = run(2000, processes=min(2, os.cpu_count() or 1))
    assert sum(result.tried.values()) >= 2000
    assert set(result.tried) == set(areas())
    assert not result.lines, "\n".join(result.lines)


@pytest.mark.hostile_long
def test_twenty_thousand_hostile_inputs_are_held():
    result = run(20_000)
    print(result.table)
    assert not result.lines, "\n".join(result.lines)
