"""A password in front of the page: who may log in, and a check that cannot be tried quickly."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

VARIABLE = "FOLEY_AUTH"  # the same as --auth, but not to be seen in the list of processes
LEAST_CHARACTERS = 8
MOST_BYTES = 100_000
DELAY_S = 1.0  # after a wrong password

Check = Callable[[str, str], Awaitable[bool]]


def read_users(auth: str | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Users and their passwords, from `user:password`, or the path of a file with one a line; empty for no password.

    Without `auth`, the environment variable FOLEY_AUTH is read. Raises ValueError for what is neither.
    """
    given = auth or environment.get(VARIABLE) or ""
    if not given:
        return {}
    path = Path(given)
    lines = given.splitlines()
    if ":" not in given or path.is_file():
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise ValueError("--auth takes user:password, or a file with one user:password a line.")
        lines = path.read_text(encoding="utf-8").splitlines()
    parts = [line.strip().partition(":") for line in lines if line.strip()]
    users = {user: password for user, _, password in parts}
    if not users or not all(users) or any(len(password) < LEAST_CHARACTERS for password in users.values()):
        raise ValueError(f"Each user needs a name, a colon, and a password of {LEAST_CHARACTERS} characters or more.")
    return users


def check_of(users: Mapping[str, str]) -> Check:
    """A function that says whether a user has given the password, and takes a second to say no."""

    async def check(user: str, password: str) -> bool:
        wanted = users.get(user, "")
        right = hmac.compare_digest(wanted.encode(), password.encode()) and bool(wanted)
        if not right:
            await asyncio.sleep(DELAY_S)
        return right

    return check
