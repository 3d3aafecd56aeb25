"""Who can open the page, and what each of them may call: decided once, before anything is built.

Nothing here imports Gradio: some of its own settings are read from the environment in the moment of its import.
"""

import argparse
import ipaddress
import os
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from foley.ui.passwords import check_of, read_users

HERE = "127.0.0.1"
PORTS = range(1, 65536)
MOST_THREADS = 100  # of calls: each visitor who waits for the model holds one, and stars and Stop need some, too

# Of Gradio's environment variables only these have a meaning here. All others are taken out of the environment, as
# some of them open what this page keeps shut: folders (GRADIO_ALLOWED_PATHS), the app's own source
# (GRADIO_VIBE_MODE), or every function as a tool (GRADIO_MCP_SERVER).
HEEDED = {"GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "GRADIO_SHARE", "GRADIO_ROOT_PATH", "GRADIO_TEMP_DIR"}

# Gradio notes when each call began and ended, ten thousand of them, and counts all of these anew after every call, for
# a page of figures that is off here.
NO_FIGURES = {"GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(2**62)}


class Mode(Enum):
    """Who can open the page."""

    OWN = "own machine"  # whoever sits at this machine
    SHARED = "shared"  # others, too: over the network, a share link or a proxy
    SPACE = "Space"  # anybody, on a machine of Hugging Face

    @property
    def is_public(self) -> bool:
        """Whether strangers may come."""
        return self is not Mode.OWN

    def refuse_unless_allowed(self, endpoint: str) -> None:
        """Raise PermissionError where the table does not let an endpoint be called: the lock behind the door."""
        if self not in ENDPOINTS.get(endpoint, ()):
            raise PermissionError("That is off on this page, as others can open it.")


@dataclass(frozen=True)
class Address:
    """Where the page is served, and for whom. `port` None is the first free one."""

    mode: Mode
    host: str = HERE
    port: int | None = None
    share: bool = False
    users: dict[str, str] = field(default_factory=dict, repr=False)  # with their passwords; none, and all may come

    def launch_settings(self) -> dict[str, Any]:
        """What `launch()` is told, so that it decides nothing itself."""
        return {
            "server_name": self.host,
            "server_port": self.port,
            "share": self.share,
            "auth": check_of(self.users) if self.users else None,
            "mcp_server": False,
            "enable_monitoring": False,
            "max_threads": MOST_THREADS,
        }


def decide(arguments: argparse.Namespace, environment: MutableMapping[str, str] = os.environ) -> Address:
    """Where the page will be served and for whom, from the command line and the environment, Gradio's variables among
    them. Those of them that could open more are taken out of the environment, and its figures of calls are put off.

    Raises ValueError for a port that is none and a password that cannot be.
    """
    host = arguments.host or environment.get("GRADIO_SERVER_NAME") or HERE
    port = arguments.port if arguments.port is not None else environment.get("GRADIO_SERVER_PORT")
    share = arguments.share or _is_on(environment.get("GRADIO_SHARE"))
    on_a_space = "SPACE_ID" in environment or environment.get("SYSTEM") == "spaces"
    # behind a proxy (GRADIO_ROOT_PATH) everybody seems to come from this machine
    behind_a_proxy = arguments.public or bool(environment.get("GRADIO_ROOT_PATH"))
    public = share or behind_a_proxy or not _is_loopback(host)
    for name in [name for name in environment if name.startswith("GRADIO_") and name not in HEEDED]:
        del environment[name]
    environment.update(NO_FIGURES)
    mode = Mode.SPACE if on_a_space else Mode.SHARED if public else Mode.OWN
    return Address(mode, host, _port(port), share and not on_a_space, read_users(arguments.auth, environment))


def _is_on(value: str | None) -> bool:
    return (value or "").strip().lower() not in ("", "0", "false", "no", "off")


def _is_loopback(host: str) -> bool:
    host = host.strip("[]").lower()
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _port(value: str | int | None) -> int | None:
    if value is None:
        return None
    try:
        if (number := int(value)) in PORTS:
            return number
    except ValueError:
        pass
    raise ValueError(f"The port is {value}, but must be a whole number from {PORTS[0]} to {PORTS[-1]}.")


ANY, OWN = frozenset(Mode), frozenset({Mode.OWN})
PUBLIC = ANY - OWN

# Every function that the page's server runs for a visitor, by its module and its name, and the modes in which it may
# be called. What does not stand here, or not for the mode, is not served: `check` refuses a page that has it.
ENDPOINTS: dict[str, frozenset[Mode]] = {
    # for programs
    "api.classes": ANY,
    "api.generate": ANY,
    "api.reconstruct": ANY,
    # the page as such
    "studio.welcome": ANY,
    "visitors.forget": ANY,
    "model_menu.open": ANY,  # own machine: any folder or hub name; else only what the menu names
    "renderable.apply": ANY,  # Gradio's own: the cards of a run, drawn anew
    # what the page wishes, by mailbox (ui.components.protocol): a visitor's own takes and recording, and the model
    "protocol.library": ANY,
    "protocol.model": ANY,
    "protocol.say": ANY,
    "protocol.heard": ANY,
    "protocol.export": ANY,
    "protocol.recording": ANY,
    "protocol.explore": ANY,
    "protocol.perform": ANY,
    "protocol.save": ANY,
    # Generate: a visitor's own takes
    "generation.new_seed": ANY,
    "generation.generate": ANY,
    "generation.stopped": ANY,
    "generate.bring": ANY,
    "generate.hears_knobs": ANY,
    # Reconstruct: a visitor's own recording
    "reconstruct.show": ANY,
    # Perform: a visitor's own video, recording or list of events
    "perform.opened": ANY,
    "perform.opened_again": ANY,
    "perform.reopened": ANY,  # of the visitor's own, by its file's name
    "perform.listed": ANY,
    "perform.hears_knobs": ANY,
    "perform.stopped": ANY,
    # Explore: the model, read only
    "explore.counted": ANY,
    "explore.swept": ANY,
    "explore.morphed": ANY,
    # Train: folders and processes of the machine
    "train.look": OWN,
    "train._choose": OWN,
    "train.act": OWN,
    "train.planned": OWN,  # words about what is in the form
    "train.use": OWN,
    "train.look_at": OWN,
    # Evaluate: folders of the machine, and the report that all see
    "evaluate.run": OWN,
    "evaluate.stopped": OWN,
    "evaluate.last": OWN,
    "evaluate.pick": OWN,  # of the reports that are kept, by its folder
    "evaluate.show": OWN,
    "evaluate.listen": OWN,
    "evaluate.switch": PUBLIC,  # between the figures of the report that ships
}


def name_of(function: Any) -> str:
    """The name under which a function stands in the table: of its module and its own, as `generate.bring`."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def check(functions: Iterable[Any], mode: Mode) -> set[str]:
    """The names of the functions that a page serves. Raises PermissionError where the table does not allow one."""
    names = {name_of(function) for function in functions}
    if wrong := sorted(name for name in names if mode not in ENDPOINTS.get(name, ())):
        raise PermissionError(f"{', '.join(wrong)}: not in the table of foley.ui.access for the mode {mode.value!r}.")
    return names
