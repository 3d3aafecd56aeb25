"""The package: one list of requirements in three places, and a wheel that works from any folder."""

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(name: str) -> list[str]:
    lines = (ROOT / name).read_text().splitlines()
    return sorted(line for line in lines if line and not line.startswith(("#", "-")))


def test_the_requirements_of_the_repository_are_those_of_the_package():
    extras = PROJECT["optional-dependencies"]
    assert requirements("requirements.txt") == sorted(PROJECT["dependencies"] + extras["train"])
    assert requirements("requirements-dev.txt") == sorted(extras["dev"])


def test_a_space_can_install_the_requirements_before_the_files_are_there():
    assert not [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("-")]


def test_every_requirement_is_locked_to_a_version_that_it_allows():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    for wanted in map(Requirement, (*requirements("requirements.txt"), *requirements("requirements-dev.txt"))):
        assert locked[canonicalize_name(wanted.name)] in wanted.specifier, wanted


def run(*command: str | Path, folder: Path) -> str:
    """What a command says, run where nothing of the repository can be imported by chance."""
    finished = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=600)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.slow
def test_an_installed_wheel_generates_in_any_folder(tmp_path: Path):
    """Built without downloads, and installed beside the libraries of the environment that runs this test."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", folder=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=False)
    programs = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    python = programs / "python"
    packages = Path(run(python, "-c", "import sysconfig as s; print(s.get_path('purelib'))", folder=tmp_path).strip())
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, folder=tmp_path)
    libraries = Path(pytest.__file__).parents[1]
    (packages / "libraries.pth").write_text(f"{libraries}\n")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = run(python, "-c", "import foley.resources as r; print(r.SHIPPED_MODEL, r.WORK)", folder=elsewhere)
    assert where.split() == [str(packages / "foley" / "shipped" / "checkpoints" / "studio"), str(elsewhere)]
    said = run(programs / "foley", "generate", "--category", "DogBark", "--out", "takes", folder=elsewhere)
    takes = list((elsewhere / "takes").glob("*.wav"))
    assert [str(take.relative_to(elsewhere)) for take in takes] == said.split()
    for program in ("foley-train", "foley-studio"):
        assert run(programs / program, "--help", folder=elsewhere).startswith("usage: ")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["takes"]
