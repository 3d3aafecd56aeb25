"""A password in front of the page: where it is read from, and that nobody comes in without."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import httpx
import pytest

from foley.ui.access import Address, Mode
from foley.ui.passwords import check_of, read_users


@pytest.mark.parametrize(
    ("auth", "environment", "users"),
    [
        (None, {}, {}),
        ("me:long enough", {}, {"me": "long enough"}),
        ("me:with:colons", {"FOLEY_AUTH": "other:password"}, {"me": "with:colons"}),
        (None, {"FOLEY_AUTH": "me:in the environment"}, {"me": "in the environment"}),
    ],
)
def test_users_are_read_from_the_command_line_or_the_environment(auth, environment, users):
    assert read_users(auth, environment) == users


def test_users_are_read_from_a_file(tmp_path):
    path = tmp_path / "users"
    path.write_text("one:password of one\n\ntwo:password of two\n")
    assert read_users(str(path), {}) == {"one": "password of one", "two": "password of two"}


@pytest.mark.parametrize("auth", ["me", "me:short", ":password", "me:", "/nowhere/users", "me:long enough\nyou"])
def test_what_is_no_password_is_one_sentence_that_does_not_repeat_it(auth):
    with pytest.raises(ValueError, match="user") as error:
        read_users(auth, {})
    assert "short" not in str(error.value)


def test_a_wrong_password_takes_a_second_and_a_right_one_does_not():
    check = check_of({"me": "long enough"})
    wrong = (("me", "long enougH"), ("you", "long enough"), ("you", ""), ("me", ""))

    async def timed(*given: str) -> tuple[bool, float]:
        began = time.monotonic()
        return await check(*given), time.monotonic() - began

    async def answers() -> list[tuple[bool, float]]:
        return await asyncio.gather(*(timed(*given) for given in (("me", "long enough"), *wrong)))

    with ThreadPoolExecutor(1) as thread:  # where a browser is driven, this thread has a loop of its own
        (right, passed), *refused = thread.submit(asyncio.run, answers()).result()
    assert right
    assert passed < 0.9
    for right, passed in refused:
        assert not right
        assert passed > 0.9


def test_nothing_of_the_page_is_told_or_done_without_the_password():
    with gr.Blocks() as page:
        gr.api(lambda: "told", api_name="tell")
    settings = Address(Mode.SHARED, users={"me": "long enough"}).launch_settings()
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **settings)
    try:
        with httpx.Client(base_url=url, timeout=30) as stranger:
            for route in ("config", "gradio_api/info", "gradio_api/file=app.py", "gradio_api/queue/status"):
                assert stranger.get(route).status_code == 401
            assert stranger.post("gradio_api/call/tell", json={"data": []}).status_code == 401
            assert stranger.post("gradio_api/upload", files={"files": b"x"}).status_code == 401
            login = {"username": "me", "password": "long enough"}
            assert stranger.post("login", data=login).status_code == 200
            assert stranger.get("config").status_code == 200
    finally:
        page.close(verbose=False)
