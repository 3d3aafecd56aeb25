"""Who rates what in which order: all of it, once, blindly, and always the same."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from listening.simulated import small_test

from foley.listening.plan import TEST, ListeningTest


def test_every_item_is_rated_once_and_some_clips_again():
    test = small_test(repeats=2)
    trials = test.trials(0)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert {trial.item.id for trial in trials if not trial.is_repeat} == {item.id for item in test.items}
    again = [trial for trial in trials if trial.is_repeat]
    assert len(again) == 2 * len(test.categories) and not any(trial.item.is_set for trial in again)
    for trial in again:
        first = next(each for each in trials if each.item == trial.item and not each.is_repeat)
        assert first.number < trial.number


def test_a_rater_hears_the_same_order_each_time_and_another_rater_another():
    test = small_test()
    assert test.trials(3) == ListeningTest.model_validate_json(test.model_dump_json()).trials(3)
    assert test.trials(3) != test.trials(4)
    assert test.trials(3) != test.model_copy(update={"seed": 1}).trials(3)


def test_systems_are_mixed_within_a_class_and_sets_come_after_its_clips():
    test = small_test(classes=1, clips=6)
    trials = test.trials(0)
    kinds = [trial.item.is_set for trial in trials]
    assert kinds == sorted(kinds)
    systems = [trial.item.system for trial in trials if not trial.item.is_set]
    assert sum(a != b for a, b in pairwise(systems)) > len(systems) / 2


def test_raters_with_few_classes_share_them_evenly():
    test = small_test(classes=7, classes_per_rater=3)
    rated = Counter(
        category for rater in range(14) for category in {trial.item.category for trial in test.trials(rater)}
    )
    assert set(rated.values()) == {6}


def test_no_system_is_always_heard_first():
    test = small_test()
    assert len({test.trials(rater)[0].item.system for rater in range(20)}) >= 4


@pytest.mark.parametrize("damage", [lambda data: data.pop("items"), lambda data: data.update(seed="x"), None])
def test_a_damaged_test_gets_a_sentence(tmp_path: Path, damage):
    path = small_test().save(tmp_path)
    data = json.loads(path.read_text())
    if damage:
        damage(data)
    path.write_text(json.dumps(data) if damage else "{")
    with pytest.raises(ValueError, match=TEST):
        ListeningTest.read(tmp_path)


def test_a_folder_without_a_test_gets_a_sentence(tmp_path: Path):
    with pytest.raises(ValueError, match="holds no listening test"):
        ListeningTest.read(tmp_path)
