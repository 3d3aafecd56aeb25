"""Performances are measured: what lands where it was asked to counts, what comes late is missing and added."""

import math

import pytest
from hits import HitsFoley

from foley import Category, Foley
from foley.cli import main
from foley.evaluation import performances
from foley.evaluation.performances import performance_scores, table
from foley.perform import PerformanceSettings, perform
from foley.perform.settings import USUAL_WAY


@pytest.fixture(scope="module")
def model(checkpoint):
    return HitsFoley(Foley.from_pretrained(checkpoint).generate("Footstep", seed=1)[0])


def test_what_lands_where_it_was_asked_to_is_neither_missing_nor_added(model):
    scores = performance_scores(model, Category.Footstep, 2)
    assert (scores.asked, scores.missing, scores.added, scores.repeated) == (24, 0, 0, 0)
    assert scores.f1 == 1.0 and scores.correlation >= 0.95
    assert "| Footstep | 24 | 0 | 0 | 1.000 |" in table([scores])


@pytest.mark.slow
@pytest.mark.parametrize("category", [each for each in Category if each not in USUAL_WAY])
def test_the_shipped_model_lands_every_event_alone_and_as_strongly_as_asked(category):
    scores = performance_scores(Foley.from_pretrained(), category, 1)
    assert (scores.asked, scores.missing, scores.added, scores.repeated) == (12, 0, 0, 0)
    assert scores.correlation >= 0.95


def test_what_comes_late_is_missing_and_added(model, monkeypatch):
    monkeypatch.setattr(
        performances, "perform", lambda foley, events, settings: perform(foley, events.shifted(0.02), settings)
    )
    scores = performance_scores(model, Category.Footstep, 1)
    assert scores.missing == scores.added == 12 and scores.f1 == 1.0


def test_beds_are_measured_by_their_level(checkpoint):
    scores = performance_scores(Foley.from_pretrained(checkpoint), Category.Rain, 1)
    assert scores.asked == 0 and 0 <= scores.level_db < 20
    assert "– | – | – |" in table([scores])


def test_settings_of_a_list_are_the_same_for_the_same_seed():
    assert performances.some_events(3) == performances.some_events(3) != performances.some_events(4)
    assert math.isclose(len(performances.some_events(0).events), 12)
    assert PerformanceSettings(Category.Rain).chosen_way == "bed"


def test_an_evaluation_needs_recordings_unless_it_is_of_performances(capsys):
    assert main(["evaluate", "--per-class", "1"]) == 2
    assert "--reference" in capsys.readouterr().err
