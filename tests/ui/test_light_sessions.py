"""What a page keeps of each session: nothing of programs but the last few, and of pages what is in them."""

import tracemalloc
from collections.abc import Iterator

import gradio as gr
import httpx
import pytest

from foley.pipeline import Foley
from foley.ui.access import NO_FIGURES
from foley.ui.app import main
from foley.ui.session import light_sessions
from foley.ui.session.light_sessions import LightSession, LightSessions, keep_sessions_light


def counted(number: int) -> tuple[int, int]:
    return number + 1, number


def plain() -> str:
    return "rain"


@pytest.fixture(scope="module")
def page() -> Iterator[tuple[gr.Blocks, str]]:
    """A page of many components that counts how often a session has called it."""
    with gr.Blocks() as page:
        number, shown, button = gr.State(0), gr.Number(), gr.Button()
        for _ in range(100):
            gr.Button()
        button.click(counted, number, [number, shown], api_name="counted")
        button.click(lambda: gr.Button(interactive=False), None, button, api_name="off")
        gr.api(plain, api_name="plain")
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True)
    keep_sessions_light(page)
    yield page, url
    page.close(verbose=False)


def call(url: str, name: str, session: str, *values: None) -> list:
    answer = httpx.post(f"{url}gradio_api/run/{name}", json={"data": values, "session_hash": session}, timeout=60)
    return answer.raise_for_status().json()["data"]


def test_a_session_is_a_small_part_of_what_gradio_keeps_of_one(page):
    blocks, _ = page

    def size(kind) -> int:
        kept = [kind(blocks)]  # what all share is there now
        before = tracemalloc.get_traced_memory()[0]
        kept.extend(kind(blocks) for _ in range(20))
        return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    try:
        assert size(LightSession) < size(LightSession.__base__) / 10
    finally:
        tracemalloc.stop()


def test_a_page_keeps_its_values(page):
    _, url = page
    assert [call(url, "counted", "mine", None)[-1] for _ in range(3)] == [0, 1, 2]
    assert call(url, "counted", "yours", None)[-1] == 0


def test_of_sessions_with_nothing_in_them_only_the_last_few_are_kept(page, monkeypatch):
    blocks, url = page
    monkeypatch.setattr(light_sessions, "MOST_EMPTY", 5)
    call(url, "counted", "with a value", None)
    call(url, "off", "with a changed component")
    for number in range(20):
        assert call(url, "plain", f"program{number}") == ["rain"]
    kept = set(blocks.app.state_holder.session_data)
    assert {"with a value", "with a changed component", "program19"} <= kept
    assert len([name for name in kept if name.startswith("program")]) == 5
    assert call(url, "counted", "with a value", None)[-1] == 1
    assert set(blocks.app.state_holder.time_last_used) == kept


def test_the_studio_keeps_its_sessions_so_and_no_figures_of_calls(checkpoint, monkeypatch, tmp_path):
    for name in NO_FIGURES:
        monkeypatch.setenv(name, "")  # to be as before when the test has ended
    served = []
    monkeypatch.setattr(gr.Blocks, "block_thread", lambda self: served.append(self))
    monkeypatch.setattr(Foley, "warm_up", lambda self: None)
    folders = ["--library", str(tmp_path / "library"), "--runs", str(tmp_path / "runs")]
    assert main(["--checkpoint", str(checkpoint), "--device", "cpu", "--no-training", *folders]) == 0
    (studio,) = served
    try:
        assert isinstance(studio.app.state_holder, LightSessions)
        for number in range(3):
            answer = httpx.post(f"{studio.local_url}gradio_api/call/classes", json={"data": []}, timeout=60)
            where = f"{studio.local_url}gradio_api/call/classes/{answer.raise_for_status().json()['event_id']}"
            assert "DogBark" in httpx.get(where, timeout=60).text, number
        assert len(studio._queue.event_analytics) <= 1
        assert studio._queue.cached_event_analytics_summary == {"functions": {}}, "nothing was counted"
    finally:
        studio.close(verbose=False)
