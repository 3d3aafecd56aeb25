"""Ratings survive what happens to a program, and none is taken that no trial asked for."""

from pathlib import Path

import pytest
from listening.simulated import small_test

from foley.listening.plan import DIVERSITY, FIDELITY, FIT
from foley.listening.ratings import Rater, Rating, Ratings

TEST = small_test(classes=1, clips=2, sets=1)


@pytest.fixture
def ratings(tmp_path: Path) -> Ratings:
    return Ratings(tmp_path, TEST)


def answer(ratings: Ratings, rater: Rater, number: int, score: int = 5) -> None:
    scales = TEST.trials(rater.number)[number].item.scales
    ratings.rate(rater, Rating(trial=number, scores=dict.fromkeys(scales, score)))


def test_a_rater_goes_on_where_it_stopped_also_in_another_program(ratings: Ratings):
    rater = ratings.begin()
    for number in range(3):
        answer(ratings, rater, number, score=number)
    again = Ratings(ratings.folder.parent, TEST)
    same = again.rater(f"  {rater.code.upper()} ")
    assert same == rater and again.next_trial(same) == 3
    assert [set(rating.scores.values()) for rating in again.of(same).values()] == [{0}, {1}, {2}]


def test_raters_have_codes_that_nobody_guesses_and_numbers_in_turn(ratings: Ratings):
    raters = [ratings.begin() for _ in range(5)]
    assert [rater.number for rater in raters] == [0, 1, 2, 3, 4]
    assert len({rater.code for rater in raters}) == 5 and all(len(rater.code) == 14 for rater in raters)


def test_a_rating_can_be_changed_and_the_last_one_counts(ratings: Ratings):
    rater = ratings.begin()
    answer(ratings, rater, 0, score=2)
    answer(ratings, rater, 0, score=9)
    (only,) = ratings.answers()
    assert set(only.rating.scores.values()) == {9}


def test_a_line_that_a_crash_cut_off_costs_only_itself(ratings: Ratings):
    rater = ratings.begin()
    answer(ratings, rater, 0)
    answer(ratings, rater, 1)
    path = ratings.folder / f"{rater.code}.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert ratings.next_trial(rater) == 1
    answer(ratings, rater, 1, score=7)
    answer(ratings, rater, 2, score=8)
    assert [set(rating.scores.values()) for rating in ratings.of(rater).values()] == [{5}, {7}, {8}]


@pytest.mark.parametrize(
    "wrong",
    [
        {FIDELITY: 11, FIT: 1}, {FIDELITY: -1, FIT: 1}, {FIDELITY: 5.5, FIT: 1}, {FIDELITY: True, FIT: 1},
        {FIDELITY: 5}, {FIDELITY: 5, FIT: 5, DIVERSITY: 5}, {}, {"other": 1, FIT: 1},
    ],
)  # fmt: skip
def test_scores_that_the_trial_did_not_ask_for_are_refused(ratings: Ratings, wrong):
    rater = ratings.begin()
    with pytest.raises(ValueError, match=r"score|scale|integer|equal"):
        ratings.rate(rater, Rating(trial=0, scores=wrong))
    assert ratings.answers() == []


def test_no_trial_is_skipped(ratings: Ratings):
    rater = ratings.begin()
    with pytest.raises(ValueError, match="not been played"):
        answer(ratings, rater, 1)


def test_nothing_is_rated_beyond_the_end(ratings: Ratings):
    rater, trials = ratings.begin(), TEST.trials(0)
    for number in range(len(trials)):
        answer(ratings, rater, number)
    assert ratings.next_trial(rater) == len(trials)
    with pytest.raises(ValueError, match="not been played"):
        ratings.rate(rater, Rating(trial=len(trials), scores={FIDELITY: 1, FIT: 1}))


@pytest.mark.parametrize("code", ["", "abcd-efgh-jkmn", "../../../etc/passwd", "*", "a" * 10_000, "abcd"])
def test_codes_of_nobody_get_a_sentence(ratings: Ratings, code):
    ratings.begin()
    with pytest.raises(ValueError, match="no rater of that code"):
        ratings.rater(code)
