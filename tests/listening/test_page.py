"""What the page's three calls answer: blind, in order, and one sentence for what is none of their business."""

import io
import json
from base64 import b64decode
from pathlib import Path
from shutil import copytree

import pytest
import soundfile

from foley.listening.page import Questions, build_page
from foley.listening.plan import ListeningTest
from foley.ui.studio import functions_of


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    return copytree(prepared, tmp_path / "test")


@pytest.fixture
def calls(folder: Path) -> dict:
    """The page's calls by name, as a browser reaches them."""
    return {call.__name__: call for call in functions_of(build_page(folder))}


def rate_one(calls: dict, code: str) -> dict:
    asked = calls["trial"]({"code": code, "trial": -1})
    scores = dict.fromkeys(asked["scales"], 7)
    return calls["rate"]({"code": code, "rating": {"trial": asked["trial"], "scores": scores, "seconds": 4.2}})


def test_the_page_serves_three_calls_and_no_more(calls: dict):
    assert set(calls) == {"begin", "trial", "rate"}


def test_no_answer_and_no_part_of_the_page_names_a_system_or_a_file(folder: Path, calls: dict):
    page, code = build_page(folder), calls["begin"]({"code": ""})["code"]
    heard, total = [], len(ListeningTest.read(folder).trials(0))
    said = [json.dumps(page.get_config_file(), default=str)]
    for _ in range(total):
        asked = calls["trial"]({"code": code, "trial": -1})
        heard += asked.pop("clips")
        assert set(asked) == {"trial", "of", "class", "scales", "scores"}
        said += [json.dumps(asked), json.dumps(rate_one(calls, code))]
    words = " ".join(said)
    test = ListeningTest.read(folder)
    secrets = {*test.systems, *(Path(source).name for item in test.items for source in item.sources), str(folder)}
    assert not [secret for secret in secrets if secret in words]
    assert len({len(sound) for sound in heard}) == 1
    sound, rate = soundfile.read(io.BytesIO(b64decode(heard[0])))
    assert len(sound) == rate // 2


def test_a_rater_goes_on_with_the_code(calls: dict, folder: Path):
    code = calls["begin"]({"code": ""})["code"]
    rate_one(calls, code)
    assert rate_one(calls, code) == {"done": 2}
    again = {call.__name__: call for call in functions_of(build_page(folder))}
    assert again["begin"]({"code": code.upper()})["done"] == 2
    assert again["trial"]({"code": code, "trial": -1})["trial"] == 2
    assert again["trial"]({"code": code, "trial": 0})["scores"]


def test_one_trial_ahead_can_be_asked_for_and_no_more(calls: dict):
    code = calls["begin"]({"code": ""})["code"]
    assert calls["trial"]({"code": code, "trial": 1})["clips"]
    assert "later" in calls["trial"]({"code": code, "trial": 2})["error"]


def test_at_the_end_there_is_nothing_more_to_hear(calls: dict):
    begun = calls["begin"]({"code": ""})
    for _ in range(begun["of"]):
        rate_one(calls, begun["code"])
    assert calls["trial"]({"code": begun["code"], "trial": -1}) == {
        "trial": begun["of"], "of": begun["of"], "scales": [], "clips": [],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["begin", "trial", "rate"])
@pytest.mark.parametrize(
    "data", [None, 5, [], {}, {"code": "../x"}, {"code": "x" * 10_000}, {"code": 1, "trial": "0"},
             {"code": "abcd-efgh-jkmn", "trial": 0}, {"code": "", "rating": {"trial": 0, "scores": {}}}],
)  # fmt: skip
def test_what_no_page_sends_gets_one_sentence(calls: dict, name: str, data):
    answer = calls[name](data)
    assert list(answer) == ["error"] and answer["error"].endswith(".") and "\n" not in answer["error"]


def test_a_folder_that_lacks_clips_is_not_served(folder: Path):
    next((folder / "clips").iterdir()).unlink()
    with pytest.raises(ValueError, match="lacks 1 of its clips"):
        Questions(folder)
