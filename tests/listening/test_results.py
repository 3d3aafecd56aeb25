"""Raters with known biases: the true order comes out, and intervals cover the true means as often as they say."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from listening.simulated import TRUE_MEANS, SimulatedRater, small_test, true_qualities

from foley.listening.plan import FIDELITY, SCALES, WEIGHTS, ListeningTest
from foley.listening.ratings import Answer, Rater, Ratings
from foley.listening.results import SCORE, results

MILDNESS = np.array([-1.6, -1.2, -0.9, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 0.9, 1.2, 1.6])
TRUE_SCORES = {name: sum(WEIGHTS[s] * m[s] for s in SCALES) / sum(WEIGHTS.values()) for name, m in TRUE_MEANS.items()}
TRUE_ORDER = sorted(TRUE_SCORES, key=lambda name: -TRUE_SCORES[name])


TEST = small_test()


def answers_of(mildness: Iterable[float], seed: int, test: ListeningTest = TEST, habits: tuple = ()) -> list[Answer]:
    """What careful raters of these biases say, and after them those of other habits."""
    random = np.random.default_rng(seed)
    qualities = true_qualities(test, random)
    people = [SimulatedRater(each, random) for each in mildness]
    people += [SimulatedRater(0.0, random, habit) for habit in habits]
    rated = (one.answers(test, Rater(f"r{n}", n), qualities) for n, one in enumerate(people))
    return [answer for answers in rated for answer in answers]


@pytest.fixture(scope="module")
def answers() -> list[Answer]:
    """Of twelve careful raters, from stern to mild."""
    return answers_of(MILDNESS, seed=5)


def test_twelve_raters_recover_the_true_order_through_the_files(tmp_path: Path, answers: list[Answer]):
    TEST.save(tmp_path)
    ratings = Ratings(tmp_path, ListeningTest.read(tmp_path))
    raters = [ratings.begin() for _ in MILDNESS]
    for answer in answers:
        ratings.rate(raters[answer.rater.number], answer.rating)
    found = results(ratings.test, ratings.answers())
    assert list(found.systems) == TRUE_ORDER
    assert len(found.differences) == 10
    assert all(difference.is_sure and difference.interval.value > 0 for difference in found.differences)


def test_the_score_weighs_the_scales_two_two_one(answers: list[Answer]):
    found = results(TEST, answers)
    fidelity, fit, diversity = (found.row("ours", scale).interval.value for scale in SCALES)
    assert found.row("ours", SCORE).interval.value == pytest.approx((2 * fidelity + 2 * fit + diversity) / 5)


def test_repeats_do_not_count_in_means(answers: list[Answer]):
    row = results(TEST, answers).row("ours", FIDELITY, "DogBark")
    assert row.ratings == 12 * 4
    once = [answer for answer in answers if not answer.trial.is_repeat and not answer.trial.item.is_set]
    ours = [answer for answer in once if answer.trial.item.system == "ours" and answer.trial.item.category == 0]
    assert row.interval.value == pytest.approx(np.mean([answer.rating.scores[FIDELITY] for answer in ours]))


def test_what_careless_raters_say_is_left_out():
    answers = answers_of(MILDNESS[::2], seed=7, habits=("guessing", "always five"))
    found = results(TEST, answers)
    assert [check.code for check in found.raters if check.problem] == ["r6", "r7"]
    assert found.row("ours", FIDELITY, "DogBark").ratings == 6 * 4
    assert results(TEST, answers, keep_careless=True).row("ours", FIDELITY, "DogBark").ratings == 8 * 4


def test_a_rater_who_stopped_early_counts_as_far_as_it_went():
    answers = [each for each in answers_of([0.0, 0.0], seed=8) if each.rater.number == 0 or each.trial.number < 10]
    found = results(TEST, answers)
    assert len(found.raters) == 2 and found.raters[1].ratings == 10 and not found.raters[1].problem
    assert np.isfinite(found.row("ours", SCORE).interval.high)


def test_one_rater_alone_gives_means_and_an_interval_over_clips(answers: list[Answer]):
    interval = results(TEST, [answer for answer in answers if answer.rater.number == 3]).row("ours", SCORE).interval
    assert interval.low < interval.value < interval.high


def test_without_ratings_there_is_one_sentence():
    with pytest.raises(ValueError, match="no ratings yet"):
        results(TEST, [])


def test_when_all_raters_are_careless_the_sentence_says_how_to_count_them():
    with pytest.raises(ValueError, match="--keep-careless"):
        results(TEST, answers_of([], seed=9, habits=("guessing", "guessing")))


def test_intervals_of_95_percent_cover_the_true_means():
    """Forty tests with other raters and clips each; a system's true mean is that of all clips that it could make."""
    random, covered, widths = np.random.default_rng(11), [], []
    for experiment in range(40):
        test = small_test(classes=2, seed=experiment)
        answers = answers_of(random.normal(0, 0.8, size=12), experiment, test)
        found = results(test, answers, draws=300)
        for system, means in TRUE_MEANS.items():
            for scale, truth in {SCORE: TRUE_SCORES[system], **means}.items():
                interval = found.row(system, scale).interval
                covered.append(interval.low <= truth <= interval.high)
                widths.append(interval.high - interval.low)
    assert 0.90 <= np.mean(covered) <= 0.995
    assert np.mean(widths) < 2.0  # points: sure, but not because they say nothing
