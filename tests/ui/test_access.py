"""Who can open the page and what they may call: the table, the environment, and a stranger who tries everything."""

import ctypes
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import gradio as gr
import httpx
import pytest

from foley.evaluation.report import Report
from foley.pipeline import Foley
from foley.ui.access import ENDPOINTS, HERE, NO_FIGURES, Address, Mode, check, decide, name_of
from foley.ui.app import library_of
from foley.ui.components import protocol
from foley.ui.session.models import Models
from foley.ui.session.trainer import Order, Trainer
from foley.ui.studio import build_studio, functions_of
from foley.ui.tabs import evaluate
from foley.ui.theme import launch_settings

ENDS = ("process_completed", "close_stream", "event: complete", "event: error")  # the last line of an answer
PUBLIC = (Mode.SHARED, Mode.SPACE)


def asked(**given) -> Namespace:
    return Namespace(**{"host": None, "port": None, "share": False, "public": False, "auth": None} | given)


@pytest.fixture(scope="module")
def foley(checkpoint: Path) -> Foley:
    return Foley.from_pretrained(checkpoint, "cpu")


@pytest.mark.parametrize(
    ("arguments", "environment", "mode"),
    [
        ({}, {}, Mode.OWN),
        ({"host": "localhost"}, {"GRADIO_SERVER_NAME": "0.0.0.0"}, Mode.OWN),
        ({"host": "127.0.0.2"}, {"GRADIO_SHARE": "False"}, Mode.OWN),
        ({"host": "[::1]"}, {}, Mode.OWN),
        ({"host": "0.0.0.0"}, {}, Mode.SHARED),
        ({"host": "::"}, {}, Mode.SHARED),
        ({"host": "127.0.0.1.example.org"}, {}, Mode.SHARED),
        ({"share": True}, {}, Mode.SHARED),
        ({"public": True}, {}, Mode.SHARED),
        ({}, {"GRADIO_SHARE": "True"}, Mode.SHARED),
        ({}, {"GRADIO_SHARE": " 1"}, Mode.SHARED),
        ({}, {"GRADIO_SERVER_NAME": "192.168.0.7"}, Mode.SHARED),
        ({}, {"GRADIO_ROOT_PATH": "/studio"}, Mode.SHARED),
        ({}, {"SPACE_ID": "someone/foley"}, Mode.SPACE),
        ({"share": True}, {"SYSTEM": "spaces"}, Mode.SPACE),
    ],
)
def test_the_mode_follows_from_the_command_line_and_the_environment(arguments, environment, mode):
    address = decide(asked(**arguments), environment)
    assert address.mode is mode
    assert address.share is (mode is Mode.SHARED and (arguments.get("share") or "GRADIO_SHARE" in environment))


def test_gradio_is_told_everything_that_its_own_variables_could_open():
    environment = dict.fromkeys(("GRADIO_ALLOWED_PATHS", "GRADIO_VIBE_MODE", "GRADIO_MCP_SERVER", "PATH"), "1")
    settings = decide(asked(port=7861), environment).launch_settings()
    assert environment == {"PATH": "1", **NO_FIGURES}
    assert (settings["server_name"], settings["server_port"]) == (HERE, 7861)
    assert settings["share"] is settings["mcp_server"] is settings["enable_monitoring"] is False


@pytest.mark.parametrize("port", [0, -1, 65536, 99999, "abc", "80 81"])
def test_a_port_that_is_none_is_one_sentence(port):
    with pytest.raises(ValueError, match=f"The port is {port}, but must be"):
        decide(asked(port=port), {})
    with pytest.raises(ValueError, match=f"The port is {port}, but must be"):
        decide(asked(), {"GRADIO_SERVER_PORT": str(port)})


def test_strangers_never_share_a_library_folder(tmp_path):
    assert library_of(Namespace(library=None), Mode.OWN).name == "library"
    assert library_of(Namespace(library=tmp_path), Mode.OWN) == tmp_path
    for mode in PUBLIC:
        assert library_of(Namespace(library=None), mode) is None
        with pytest.raises(ValueError, match="leave --library out"):
            library_of(Namespace(library=tmp_path), mode)


@pytest.mark.parametrize("mode", Mode)
def test_what_a_page_serves_is_what_the_table_says(foley, mode):
    served = check(functions_of(build_studio(foley, mode=mode)), mode)
    assert served == {name for name, modes in ENDPOINTS.items() if mode in modes}


def test_what_is_not_in_the_table_is_not_served():
    def read_any_file(path: str) -> str:
        return Path(path).read_text()

    with gr.Blocks() as page:
        gr.HTML("", server_functions=[read_any_file])
    with pytest.raises(PermissionError, match=r"test_access\.read_any_file"):
        check(functions_of(page), Mode.OWN)


@pytest.mark.parametrize("mode", PUBLIC)
def test_what_is_off_refuses_again_inside(foley, mode, tmp_path):
    trainer = Trainer(tmp_path / "runs", mode)
    with pytest.raises(PermissionError):
        trainer.start(Order("mine", str(tmp_path)))
    assert not (tmp_path / "runs").exists()
    with pytest.raises(ValueError, match="Only the models in the menu"):
        Models(foley, mode).get(str(tmp_path))
    with pytest.raises(PermissionError):
        mode.refuse_unless_allowed("evaluate.run")


def test_the_menu_of_a_public_page_names_no_folder(foley, tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    names = [name for choice in Models(foley, Mode.SHARED, tmp_path).choices() for name in choice]
    assert not any("mine" in name or Path(name).is_absolute() for name in names)


MAILBOXES = {name for name in ENDPOINTS if name.startswith("protocol.")}


class Touched:
    """What was opened, read or listed below a folder since this was made, by whatever code, as Linux notes it."""

    OPENED_OR_READ = 0x21  # IN_OPEN | IN_ACCESS

    def __init__(self, folder: Path):
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watch = self._libc.inotify_init1(os.O_NONBLOCK)
        for place in (folder, *filter(Path.is_dir, folder.rglob("*"))):
            assert self._libc.inotify_add_watch(self._watch, os.fsencode(place), self.OPENED_OR_READ) > 0

    def __bool__(self) -> bool:
        try:
            return bool(os.read(self._watch, 65536))
        except BlockingIOError:
            return False


@pytest.fixture(scope="module")
def secret(tmp_path_factory, dataset_folder: Path, checkpoint: Path) -> Path:
    """A folder that is data set, checkpoint, run and recording in one, for whoever may read it."""
    folder = shutil.copytree(checkpoint, tmp_path_factory.mktemp("own") / "secret")
    for category in ("Rain", "DogBark"):
        (folder / category).mkdir()
        for number in ("000", "001"):
            shutil.copy(dataset_folder / category / f"{number}.wav", folder / category)
    shutil.copy(dataset_folder / "Rain" / "000.wav", folder / "take.wav")
    return folder


@pytest.fixture(scope="module")
def page(foley: Foley, tmp_path_factory) -> Iterator[tuple[gr.Blocks, str]]:
    """A public page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        home = tmp_path_factory.mktemp("home")
        patch.setattr(evaluate, "HOME", home)
        studio = build_studio(foley, runs=home / "runs", mode=Mode.SHARED)
        settings = Address(Mode.SHARED).launch_settings() | launch_settings()
        _, url, _ = studio.launch(prevent_thread_lock=True, quiet=True, **settings)
        yield studio, url
        studio.close(verbose=False)


def payloads(secret: Path, count: int) -> Iterator[tuple[list, dict]]:
    """Arguments and an event's data that name the secret in every way, as far as JSON goes."""
    sound, file = str(secret / "take.wav"), {"path": str(secret / "take.wav"), "meta": {"_type": "gradio.FileData"}}
    wanted = {"category": "Rain", "set": "real", "edit": "siblings", "code": 0, "cell": 0, "do": "delete"}
    yield [str(secret)] * count, {**wanted, "file": str(secret), "files": [sound], "stage": str(secret)}
    yield [file] * count, {**wanted, "file": sound, "files": [file], "settings": {}}
    yield [None] * count, {}


def wishes(secret: Path) -> Iterator[dict]:
    """A message of every kind, each of which names the secret where it can."""
    file, settings = str(secret / "take.wav"), {"format": "WAV 24-bit", "sample_rate": 24_000, "trim": False, "loop": 1}
    form = {**settings, "normalise": "off", "template": str(secret)}
    values = {
        "file": file, "files": [file], "star": True, "name": file, "distance": 0.3, "rows": [0, 2], "frames": [0, 2],
        "seconds": 8, "settings": form, "category": file, "code": 0, "cell": 0,
        "text": f"rain {file}", "changes": [[file, None]], "number": 1, "knobs": {}, "start_s": 0.0,
        "tag": file, "on": True,
        "events": [[0.1, 1.0, None, {}]], "curve": None, "duration_s": 1.0, "kinds": ["wav"], "variation": 0,
    }  # fmt: skip
    for kind in get_args(get_args(protocol.AnyMessage)[0]):
        fields = set(kind.model_fields) - {"action"}
        yield {"action": get_args(kind.model_fields["action"].annotation)[0], **{name: values[name] for name in fields}}


def test_every_wish_is_a_message(secret):
    kinds = get_args(get_args(protocol.AnyMessage)[0])
    assert [type(protocol.read_message(wish)) for wish in wishes(secret)] == list(kinds)


def call(client: httpx.Client, route: str, body: dict) -> str:
    """The whole answer to a call, that of the queue included."""
    answer = client.post(route, json=body)
    text = answer.text
    if answer.status_code == 200 and "event_id" in text and "run/" not in route:
        where = f"queue/data?session_hash={body['session_hash']}" if "queue" in route else (
            f"{route}/{answer.json()['event_id']}"
        )  # fmt: skip
        with client.stream("GET", where) as stream:
            for line in stream.iter_lines():
                text += line
                if any(word in line for word in ENDS):
                    break
    return text


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which files are read")
def test_a_stranger_who_calls_everything_reads_and_starts_nothing(page, secret, foley, monkeypatch):
    studio, url = page
    everything = build_studio(foley)  # of the page that whoever sits at the machine has: what might be guessed
    counts = {number: len(one.inputs) for blocks in (everything, studio) for number, one in blocks.fns.items()}
    names = {one.api_name: len(one.inputs) for blocks in (everything, studio) for one in blocks.fns.values()}
    started = []
    monkeypatch.setattr(subprocess.Popen, "__init__", lambda self, *arguments, **_: started.append(arguments))
    touched, answers = Touched(secret), {}
    with httpx.Client(base_url=f"{url}gradio_api/", timeout=60, headers={"Connection": "close"}) as client:
        for number in range(max(counts) + 3):
            tries = list(payloads(secret, counts.get(number, 1)))
            if number in studio.fns and studio.fns[number].fn and name_of(studio.fns[number].fn) in MAILBOXES:
                state = [None] * counts[number]
                tries += [(state, wish) for wish in wishes(secret)]
            for at, (data, event) in enumerate(tries if number in studio.fns else tries[:1]):
                body = {"fn_index": number, "data": data, "event_data": event, "session_hash": f"s{number}x{at}"}
                answers[number, at] = call(client, "queue/join", body)
        for name, count in names.items():
            data, event = next(payloads(secret, count))
            answers[name, "run"] = call(client, f"run/{name}", {"data": data, "event_data": event})
            answers[name, "call"] = call(client, f"call/{name}", {"data": data})
        answers["file"] = client.get(f"file={secret}/take.wav").text
        answers["monitoring"] = client.get("monitoring/summary").text
        answers["source"] = client.post("vibe-edit", json={"prompt": "x"}).text
    assert not touched
    assert not started
    assert not any("000.wav" in answer for answer in answers.values())
    handlers = [number for number, one in studio.fns.items() if one.fn]
    assert all("process_completed" in answers[number, 0] for number in handlers), "each was reached"
    assert (secret / "take.wav").read_bytes()
    assert touched


def test_a_public_page_shows_the_figures_that_ship_and_nothing_of_this_machine(foley, monkeypatch, tmp_path):
    def no_other(place):
        assert place == evaluate.SHIPPED_REPORT
        return load(place)

    load = Report.load
    monkeypatch.setattr(Report, "load", no_other)
    studio = build_studio(foley, mode=Mode.SHARED)
    functions = {name_of(one.fn): one.fn for one in studio.fns.values() if one.fn}
    assert "data-bar" not in functions["evaluate.switch"]("fad")
    assert "chart" in functions["evaluate.switch"]("fad")
    ids = [one["props"].get("elem_id") for one in studio.get_config_file()["components"]]
    assert "evaluate" not in ids
    assert "train-start" not in ids
    assert "chart" in ids
