"""Every finding of `FINDINGS.md` has tests, and they are there."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
ROWS = re.findall(r"^\| (\d+) \|[^|]*\|(.*)\|$", (TESTS / "FINDINGS.md").read_text(encoding="utf-8"), re.MULTILINE)
FOUND = 30


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_finding_is_listed_once():
    assert [int(number) for number, _ in ROWS] == list(range(1, FOUND + 1))


def test_every_finding_has_tests_and_they_are_there():
    missing = []
    for number, cells in ROWS:
        named = re.findall(r"`([^`:]+)::(\w+)`", cells)
        assert named, number
        missing += [f"{path}::{test}" for path, test in named if test not in names_in(TESTS / path)]
    assert missing == []
