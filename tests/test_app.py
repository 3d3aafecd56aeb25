"""The app without a browser: its entry, its endpoints for programs, and a run of the generate tab."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from foley.categories import Category
from foley.pipeline import Foley
from foley.ui.run import NO_TAKES, Desk
from foley.ui.studio import build_studio
from foley.ui.theme import launch_settings

APP = Path(__file__).parent.parent / "app.py"


@pytest.fixture(scope="module")
def foley(checkpoint: Path) -> Foley:
    return Foley.from_pretrained(checkpoint, "cpu")


@pytest.fixture(scope="module")
def client(foley: Foley, tmp_path_factory: pytest.TempPathFactory) -> Client:
    studio = build_studio(foley)
    _, url, _ = studio.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
    yield Client(url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))
    studio.close(verbose=False)


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
    ],
)
def test_what_cannot_be_made_is_answered_with_a_sentence(client, settings, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(**settings, api_name="/generate")


def test_only_the_endpoints_for_programs_are_shown_to_them(client):
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/classes", "/generate", "/reconstruct"}


def run_desk(foley: Foley, draw=None, stage=None, used=None, seed=3, locked=False, count=1, top_p=1.0):
    names = ("stage", "meter", "seed", "used", "go", "stop")
    desk = Desk(foley.preset, draw or foley.draw, {name: name for name in names})
    return desk.generate(
        2, 1.0, top_p, count, seed, locked, used, stage or NO_TAKES, SimpleNamespace(session_hash="desk")
    )


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


def test_the_first_take_is_shown_before_the_second_is_decoded(foley, monkeypatch):
    decoded, decode = [], foley.decode
    monkeypatch.setattr(foley, "decode", lambda codes, seed: decoded.append(seed) or decode(codes, seed))
    for step in run_desk(foley, count=3):
        if step.get("stage", NO_TAKES)["takes"]:
            break
    assert len(decoded) == 1


def test_takes_of_the_run_before_are_kept_as_earlier_ones(foley):
    first = outcome(run_desk(foley, count=2))["stage"]
    second = outcome(run_desk(foley, stage=first))["stage"]
    assert [take["key"] for take in second["earlier"]] == ["1-1", "1-0"]
    assert all(Path(take["audio"]["path"]).is_file() for take in second["earlier"])


def test_closing_a_run_closes_the_sampler(foley):
    closed = []

    def draw(*arguments, **settings):
        try:
            yield from foley.draw(*arguments, **settings)
        finally:
            closed.append(True)

    run = run_desk(foley, draw)
    next(run)
    run.close()
    assert closed == [True]


def test_a_setting_that_cannot_be_becomes_a_notice_and_leaves_the_stage_alone(foley, monkeypatch):
    said = []
    monkeypatch.setattr("foley.ui.run.gr.Warning", said.append)
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
