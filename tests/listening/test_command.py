"""`python -m foley listening-test`: from folders to a figure, and one sentence for what cannot be."""

import csv
from pathlib import Path

import numpy as np
import pytest
from listening.conftest import write_sounds
from listening.simulated import SimulatedRater
from PIL import Image

from foley.cli import main
from foley.listening.plan import ANCHOR, RECORDING, ListeningTest
from foley.listening.ratings import Ratings

QUALITIES = {"good": 7.0, "poor": 4.0, RECORDING: 9.0, ANCHOR: 1.0}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test made and rated through the commands' own files, with one rater who guesses."""
    place = tmp_path_factory.mktemp("command")
    for name, rate in {"good": 24_000, "poor": 22_050, "real": 16_000}.items():
        write_sounds(place / name, 4, rate)
    systems = [f"--system={name}={place / name}" for name in ("good", "poor")]
    options = ["--clips=3", "--sets=1", "--set-size=4", "--repeats=2", f"--out={place / 'test'}"]
    assert main(["listening-test", "prepare", *systems, f"--recordings={place / 'real'}", *options]) == 0
    ratings, random = Ratings(place / "test", ListeningTest.read(place / "test")), np.random.default_rng(3)
    qualities = {(item.id, scale): QUALITIES[item.system] for item in ratings.test.items for scale in item.scales}
    for habit in ("careful", "careful", "careful", "guessing"):
        rater = ratings.begin()
        for answer in SimulatedRater(0.0, random, habit).answers(ratings.test, rater, qualities):
            ratings.rate(rater, answer.rating)
    return place / "test"


def test_results_are_tables_and_a_figure(folder: Path, capsys):
    assert main(["listening-test", "results", str(folder)]) == 0
    said = capsys.readouterr().out
    assert said.index("recording") < said.index("good") < said.index("poor") < said.index("anchor")
    assert "Rater 3 was careless" in said
    table = {(row["system"], row["class"], row["scale"]): row for row in rows(folder / "results.csv")}
    best = table["good", "all", "score"]
    assert float(best["low"]) < float(best["value"]) < float(best["high"])
    assert float(best["value"]) == pytest.approx(7.0, abs=0.6)
    assert [row["problem"] != "" for row in rows(folder / "raters.csv")] == [False, False, False, True]
    assert len(rows(folder / "differences.csv")) == 6
    single = rows(folder / "ratings.csv")
    assert {row["rater"] for row in single} == {"0", "1", "2", "3"} and {row["repeat"] for row in single} == {"0", "1"}
    with Image.open(folder / "results.png") as picture:
        assert picture.size[0] == 2000 and np.asarray(picture).std() > 1


def test_careless_raters_are_counted_when_asked_for(folder: Path, capsys):
    assert main(["listening-test", "results", str(folder), "--keep-careless"]) == 0
    table = {(row["system"], row["class"], row["scale"]): row for row in rows(folder / "results.csv")}
    assert table["good", "all", "fidelity"]["ratings"] == str(4 * 2 * 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "nowhere"], "holds no listening test"),
        (["results", "nowhere"], "holds no listening test"),
        (["prepare", "--system=a", "--recordings=x"], "is no system"),
        (["prepare", "--system=a=x", "--system=a=y", "--recordings=x"], "same name"),
        (["prepare", "--system=a=x", "--recordings=nowhere"], "There is no folder nowhere"),
        (["prepare", "--system=a=x", "--recordings=x", "--set-size=1"], "set-size"),
    ],
)
def test_what_cannot_be_gets_one_sentence(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["listening-test", *arguments]) == 2
    assert words in capsys.readouterr().err
