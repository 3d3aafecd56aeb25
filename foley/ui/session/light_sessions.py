"""What Gradio keeps of every session, made light: each call of a program is a session of its own.

Gradio describes the whole page once more for every one of them, in 190 kB, and no other call is answered for the tenth
of a second that this takes. The descriptions are there for links that bring back a page as somebody left it; this page
has none. And it keeps ten thousand sessions, whether there is anything in them or not.
"""

from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

MOST_EMPTY = 200  # sessions in which nothing is kept; those of pages are kept as long as Gradio keeps them


class LightSession(SessionState):
    """The values of a session, without a description of its page."""

    def __init__(self, blocks: gr.Blocks):
        nothing = SimpleNamespace(default_config=blocks.default_config, blocks={})  # to describe
        super().__init__(nothing)  # pyright: ignore[reportArgumentType]
        self._first = blocks.default_config.blocks

    @property
    def is_empty(self) -> bool:
        """Whether it is as any new one: no value was read or written, and no component was changed."""
        return not self.state_data and self.blocks_config.blocks == self._first

    def _update_config(self, key: int) -> None:
        """There is no description to keep up to date."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """There is no description to keep up to date."""


class LightSessions(StateHolder):
    """The sessions of a page. Of those that are empty, as programs leave them, only the last few are kept."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self._make_room()
            self.session_data[session_id] = LightSession(self.blocks)
        return super().__getitem__(session_id)

    def _make_room(self) -> None:
        with self.lock:
            empty = [key for key, one in self.session_data.items() if getattr(one, "is_empty", False)]
            for key in empty[: max(0, len(empty) + 1 - MOST_EMPTY)]:
                del self.session_data[key]
                self.time_last_used.pop(key, None)


def keep_sessions_light(page: gr.Blocks) -> None:
    """Let a page that was launched just now keep its sessions in this way."""
    sessions = LightSessions()
    sessions.set_blocks(page)
    page.app.state_holder = sessions
