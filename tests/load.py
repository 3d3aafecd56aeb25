"""Many visitors at once: `python -m tests.load --visitors 20 --minutes 5 --readme` opens a public page, and writes
what was measured into the README. It ends with 1 where a bar is missed.

Every visitor is a program that asks for one to four takes, again and again, checks what it gets, and now and then
starts a run as the page does and stops it. The last visitor is greedy: it always asks for 64 takes.
"""

import argparse
import hashlib
import io
import json
import random
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import soundfile

from tests.readme_tables import write_table

ROOT = Path(__file__).resolve().parents[1]
SEEDS = 40  # few, so that the same take is asked for by several visitors and must be the same file
GREEDY = 64
STOP_EVERY = 5  # requests
WARM = 0.2  # of the time, after which the memory is looked at first
LONGEST_STOP_S, MOST_GROWTH, LEAST_TAKES_A_SECOND = 0.5, 0.05, 5.0
LEAST_SHARE = (
    0.5  # of the takes of the visitor with the most, that any other gets: whoever asks equally gets about as much
)


@dataclass
class Tally:
    """What happened, of all visitors together."""

    latencies_s: list[float] = field(default_factory=list)
    stops_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    takes: dict[int, int] = field(default_factory=dict)  # by visitor
    hashes: dict[tuple, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Visitor(threading.Thread):
    """One visitor, until `due`."""

    def __init__(self, number: int, url: str, tally: Tally, due: float, greedy: bool):
        super().__init__(daemon=True)
        self.number, self.tally, self.due, self.greedy = number, tally, due, greedy
        self.random = random.Random(number)
        self.http = httpx.Client(base_url=f"{url}/gradio_api/", timeout=300)

    def run(self) -> None:
        asked = 0
        while time.monotonic() < self.due:
            asked += 1
            try:
                if asked % STOP_EVERY == 0 and not self.greedy:
                    self.stop_a_run(f"load{self.number}x{asked}")
                else:
                    self.ask()
            except Exception as error:
                with self.tally.lock:
                    self.tally.errors.append(f"{type(error).__name__}: {error}")

    def ask(self) -> None:
        """Ask for takes as programs do, and check that they are what was asked for."""
        count = GREEDY if self.greedy else self.random.randint(1, 4)
        category, seed = self.random.randrange(7), self.random.randrange(SEEDS)
        body = {"data": [category, seed, 1.0, count, 0, 0.98, None]}
        began = time.monotonic()
        event = self.http.post("call/generate", json=body).raise_for_status().json()["event_id"]
        answer = None
        with self.http.stream("GET", f"call/generate/{event}") as stream:
            kind = ""
            for line in stream.iter_lines():
                if line.startswith("event:"):
                    kind = line.split()[1]
                elif line.startswith("data:") and kind in ("complete", "error"):
                    answer = json.loads(line[5:])
                    break
        passed = time.monotonic() - began
        if kind != "complete" or answer is None:
            raise RuntimeError(f"{kind}: {answer}")
        takes = answer[0]
        sounds = {take["seed"]: _hash(self._file(take["wav"]["path"])) for take in takes}
        with self.tally.lock:
            self.tally.latencies_s.append(passed)
            self.tally.takes[self.number] = self.tally.takes.get(self.number, 0) + len(takes)
            if [take["seed"] for take in takes] != list(range(seed, seed + count)):
                self.tally.wrong.append(f"asked for {count} from {seed}")
            for number, sound in sounds.items():
                if self.tally.hashes.setdefault((category, number), sound) != sound:
                    self.tally.wrong.append(f"class {category}, seed {number} are two different sounds")

    def _file(self, path: str) -> bytes:
        return self.http.get(f"file={path}").raise_for_status().content

    def stop_a_run(self, session: str) -> None:
        """Start a run as the page does, stop it when it has said something, and see when the page is free again."""
        config = self.http.get("../config").json()
        values = {one["id"]: one["props"].get("value") for one in config["components"]}
        events = {one["api_name"]: one for one in config["dependencies"] if one.get("api_name")}
        run, stopped = events["page_generate"], events["stopped"]
        data = [values.get(one) for one in run["inputs"]]
        body = {"data": data, "fn_index": run["id"], "session_hash": session}
        event = self.http.post("queue/join", json=body).raise_for_status().json()["event_id"]
        with self.http.stream("GET", "queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                if "process_generating" in line or "process_completed" in line:
                    break
            began = time.monotonic()
            self.http.post("cancel", json={"session_hash": session, "fn_index": run["id"], "event_id": event})
            body = {"data": [None] * len(stopped["inputs"]), "fn_index": stopped["id"], "session_hash": f"{session}s"}
            self.http.post("queue/join", json=body).raise_for_status()
            with self.http.stream("GET", "queue/data", params={"session_hash": f"{session}s"}) as answer:
                for line in answer.iter_lines():
                    if "process_completed" in line:
                        break
        with self.tally.lock:
            self.tally.stops_s.append(time.monotonic() - began)


def _hash(wav: bytes) -> str:
    """Of a file's samples: the file also says when it was made."""
    samples, _ = soundfile.read(io.BytesIO(wav), dtype="int32")
    return hashlib.sha256(samples.tobytes()).hexdigest()


def serve(checkpoint: str) -> tuple[subprocess.Popen, str]:
    """A public page on a free port, as a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "app.py", "--public", "--port", str(port), "--checkpoint", checkpoint, "--device", "cpu"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    while process.poll() is None:
        try:
            httpx.get(f"{url}/config", timeout=5)
            return process, url
        except httpx.HTTPError:
            time.sleep(0.5)
    raise RuntimeError("The page did not open.")


@dataclass(frozen=True)
class Measured:
    """What a load did: of all visitors together, in `seconds`, with the memory in bytes when warm and at the end."""

    tally: Tally
    seconds: float
    memory: tuple[int, int]
    visitors: int

    @property
    def takes_a_second(self) -> float:
        return sum(self.tally.takes.values()) / self.seconds

    @property
    def of_the_others(self) -> list[int]:
        """Takes of every visitor but the greedy one."""
        return [self.tally.takes.get(number, 0) for number in range(self.visitors - 1)]

    @property
    def growth(self) -> float:
        return self.memory[1] / self.memory[0] - 1

    @property
    def missed(self) -> list[str]:
        """A line for every bar that was not reached."""
        bars = {
            "there were errors": not self.tally.errors,
            "something was delivered that nobody had asked for": not self.tally.wrong,
            "some visitors starved": min(self.of_the_others) >= LEAST_SHARE * max(self.of_the_others) > 0,
            "the memory grew": self.growth <= MOST_GROWTH,
            "a Stop took too long": max(self.tally.stops_s, default=1.0) <= LONGEST_STOP_S,
            "there were too few takes a second": self.takes_a_second >= LEAST_TAKES_A_SECOND,
        }
        return [words for words, reached in bars.items() if not reached]

    @property
    def table(self) -> str:
        """What was measured, as Markdown."""
        tally, memory = self.tally, self.memory
        latencies, stops = sorted(tally.latencies_s), sorted(tally.stops_s)
        halves = f"{_at(latencies, 0.5):.1f}, {_at(latencies, 0.95):.1f}"
        rows = {
            "visitors, and one of them greedy": str(self.visitors),
            "seconds": f"{self.seconds:.0f}",
            "answers": str(len(latencies)),
            "takes a second": f"{self.takes_a_second:.1f}",
            "errors": str(len(tally.errors)),
            "wrong deliveries": str(len(tally.wrong)),
            "seconds to an answer, median and 95th percentile": halves,
            "takes of the others, fewest and most": f"{min(self.of_the_others)}, {max(self.of_the_others)}",
            "takes of the greedy one": str(tally.takes.get(self.visitors - 1, 0)),
            "Stop, median and longest": f"{_at(stops, 0.5):.2f} s, {_at(stops, 1.0):.2f} s of {len(stops)}",
            "memory, warm and at the end, MiB": f"{memory[0] >> 20}, {memory[1] >> 20} ({self.growth:+.1%})",
        }
        return "| what | measured |\n| --- | --- |\n" + "".join(
            f"| {name} | {value} |\n" for name, value in rows.items()
        )


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.load", description="Many visitors at a public page.")
    options.add_argument("--visitors", type=int, default=20)
    options.add_argument("--minutes", type=float, default=5.0)
    options.add_argument("--checkpoint", default=str(ROOT / "checkpoints" / "studio"))
    options.add_argument("--readme", action="store_true", help="write the table into the README")
    asked = options.parse_args()
    process, url = serve(asked.checkpoint)
    try:
        tally, began = Tally(), time.monotonic()
        due = began + 60 * asked.minutes
        everybody = [Visitor(n, url, tally, due, n == asked.visitors - 1) for n in range(asked.visitors)]
        for visitor in everybody:
            visitor.start()
        time.sleep(WARM * 60 * asked.minutes)
        warm = psutil.Process(process.pid).memory_info().rss
        for visitor in everybody:
            visitor.join()
        memory = (warm, psutil.Process(process.pid).memory_info().rss)
        measured = Measured(tally, time.monotonic() - began, memory, asked.visitors)
        print(measured.table)
        for line in (*measured.missed, *sorted({*tally.errors, *tally.wrong})[:10]):
            print(line, file=sys.stderr)
        if asked.readme:
            write_table("load", measured.table)
        return 1 if measured.missed else 0
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
