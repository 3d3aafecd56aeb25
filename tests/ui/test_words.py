"""The field for words, without a browser: chips, changes, and the takes of a reading."""

import numpy as np
import pytest

from foley.categories import Category
from foley.conditions.attributes import measure
from foley.conditions.scales import KnobScales
from foley.pipeline import Foley
from foley.prompts import PromptError
from foley.prompts.ranking import Ranker
from foley.takes.take import Take
from foley.ui.components.words_field import NOT_PLACED, described
from foley.ui.session.words import WordsRequest, place_of, reading


def test_each_piece_is_a_chip_with_the_words_it_came_from() -> None:
    answer = described(reading("purple dark rain for 8 seconds"))
    chips = {chip["label"]: chip for chip in answer["chips"]}
    assert chips["brightness 0.20"]["words"] == "dark"
    assert chips["brightness 0.20"]["number"] == 0.2
    assert chips["8 s long"]["name"] == "duration"
    assert answer["unknown"] == ["purple"]


def test_a_chip_that_was_taken_away_stays_away_and_the_others_keep_their_places() -> None:
    whole = reading("dark rain, seed 3")
    places = {chip["name"]: chip["place"] for chip in described(whole)["chips"]}
    rest = described(reading("dark rain, seed 3", dropped=(places["brightness"],)))["chips"]
    assert {chip["name"]: chip["place"] for chip in rest} == {
        name: place for name, place in places.items() if name != "brightness"
    }


def test_a_changed_number_is_the_pieces_number() -> None:
    prompt = reading("dark rain")
    (place,) = [place_of(piece, prompt.text) for piece in prompt.pieces if piece.kind == "knob"]
    assert reading("dark rain", values={place: 0.4}).knobs == {"brightness": 0.4}
    with pytest.raises(PromptError, match="goes from 0 to 1"):
        reading("dark rain", values={place: 7})


def test_placed_events_are_said_to_be_placed_elsewhere() -> None:
    answer = described(reading("three barks"))
    assert NOT_PLACED in answer["unmet"]
    assert [chip["met"] for chip in answer["chips"] if chip["name"] == "count"] == [False]


def test_the_best_of_several_takes_is_kept(checkpoint) -> None:
    foley = Foley.from_pretrained(checkpoint)
    drawn = foley.generate(Category.Rain, seed=0, count=3)
    measured = [measure(take.waveform, foley.sample_rate) for take in drawn]
    ranker = Ranker(KnobScales.of({Category.Rain: measured}))
    request = WordsRequest(reading("dark rain"), 0, 1, 1.0, 0.98, best_of=3, ranker=ranker)
    takes = [event for event in request(foley) if isinstance(event, Take)]
    knobs = [ranker.scales.knob(Category.Rain, "brightness", values["brightness"]) for values in measured]
    assert [take.seed for take in takes] == [int(np.argmin([abs(knob - 0.2) for knob in knobs]))]


def test_words_without_a_class_are_refused(checkpoint) -> None:
    with pytest.raises(PromptError, match="No word names a class"):
        _ = WordsRequest(reading("dark"), 0, 1, 1.0, 0.98).title
