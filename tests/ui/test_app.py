"""The app without a browser: its entry, its endpoints for programs, and a run of the generate tab."""

import dataclasses
import gc
import runpy
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import soundfile
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from foley.categories import Category
from foley.pipeline import Foley
from foley.takes.export import ExportSettings
from foley.takes.recipe import Recipe
from foley.ui.components.library_list import export_takes
from foley.ui.session.generation import NO_TAKES, Desk
from foley.ui.session.models import Models
from foley.ui.session.visitors import Libraries
from foley.ui.studio import build_studio
from foley.ui.theme import launch_settings

LIBRARIES = Libraries()
REQUEST = SimpleNamespace(session_hash="desk")
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
        assert Path(answer["wav"]).read_bytes() == take.save(tmp_path).read_bytes()
        assert Path(answer["wav"]).name == take.file_name
        assert {key: answer[key] for key in take.recipe} == take.recipe


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


class Asked:
    """What a page's event carries."""

    def __init__(self, **data):
        self._data = data


def run_desk(foley: Foley, stage=None, used=None, seed=3, locked=False, count=1, top_p=1.0, token="a", desk=None):
    desk, stage = desk or desk_of(foley), stage or NO_TAKES
    return desk.generate(2, 1.0, top_p, count, seed, locked, used, stage, token, "", REQUEST)


def desk_of(foley: Foley, libraries=None) -> Desk:
    names = ("stage", "meter", "seed", "used", "go", "stop", "shelf")
    return Desk(Models(foley), libraries or LIBRARIES, {name: name for name in names})


def outcome(steps) -> dict:
    values = {}
    for step in steps:
        values |= step
    return values


def test_a_seed_that_was_not_used_yet_is_used_and_a_used_one_is_not_used_again(foley):
    assert outcome(run_desk(foley, seed=3))["seed"] == 3
    assert outcome(run_desk(foley, seed=3, used=3))["seed"] != 3
    assert outcome(run_desk(foley, seed=3, used=3, locked=True))["seed"] == 3
    assert isinstance(outcome(run_desk(foley, seed=None))["seed"], int)


def test_the_first_take_is_shown_before_the_last_is_decoded(foley, monkeypatch):
    decoded, decode, shown = [], foley.decode, threading.Event()

    def decode_slowly(codes, seed):
        decoded.append(seed)
        assert len(decoded) < 3 or shown.wait(10)  # the model works on while the page shows what it has
        return decode(codes, seed)

    monkeypatch.setattr(foley, "decode", decode_slowly)
    steps = run_desk(foley, count=3)
    assert any(step.get("stage", NO_TAKES)["takes"] for step in steps)
    shown.set()
    assert len(outcome(steps)["stage"]["takes"]) == 3 and decoded == [3, 4, 5]


def test_a_session_keeps_nothing_of_its_takes_in_memory(foley):
    process, desk = psutil.Process(), desk_of(foley)  # one, as in a studio: each has a thread for the model
    for _ in range(4):
        outcome(run_desk(foley, token="long", desk=desk))
    gc.collect()
    gc.disable()  # what only the collector frees piles up between its rounds
    try:
        before = process.memory_info().rss
        for seed in range(10):
            outcome(run_desk(foley, seed=seed, token="long", desk=desk))
        grown = process.memory_info().rss - before
    finally:
        gc.enable()
    assert grown < 10 * 3e6


def test_every_take_joins_the_library_of_its_visitor_alone(foley):
    shelf = outcome(run_desk(foley, count=2, token="mine"))["shelf"]
    assert [take["seed"] for take in shelf["takes"]] == [4, 3]
    assert outcome(run_desk(foley, seed=9, token="yours"))["shelf"]["takes"][0]["seed"] == 9
    assert len(LIBRARIES.of("yours").entries()) == 1 and len(LIBRARIES.of("mine").entries()) == 2


def test_a_token_cannot_leave_the_visitors_folders():
    inside = LIBRARIES.of("etc").folder.parent
    assert LIBRARIES.of("../../etc").folder.parent == inside and ".." not in LIBRARIES.of("../../etc").folder.parts


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"edit": "siblings", "distance": "0.4"}, "sibling at distance 0.40"),
        ({"edit": "region", "rows": [2, 5], "frames": [10, 20]}, "rows 2-4, frames 10-19 drawn again"),
        ({"edit": "continue", "seconds": "8"}, "continued to 8 s"),
    ],
)
def test_an_edit_draws_from_the_take_in_the_library(foley, asked, words):
    file = outcome(run_desk(foley, token="editor"))["shelf"]["takes"][0]["file"]
    desk = desk_of(foley)
    steps = desk.edit(1.0, 1.0, 2, 77, True, None, NO_TAKES, "editor", "", Asked(file=file, **asked), REQUEST)
    stage = outcome(steps)["stage"]
    assert [take["seed"] for take in stage["takes"]] == ["77", "78"]
    assert all(take["edits"] == words for take in stage["takes"])


@pytest.mark.parametrize("asked", [{}, {"file": "nothing.wav"}, {"file": "../index.json", "edit": "siblings"}])
def test_an_edit_that_cannot_be_becomes_a_notice(foley, asked, monkeypatch):
    said = []
    monkeypatch.setattr("foley.ui.session.generation.gr.Warning", said.append)
    steps = desk_of(foley).edit(1.0, 1.0, 1, 7, True, None, NO_TAKES, "nobody here", "", Asked(**asked), REQUEST)
    assert "stage" not in outcome(steps)
    assert len(said) == 1 and "Traceback" not in said[0]


def test_exports_are_one_file_or_a_zip_and_carry_names(foley, tmp_path):
    library = LIBRARIES.of("exporter")
    for take in foley.generate("Footstep", seed=30, count=2):
        library.add(take)
    files = [entry.file for entry in library.entries()]
    library.change(files[0], name="Boots")
    settings = ExportSettings("FLAC 16-bit", 44_100, template="{number} {name}")

    def take_of(file: str):
        return foley.recall(*library.saved(file))

    *_, (_, path, _) = export_takes(library, take_of, files, settings, tmp_path)
    with zipfile.ZipFile(path) as zipped:
        assert zipped.namelist() == ["01 Boots.flac", "02 Footstep.flac"]
        zipped.extractall(tmp_path)
    assert soundfile.info(tmp_path / "01 Boots.flac").samplerate == 44_100
    assert Recipe.read(tmp_path / "01 Boots.flac").seed == 31
    *_, (_, path, words) = export_takes(library, take_of, files[:1], ExportSettings(loop=True), tmp_path / "one")
    assert path.name == "FEETHmn_Boots 31_FOLEY_tiny.wav" and "seam" in words
    with pytest.raises(ValueError, match="no take to export"):
        next(export_takes(library, take_of, [], settings, tmp_path))


def test_a_take_of_another_model_is_opened_and_exported_as_it_was_made(foley, tmp_path):
    library = LIBRARIES.of("heir")
    take = dataclasses.replace(foley.generate("Rain", seed=3)[0], model="older@0123456789ab")
    file = library.add(take).file
    opened = desk_of(foley).open(NO_TAKES, "heir", "", REQUEST, file)
    assert any("as older@0123456789ab made it" in str(value) for value in opened.values())
    again = foley.recall(*library.saved(file))
    assert again.model == take.model and torch.allclose(again.waveform, take.waveform, atol=2**-23)
    assert torch.equal(again.codes, take.codes) and again.cembed.shape == take.cembed.shape
    *_, (_, path, _) = export_takes(library, lambda file: again, [file], ExportSettings(), tmp_path)
    assert Recipe.read(path).model == take.model


def test_closing_a_run_closes_the_sampler(foley, monkeypatch):
    closed, draw = [], foley.draw

    def watched(*arguments, **settings):
        try:
            yield from draw(*arguments, **settings)
        finally:
            closed.append(True)

    monkeypatch.setattr(foley, "draw", watched)
    run = run_desk(foley)
    next(run)
    run.close()
    assert closed == [True]


def test_a_setting_that_cannot_be_becomes_a_notice_and_leaves_the_stage_alone(foley, monkeypatch):
    said = []
    monkeypatch.setattr("foley.ui.session.generation.gr.Warning", said.append)
    values = outcome(run_desk(foley, top_p=0.0))
    assert said == ["top_p is 0.0, but must lie above 0 and at most at 1."]
    assert values["stage"] == NO_TAKES


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
    assert code == 2 and words.count("\n") == 1 and "is not the configuration of a foley checkpoint" in words
