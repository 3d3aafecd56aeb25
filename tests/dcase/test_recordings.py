"""The official data set as it is downloaded: a made-up one of the same files, names and table."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, load_dataset
from foley.dcase.recordings import read_sources, source_name
from foley.presets import BASELINE

FOLDERS = ("dog_bark", "footstep", "gunshot", "keyboard", "moving_motor_vehicle", "rain", "sneeze_cough")
NAMES = ("DogBark", "Footstep", "GunShot", "Keyboard", "MovingMotorVehicle", "Rain", "Sneeze")
COUNTS = (617, 703, 777, 800, 581, 741, 631)  # the paper's table 2
HEADER = ("current_file_path", "category", "original_dataset", "original_file_name")


def make_set(root: Path, counts: tuple[int, ...]) -> Path:
    """Short clips under the official names; three of four cut from recordings of which there are others."""
    random = np.random.default_rng(0)
    rows = []
    for folder, name, count in zip(FOLDERS, NAMES, counts, strict=True):
        (root / "dev" / folder).mkdir(parents=True)
        (root / "eval" / folder).mkdir(parents=True)
        soundfile.write(root / "eval" / folder / "000.wav", 0.1 * random.standard_normal(64), 22_050)
        for number in range(count):
            path = root / "dev" / folder / f"{number:03d}.wav"
            soundfile.write(path, 0.1 * random.standard_normal(64), 22_050, subtype="PCM_16")
            source = 100_000 * NAMES.index(name) + (number if number % 4 == 0 else number // 9 + 50_000)
            dataset, original = (
                ("FSD50k", f"{source}.wav"),
                ("UrbanSound8k", f"{source}-3-0-{number}.wav"),
                ("freesound.org", f"{source}__someone__sound.wav"),
                ("BBC", f"{source}.wav"),
            )[number // 9 % 4 if number % 4 else 0]
            rows.append((f"dev/{folder}/{path.name}", name, dataset, original))
    rows.append(("dev/dog_bark/gone.wav", "DogBark", "BBC", "gone.wav"))  # the official table has such rows
    with (root / "DevMeta.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return root


def assert_no_recording_is_on_both_sides(dataset) -> None:
    sides = {split: {clip.group for clip in dataset.of(split)} for split in (TRAIN, VALIDATION)}
    assert not sides[TRAIN] & sides[VALIDATION]
    assert max(Counter(clip.group for clip in dataset.clips).values()) > 1, "no recording has several clips"


@pytest.mark.slow
def test_all_4850_clips_are_parted_as_in_the_paper(tmp_path):
    dataset = load_dataset(make_set(tmp_path, COUNTS), BASELINE.audio)
    assert not dataset.left_out
    assert [dataset.counts(TRAIN)[category] + 35 for category in Category] == list(COUNTS)
    assert (len(dataset.of(TRAIN)), len(dataset.of(VALIDATION))) == (4605, 245)
    assert_no_recording_is_on_both_sides(dataset)


def test_the_root_and_its_dev_folder_are_the_same_set_and_eval_is_not_used(tmp_path):
    root = make_set(tmp_path, (40,) * 7)
    datasets = [load_dataset(folder, BASELINE.audio) for folder in (root, root / "dev")]
    assert datasets[0].clips == datasets[1].clips
    assert len(datasets[0].clips) == 280
    assert all("eval" not in clip.path.parts for clip in datasets[0].clips)
    assert_no_recording_is_on_both_sides(datasets[0])


def test_slices_of_one_recording_have_one_name_in_all_collections():
    names = [source_name("UrbanSound8k", "1234-3-0-1.wav"), source_name("FSD50k", "1234.wav")]
    assert names == ["freesound/1234"] * 2
    assert source_name("BBC", "07041016.wav") == "bbc/07041016"


def test_a_table_of_another_kind_is_named(tmp_path):
    table = tmp_path / "DevMeta.csv"
    table.write_text("file,class\na.wav,Rain\n")
    with pytest.raises(ValueError, match="DCASE 2023 Task 7"):
        read_sources(table)
