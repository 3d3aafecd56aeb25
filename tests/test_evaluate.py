"""A whole evaluation on a tiny model: every figure is there, and means what it says."""

import json

import numpy as np
import pytest

from foley.cli import main
from foley.evaluation.evaluate import ClassScores, evaluate
from foley.pipeline import Foley


class LevelEmbedder:
    """An embedder one can foretell: mean levels of eight bands in two windows."""

    name, dimension, fingerprint = "levels", 8, "levels"

    def embed(self, waveforms, sample_rate):
        windows = waveforms.unflatten(1, (2, -1)).abs()
        return np.log(windows.unflatten(2, (8, -1)).mean(dim=3).numpy() + 1e-6)


@pytest.fixture(scope="module")
def report(checkpoint, dataset_folder):
    return evaluate(Foley.from_pretrained(checkpoint), dataset_folder, per_class=2, embedder=LevelEmbedder())


def test_every_class_has_every_figure(report):
    assert len(report.classes) == 7
    for scores in report.classes.values():
        figures = [getattr(scores, name) for name in ClassScores.__dataclass_fields__]
        assert np.isfinite(figures).all()
        assert 0 <= scores.generated_agreement <= 1 and scores.floor_fad >= 0


def test_the_report_says_what_it_rests_on(report, tmp_path):
    folder = report.save(tmp_path)
    data = json.loads((folder / "report.json").read_text())
    assert (data["per_class"], data["held_out_per_class"], data["embedder"]) == (2, 3, "levels")
    expected = np.mean([scores.spread for scores in report.classes.values()])
    assert data["mean"]["spread"] == pytest.approx(expected)
    assert (folder / "report.md").read_text().count("\n|") == 10


def test_a_reference_with_too_few_recordings_is_refused(checkpoint, tmp_path, dataset_folder, capsys):
    (tmp_path / "Rain").symlink_to(dataset_folder / "Rain")
    assert main(["evaluate", "--reference", str(tmp_path), "--checkpoint", str(checkpoint)]) == 2
    assert "DogBark" in capsys.readouterr().err
