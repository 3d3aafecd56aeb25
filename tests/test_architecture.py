"""The bars of the house: few modules at the top, imports that go down alone, and short files and parameter lists."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "foley"
MOST_AT_THE_TOP, MOST_LINES, MOST_PARAMETERS = 10, 400, 8
COMPILED, MOST_COMPILED = PACKAGE / "sampling" / "backends" / "cpu", 12  # parameters: grouped, but for loops' bounds
FILES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "training").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
PRODUCT = [path for path in FILES if ROOT / "tests" not in path.parents]


def name_of(path: Path) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in PRODUCT}


def imports(path: Path) -> Iterator[str]:
    """What a file imports anywhere in it, inside functions, too: modules, and modules that are named as in packages."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in inner)


ARROWS = {name: {found for found in imports(path) if found in MODULES} - {name} for name, path in MODULES.items()}


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """A circle among arrows, as the names along it; empty where there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def room(module: str) -> str:
    """The room of a module: its folder in foley, or itself where it stands at the top."""
    return ".".join(module.split(".")[:2])


def test_a_circle_is_found_where_there_is_one():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) and not circle({"a": {"b", "c"}, "b": {"c"}})


def test_few_modules_stand_at_the_top():
    top = [path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")]
    assert len(top) <= MOST_AT_THE_TOP, top


def test_modules_import_each_other_in_no_circle():
    found = circle(ARROWS)
    assert not found, " imports ".join(reversed(found))


def test_no_arrow_runs_back_up_between_rooms():
    between: dict[str, set[str]] = {}
    for module, others in ARROWS.items():
        between.setdefault(room(module), set()).update({room(other) for other in others} - {room(module), "foley"})
    found = circle(between)
    steps = [
        f"{one} -> {other}"
        for a, b in pairwise(reversed(found))
        for one in ARROWS
        for other in ARROWS[one]
        if (room(one), room(other)) == (a, b)
    ]
    assert not found, steps


def test_what_makes_sound_needs_no_training():
    arrows = [(one, other) for one, others in ARROWS.items() for other in others if room(one) != room(other)]
    assert not [arrow for arrow in arrows if arrow[0].startswith("foley") and arrow[1].startswith("training")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_function_has_few_parameters(path):
    most = MOST_COMPILED if COMPILED in path.parents else MOST_PARAMETERS
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            given = [name for name in given if name not in ("self", "cls", "_")]
            assert len(given) <= most, f"{node.name} has {len(given)}: {', '.join(given)}"
