"""Statistics of tags: what they hold, how sounds are ranked by them, and files that cannot be read."""

from pathlib import Path

import numpy as np
import pytest

from foley.categories import Category
from foley.prompts.tags import COUNTS, TagError, TagStatistics

STEP = Category.Footstep


def statistics() -> tuple[TagStatistics, np.ndarray]:
    """Two tags in opposite directions; one source has many clips far away from all the others."""
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((40, 6)) * 0.1
    embeddings[:10, 0] += 1
    embeddings[10:20, 0] -= 1
    embeddings[20:] += 1 * np.eye(6)[2]
    sources = [f"source {number}" for number in range(20)] + ["one source"] * 20
    tags = [frozenset({"gravel"})] * 10 + [frozenset({"wood"})] * 10 + [frozenset({"snow"})] * 20
    return TagStatistics.of("test", embeddings, [STEP] * 40, sources, tags), embeddings


def test_sounds_of_a_tag_are_nearer_to_it_than_others() -> None:
    tags, embeddings = statistics()
    closeness = tags.closeness(embeddings[:20], STEP, ["gravel"])
    assert closeness[:10].min() > closeness[10:].max()


def test_a_source_counts_once_however_many_clips_it_has() -> None:
    tags, _ = statistics()
    assert tags.tags[STEP, "snow"].clips == 20
    assert tags.tags[STEP, "snow"].sources == 1
    assert tags.tags[STEP, "snow"].weak
    assert not tags.tags[STEP, "gravel"].weak
    assert abs(tags.centres[STEP][2]) < 0.1


def test_statistics_are_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    tags, embeddings = statistics()
    again = TagStatistics.load(tags.save(tmp_path))
    assert again.tags == tags.tags
    np.testing.assert_allclose(
        again.closeness(embeddings, STEP, ["wood"]), tags.closeness(embeddings, STEP, ["wood"]), atol=1e-5
    )


def test_an_unknown_tag_is_refused_with_those_that_there_are() -> None:
    tags, embeddings = statistics()
    with pytest.raises(TagError, match="tagged 'lava': there are gravel, wood, snow"):
        tags.closeness(embeddings, STEP, ["lava"])


@pytest.mark.parametrize("damage", ["", "[]", '{"tags": [{"class": "Cat"}]}'])
def test_broken_statistics_are_refused_in_a_sentence(damage: str, tmp_path: Path) -> None:
    statistics()[0].save(tmp_path)
    (tmp_path / COUNTS).write_text(damage)
    with pytest.raises(TagError, match="cannot be read"):
        TagStatistics.load(tmp_path)


def test_the_tags_that_ship_say_how_well_they_are_founded() -> None:
    shipped = TagStatistics.load()
    assert {category for category, _ in shipped.tags} == set(Category)
    gravel, ice = shipped.tags[STEP, "gravel"], shipped.tags[STEP, "ice"]
    assert not gravel.weak and gravel.sources >= 5
    assert ice.weak and ice.support.startswith("weak: ")


def test_missing_statistics_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(TagError, match="python -m training tags"):
        TagStatistics.load(tmp_path)
