"""The app without a browser: its entry, its endpoints for programs, and a run of the generate tab."""

import gc
import json
import runpy
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import psutil
import pytest
import soundfile
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from handmade import changed

from foley.categories import Category
from foley.pipeline import Foley
from foley.takes.export import ExportSettings
from foley.takes.recipe import Recipe
from foley.ui.components.export_panel import export_takes
from foley.ui.components.library_list import library_value
from foley.ui.components.protocol import Mailbox, Open, Star, read_message
from foley.ui.session import generation
from foley.ui.session.generation import GenerateController
from foley.ui.session.models import Models
from foley.ui.session.stage import Stage
from foley.ui.session.visitors import Libraries
from foley.ui.studio import build_studio
from foley.ui.theme import launch_settings

LIBRARIES = Libraries()
REQUEST = SimpleNamespace(session_hash="session")
APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture(scope="module")
def foley(checkpoint: Path) -> Foley:
    return Foley.from_pretrained(checkpoint, "cpu")


@pytest.fixture(scope="module")
def client(foley: Foley, tmp_path_factory: pytest.TempPathFactory) -> Client:
    studio = build_studio(foley)
    _, url, _ = studio.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
    yield Client(url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))
    studio.close(verbose=False)


@pytest.fixture(autouse=True, scope="module")
def visitors(tmp_path_factory: pytest.TempPathFactory):
    """Visitors' files lie in a folder of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        yield


@pytest.fixture
def recording(dataset_folder: Path) -> Path:
    return dataset_folder / Category.GunShot.name / "000.wav"


def test_programs_learn_the_names_of_the_classes(client):
    assert client.predict(api_name="/classes") == [category.name for category in Category]


def test_programs_get_the_very_samples_of_the_pipeline(client, foley, tmp_path):
    settings = {"seed": 5, "temperature": 0.8, "count": 2, "top_k": 20, "top_p": 0.9}
    answers = client.predict("dog_bark", **settings, api_name="/generate")
    takes = foley.generate("dog_bark", **settings)
    for answer, take in zip(answers, takes, strict=True):
        written, expected = (soundfile.read(path)[0] for path in (answer["wav"], take.save(tmp_path)))
        assert np.array_equal(written, expected)
        assert take.recipe.is_in(Path(answer["wav"]))
        assert Path(answer["wav"]).name == take.file_name
        assert {key: answer[key] for key in take.recipe.settings} == take.recipe.settings


def test_programs_can_reconstruct_an_upload(client, foley, recording, tmp_path):
    answer = client.predict(handle_file(recording), api_name="/reconstruct")
    result = foley.reconstruct(recording)
    assert Path(answer["wav"]).read_bytes() == result.save(tmp_path / "again.wav").read_bytes()
    assert answer["log_mel_l1"] == pytest.approx(result.log_mel_l1)
    assert sum(answer["class_shares"].values()) == pytest.approx(1)
    assert answer["codes"] == result.codes.tolist()


def test_a_path_on_the_server_is_no_upload(client, recording):
    for path in (str(recording), {"path": str(recording)}):
        with pytest.raises(AppError, match="must be an uploaded file"):
            client.predict(path, api_name="/reconstruct")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"category": "whale"}, "There is no class 'whale'"),
        ({"category": "rain", "seed": -1}, "The seed is -1"),
        ({"category": "rain", "temperature": -1}, "The temperature is -1"),
        ({"category": "rain", "count": 1000}, "1000 takes were asked for"),
        ({"category": "rain", "count": "3"}, "The number of takes is '3'"),
        ({"category": "rain", "count": 1e30}, "The number of takes is 1e"),
        ({"category": "rain", "count": None}, "The number of takes is None"),
        ({"category": "rain", "seed": "x"}, "The seed is 'x'"),
        ({"category": "rain", "seed": 1.5}, "The seed is 1.5"),
        ({"category": "rain", "seed": 10**30}, "The seed is"),
        ({"category": "rain", "temperature": 1e308}, "The temperature is 1e"),
        ({"category": "rain", "temperature": [1]}, r"The temperature is \[1"),
        ({"category": "rain", "top_k": 1e18}, "top_k is 1e"),
        ({"category": "rain", "top_p": {}}, "top_p is"),
        ({"category": ["rain"]}, "There is no class"),
    ],
)
def test_what_cannot_be_made_is_answered_with_a_sentence(client, settings, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(**settings, api_name="/generate")


def test_only_the_endpoints_for_programs_are_shown_to_them(client):
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/classes", "/generate", "/reconstruct"}


OUTPUTS = ("stage", "progress", "seed", "used", "go", "stop", "library")
SETTINGS = {"category": 2, "temperature": 1.0, "top_p": 1.0, "count": 1, "seed": 3, "locked": False, "knobs": {}}


def values_of(**changes) -> dict:
    """The values of the page's controls, by the names that stand for the components here."""
    return {**SETTINGS, "used": None, "stage": Stage(), "token": "a", "model": "", **changes}


def run_controller(foley: Foley, controller: GenerateController | None = None, **changes):
    return (controller or controller_of(foley)).generate(values_of(**changes), REQUEST)


def controller_of(foley: Foley, libraries=None) -> GenerateController:
    names = {name: name for name in values_of()}
    return GenerateController(Models(foley), libraries or LIBRARIES, names, {name: name for name in OUTPUTS})


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch):
    """There is no page here that says when the first of several takes is heard: nothing waits for it."""
    monkeypatch.setattr(generation, "FIRST_HEARD_S", 0)


def outcome(steps) -> dict:
    values = {}
    for step in steps:
        values |= step
    return values


def test_a_seed_that_was_not_used_yet_is_used_and_a_used_one_is_not_used_again(foley):
    assert outcome(run_controller(foley, seed=3))["seed"] == 3
    assert outcome(run_controller(foley, seed=3, used=3))["seed"] != 3
    assert outcome(run_controller(foley, seed=3, used=3, locked=True))["seed"] == 3
    assert isinstance(outcome(run_controller(foley, seed=None))["seed"], int)


def test_the_first_take_is_shown_before_the_last_is_decoded(foley, monkeypatch):
    decoded, decode, shown = [], foley.decode, threading.Event()

    def decode_slowly(codes, seed, category):
        decoded.append(seed)
        assert len(decoded) < 3 or shown.wait(10)  # the model works on while the page shows what it has
        return decode(codes, seed, category)

    monkeypatch.setattr(foley, "decode", decode_slowly)
    steps = run_controller(foley, count=3)
    assert any(step.get("stage", Stage()).takes for step in steps)
    shown.set()
    assert len(outcome(steps)["stage"].takes) == 3
    assert decoded == [3, 4, 5]


def test_the_first_of_several_takes_is_drawn_alone_and_the_others_follow_together(foley, monkeypatch):
    asked, draw = [], foley.stream
    monkeypatch.setattr(foley, "stream", lambda *given, **more: asked.append(given[1:3]) or draw(*given, **more))
    stage = outcome(run_controller(foley, count=4))["stage"]
    assert asked == [(3, 1), (4, 3)]
    together = foley.generate(2, seed=3, count=4, top_p=1.0)
    assert [take["file"].split(".wav")[0] for take in stage.takes] == [take.file_name[:-4] for take in together]
    saved = [LIBRARIES.of("a").saved(take["file"])[0].codes for take in stage.takes]
    assert all(torch.equal(codes, take.codes) for codes, take in zip(saved, together, strict=True))


@pytest.mark.machine
def test_a_session_keeps_nothing_of_its_takes_in_memory(foley):
    process, controller = psutil.Process(), controller_of(foley)  # one, as in a studio: each has a thread for the model
    for _ in range(4):
        outcome(run_controller(foley, token="long", controller=controller))
    gc.collect()
    gc.disable()  # what only the collector frees piles up between its rounds
    try:
        before = process.memory_info().rss
        for seed in range(10):
            outcome(run_controller(foley, seed=seed, token="long", controller=controller))
        grown = process.memory_info().rss - before
    finally:
        gc.enable()
    assert grown < 10 * 3e6


def test_every_take_joins_the_library_of_its_visitor_alone(foley):
    outcome(run_controller(foley, count=2, token="mine"))
    assert [take["seed"] for take in json.loads(library_value(LIBRARIES.of("mine"))["takes"])] == [4, 3]
    assert outcome(run_controller(foley, seed=9, token="yours"))["library"]["takes"][0]["seed"] == 9
    assert len(LIBRARIES.of("yours").entries()) == 1
    assert len(LIBRARIES.of("mine").entries()) == 2


def test_a_token_cannot_leave_the_visitors_folders():
    inside = LIBRARIES.of("etc").folder.parent
    assert LIBRARIES.of("../../etc").folder.parent == inside and ".." not in LIBRARIES.of("../../etc").folder.parts


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"action": "siblings", "distance": "0.4"}, "sibling at distance 0.40"),
        ({"action": "region", "rows": [2, 5], "frames": [10, 20]}, "rows 2-4, frames 10-19 drawn again"),
        ({"action": "continue", "seconds": 8}, "continued to 8 s"),
    ],
)
def test_an_edit_draws_from_the_take_in_the_library(foley, asked, words):
    file = outcome(run_controller(foley, token="editor"))["library"]["takes"][0]["file"]
    values = values_of(count=2, seed=77, locked=True, token="editor")
    stage = outcome(controller_of(foley).edit(read_message({**asked, "file": file}), values, REQUEST))["stage"]
    assert [take["seed"] for take in stage.takes] == ["77", "78"]
    assert all(take["edits"] == words for take in stage.takes)


@pytest.mark.parametrize(
    "data", [None, {}, {"action": "nothing"}, {"action": "star", "files": 3}, {"action": "list", "more": 1}]
)
def test_what_is_no_message_is_one_sentence(data):
    with pytest.raises(ValueError, match="load the page again"):
        read_message(data)


def test_a_mailbox_takes_only_its_own_messages_and_says_so_in_a_sentence(foley, monkeypatch):
    said = []
    monkeypatch.setattr("foley.ui.components.protocol.gr.Warning", said.append)
    handled = []
    with gr.Blocks() as blocks:
        box, place = Mailbox("library"), gr.State()
        box.on({Star: lambda message, *_: handled.append(message) or {place: 1}}, {place}, [place])
    handle = next(fn.fn for fn in blocks.fns.values() if fn.fn)
    for data in ({"action": "list"}, {"action": "star", "files": ["a"], "star": True}):
        list(handle({place: 0}, SimpleNamespace(_data=data), REQUEST))
    assert len(said) == 1
    assert [message.files for message in handled] == [("a",)]


def test_what_is_opened_while_others_are_drawn_stays_on_the_stage(foley):
    controller, token = controller_of(foley), "opener"
    file = outcome(run_controller(foley, controller, token=token))["stage"].takes[0]["file"]
    run, opened = run_controller(foley, controller, seed=20, count=3, token=token), Stage()
    for step in run:
        stage = step.get("stage", Stage())
        if len(stage.takes) == 1 and not opened.takes:
            values = values_of(token=token, stage=stage)
            opened = outcome(controller.open(Open(action="open", files=(file,)), values, REQUEST))["stage"]
        elif opened.takes:
            assert step.get("stage", opened) == opened
    assert opened.takes[0]["file"] == file
    assert len(LIBRARIES.of(token).entries()) == 4
    assert "in the library" in step["progress"]["text"]


def test_what_is_deleted_while_others_are_drawn_does_not_come_back_to_the_stage(foley):
    controller, token = controller_of(foley), "deleter"
    visit = controller.visit(values_of(token=token), REQUEST)
    gone, last = "", Stage()
    for step in run_controller(foley, controller, seed=30, count=3, token=token):
        last = step.get("stage", last)
        if last.takes and not gone:
            gone = last.takes[0]["file"]
            last = controller.put(visit, partial(Stage.without, files={gone}))
            assert (last.count, last.seed) == (2, 31)  # the places of those still to come
        assert gone not in [take["file"] for take in last.takes] or not gone
    assert [take["seed"] for take in last.takes] == ["31", "32"]
    assert all("path" in take["mel"] for take in last.takes)


def test_a_nearly_silent_take_is_drawn_anew_unless_its_seed_was_asked_for(foley, monkeypatch):
    decode = foley.decode

    def mostly_silent(codes, seed, category):
        cembed, waveform = decode(codes, seed, category)
        return cembed, waveform * (1e-5 if seed % 2 else 1)

    monkeypatch.setattr(foley, "decode", mostly_silent)
    free = outcome(run_controller(foley, seed=41, token="free"))
    assert (free["seed"], free["used"]) == (42, 42)  # what the seed's box says is what is heard
    assert (free["stage"].takes[0]["seed"], free["stage"].takes[0]["flag"]) == ("42", "")
    assert "1 drawn anew, nearly silent at first" in free["progress"]["text"]
    locked = outcome(run_controller(foley, seed=41, locked=True, token="locked"))["stage"].takes
    assert [take["seed"] for take in locked] == ["41"]
    assert "Nearly silent" in locked[0]["flag"]


def test_a_take_that_is_not_there_cannot_be_opened(foley):
    with pytest.raises(ValueError, match="is not in the library"):
        outcome(
            controller_of(foley).open(
                Open(action="open", files=("../index.json",)), values_of(token="nobody here"), REQUEST
            )
        )


def test_a_take_of_another_model_is_opened_and_exported_as_it_was_made(foley, tmp_path):
    library = LIBRARIES.of("heir")
    take = changed(foley.generate("Rain", seed=3)[0], model="older@0123456789ab")
    file = library.add(take).file
    opened = outcome(controller_of(foley).open(Open(action="open", files=(file,)), values_of(token="heir"), REQUEST))
    assert any("as older@0123456789ab made it" in str(value) for value in opened.values())
    again = foley.recall(*library.saved(file))
    assert again.recipe.model == take.recipe.model
    assert torch.allclose(again.waveform, take.waveform, atol=2**-23)
    assert torch.equal(again.codes, take.codes)
    assert again.cembed.shape == take.cembed.shape
    *_, (_, path, _) = export_takes(library, lambda file: again, [file], ExportSettings(), tmp_path)
    assert Recipe.read(path).model == take.recipe.model


def test_closing_a_run_closes_the_sampler(foley, monkeypatch):
    closed, draw = [], foley.stream

    def watched(*arguments, **settings):
        try:
            yield from draw(*arguments, **settings)
        finally:
            closed.append(True)

    monkeypatch.setattr(foley, "stream", watched)
    run = run_controller(foley)
    next(run)
    run.close()
    due = time.monotonic() + 30
    while not closed and time.monotonic() < due:
        time.sleep(0.01)
    assert closed == [True]


def test_a_setting_that_cannot_be_becomes_an_error_message_and_leaves_the_stage_alone(foley, monkeypatch):
    said = []
    monkeypatch.setattr("foley.ui.session.generation.gr.Warning", said.append)
    values = outcome(run_controller(foley, top_p=0.0))
    assert said == ["top_p is 0.0, but must lie above 0 and at most at 1."]
    assert values["stage"] == Stage()


def run_app(monkeypatch, capsys, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["app.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(APP), run_name="__main__")
    return ended.value.code, capsys.readouterr().err


def test_a_missing_checkpoint_is_one_sentence_and_exit_code_2(monkeypatch, capsys, tmp_path):
    code, words = run_app(monkeypatch, capsys, "--checkpoint", str(tmp_path / "nothing"))
    assert code == 2
    assert words == f"error: {tmp_path / 'nothing'} is no checkpoint: it has no config.json.\n"


def test_a_foreign_checkpoint_is_one_sentence_and_exit_code_2(monkeypatch, capsys, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    code, words = run_app(monkeypatch, capsys, "--checkpoint", str(tmp_path))
    assert code == 2
    assert words.count("\n") == 1
    assert "is not the configuration of a foley checkpoint" in words


@pytest.mark.parametrize(
    ("arguments", "word"), [(["--port", "abc"], "--port"), (["--sing"], "--sing"), (["--port"], "--port")]
)
def test_options_that_cannot_be_are_one_sentence_and_exit_code_2(monkeypatch, capsys, arguments, word):
    code, words = run_app(monkeypatch, capsys, *arguments)
    assert code == 2
    assert words.startswith("error: ")
    assert word in words
    assert words.count("\n") == 1
