"""Statistics of tags made from a manifest, and the check of takes against held-out recordings."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from foley.categories import Category
from foley.conditions.scales import KnobScales
from foley.dataset import VALIDATION
from foley.prompts.tags import TagStatistics
from training.tag_check import HeldOut, check_tags
from training.tags import make_tags, of_each_source, tagged_clips, tags_of

STEP = Category.Footstep


class ColourEmbedder:
    """Stands for a network: three shares of the spectrum."""

    name, dimension, fingerprint = "test", 3, "0"

    def embed(self, waveforms, sample_rate):
        spectrum = np.abs(np.fft.rfft(waveforms.numpy(), axis=1))
        return np.stack([part.mean(axis=1) for part in np.array_split(spectrum, 3, axis=1)], axis=1)[:, None]


@pytest.mark.parametrize(
    ("category", "text", "tags"),
    [
        (STEP, "pack | sounds/walk_t_gravel_1.ogg", {"gravel"}),
        (STEP, "foot-tgstation-woodbarefoot", {"wood", "barefoot"}),
        (STEP, "footstep_swamp_dirt.1.ogg", {"mud"}),
        (Category.GunShot, "gun-wirehouse-winmagnum | sfx/pistol_fire.wav", set()),
        (Category.GunShot, "x | ffsl | AK-47/C_30.wav | natural burst recording.", {"rifle", "burst"}),
        (Category.SneezeCough, "covid19-cough | sneeze-3", {"sneeze"}),
        (Category.SneezeCough, "Human/Cough-female.wav", {"cough", "woman"}),
        (Category.Rain, "sounds/ligth_rain.mp3", {"light"}),
    ],
)
def test_tags_are_read_from_what_a_manifest_says(category: Category, text: str, tags: set[str]) -> None:
    assert tags_of(category, text) == tags


@pytest.fixture(scope="module")
def data(dataset_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tagged")
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "category", "split", "source", "source_path", "source_group", "notes"])
        for number, path in enumerate(sorted((dataset_folder / "Footstep").glob("*.wav"))):
            tag, split = ("gravel", "wood")[number % 2], "validation" if number > 3 else "train"
            rows.writerow([path, "Footstep", split, "pack", f"{tag}_{number}.wav", f"group {number}", ""])
    return folder


def test_statistics_hold_training_clips_alone(data: Path, tmp_path: Path) -> None:
    made = make_tags(data, tmp_path, ColourEmbedder())
    assert {tag.name: (tag.clips, tag.sources) for tag in made.tags.values()} == {"gravel": (2, 2), "wood": (2, 2)}
    assert TagStatistics.load(tmp_path).tags == made.tags
    assert KnobScales.load(tmp_path / "knobs.json").clips == {STEP: 4}
    assert "audio" not in json.dumps(json.loads((tmp_path / "tags.json").read_text()))


def test_no_source_gives_more_clips_than_asked(data: Path) -> None:
    clips = tagged_clips(data, VALIDATION) * 3
    assert len(of_each_source(clips, per_source=1, sources=9)) == 2
    assert len(of_each_source(clips, per_source=2, sources=1)) == 4  # of each of two sets of tags


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no manifest"):
        tagged_clips(tmp_path, VALIDATION)


def test_takes_that_follow_their_tag_win_against_others() -> None:
    random = np.random.default_rng(0)
    direction = np.eye(4)[0]
    clips = np.concatenate([random.normal(0, 0.5, (6, 4)) + direction, random.normal(0, 0.5, (6, 4)) - direction])
    names = [frozenset({"gravel"})] * 6 + [frozenset({"wood"})] * 6
    sources = [str(number) for number in range(12)]
    statistics = TagStatistics.of("test", clips, [STEP] * 12, sources, names)
    held_out = HeldOut(clips, [STEP] * 12, sources, names)
    spread = {STEP: random.normal(0, 1, (40, 4))}
    results = list(check_tags(statistics, spread, held_out))
    assert {result.name for result in results} == {"gravel", "wood"}
    assert all(result.share > 0.9 for result in results)
    alike = {STEP: np.ones((40, 4))}
    assert [result.share for result in check_tags(statistics, alike, held_out)] == [0, 0]
