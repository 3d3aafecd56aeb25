"""How fast the page is, as a visitor meets it: `python -m tests.page_speed` opens it in a Chromium and writes a table.

The studio runs as a process of its own, with the shipped model and a library of many takes. The seconds are taken
inside the page, from a click or key to the moment when a sound plays. Bars are for a machine that does nothing else.
"""

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "tests")]

from handmade import handmade_take  # noqa: E402

from foley.categories import Category  # noqa: E402
from foley.takes.library import Library  # noqa: E402

MANY = 5_000
PATIENCE_MS = 30_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ("--no-sandbox", "--disable-background-networking", "--autoplay-policy=no-user-gesture-required")
# when what happened, in seconds since the page was asked for
WATCH = """
window.marks = {};
const mark = (name) => { window.marks[name] ??= performance.now() / 1000; };
document.addEventListener("click", (event) => { if (event.target.closest("#generate")) mark("clicked"); }, true);
addEventListener("keydown", (event) => {
    if (event.key === " ") window.marks.tapped = performance.now() / 1000;
}, true);
document.addEventListener("playing", (event) => {
    if (event.target.closest(".take")) mark("take plays");
    if (event.target.matches("[data-sound]")) mark("performance plays");
}, true);
new MutationObserver((_, observer) => {
    const rows = document.querySelectorAll("#library .take-row").length;
    const count = document.querySelector("#library [data-count]")?.textContent;
    if (!rows || !Number(count) || !document.querySelector("#generate")?.offsetParent) return;
    mark("library");
    observer.disconnect(); // what is measured next shall not be watched
}).observe(document, {childList: true, subtree: true, characterData: true});
"""


@dataclass(frozen=True)
class Bar:
    """What was measured in words, the seconds, and the most that they may be; None where there is no bar."""

    what: str
    seconds: float
    most: float | None = None

    @property
    def is_met(self) -> bool:
        return self.most is None or self.seconds <= self.most


def fill(folder: Path, count: int = MANY) -> None:
    """Put so many short takes into a library, where there are not as many yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(len(list(folder.glob("*.wav"))), count):
        handmade_take(Category(seed % len(Category)), seed, seconds=0.05).save(folder)
    Library(folder).entries()  # measures them all


@contextmanager
def served(library: Path) -> Iterator[tuple[str, float]]:
    """The address of a studio on a library, and the seconds until it answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    command = [sys.executable, "app.py", "--port", str(port), "--library", str(library), "--device", "cpu"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/"
        while process.poll() is None:
            try:
                httpx.get(url, timeout=5)
                break
            except httpx.HTTPError:
                time.sleep(0.02)
        if process.poll() is not None:
            raise RuntimeError("The page did not open.")
        yield url, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page of a Chromium, in which takes play when they are ready."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*SWITCHES])
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(WATCH)
        yield page
        browser.close()


def marks(page: Page, *names: str) -> list[float]:
    """When things happened, waited for."""
    page.wait_for_function("names => names.every(name => name in window.marks)", arg=names)
    return page.evaluate("names => names.map(name => window.marks[name])", names)


def opened(page: Page, url: str) -> float:
    """Seconds until the page can be used: Generate can be pressed and the library shows its rows."""
    page.goto(url)
    seconds = marks(page, "library")[0]
    page.locator(".take.ready").first.wait_for()
    return seconds


def click_to_sound(page: Page, count: int = 1) -> tuple[float, float]:
    """Seconds from Generate to the first take's sound, and to the last take's card."""
    page.get_by_label("number input for Variations").fill(str(count))
    page.get_by_label("number input for Variations").blur()
    page.wait_for_timeout(300)
    page.evaluate("window.marks = {}; document.querySelectorAll('.take').forEach(card => card.dataset.seen = '')")
    page.locator("#generate").click()
    clicked, plays = marks(page, "clicked", "take plays")
    page.wait_for_function(
        "count => document.querySelectorAll('.take.ready:not([data-seen])').length === count", arg=count
    )
    done = page.evaluate("performance.now() / 1000")
    page.locator("#generate:enabled").wait_for()
    page.wait_for_timeout(500)  # pictures follow
    return plays - clicked, done - clicked


def taps_to_sound(page: Page, taps: int = 10, gap_ms: int = 400) -> float:
    """Seconds from the last of some taps, after which Perform is pressed at once, to the performance's sound."""
    page.get_by_role("tab", name="Perform").click()
    page.locator("#timeline [data-clear]").click()
    page.locator("#perform-seed input").fill(str(time.time_ns() % 10**8))  # no takes are there yet
    page.locator("#perform-seed input").blur()
    page.locator("#timeline [data-lane]").focus()
    page.keyboard.press("Space")
    for _ in range(taps):
        page.wait_for_timeout(gap_ms)
        page.evaluate("window.marks = {}")  # an earlier performance plays along
        page.keyboard.press("Space")
    page.keyboard.press("p")
    tapped, plays = marks(page, "tapped", "performance plays")
    page.keyboard.press("Escape")
    page.locator("#perform:enabled").wait_for()
    return plays - tapped


def measure(library: Path, rounds: int = 5) -> list[Bar]:
    """All that has a bar, each the median of several rounds."""
    with served(library) as (url, start), browser_page() as page:
        openings = [opened(page, url) for _ in range(rounds)]
        page.wait_for_timeout(3000)  # the model has warmed up, and the example is there
        click_to_sound(page)  # the first one compiles what is not compiled yet
        ones = [click_to_sound(page)[0] for _ in range(rounds)]
        eights = [click_to_sound(page, 8) for _ in range(max(1, rounds // 2))]
        taps = [taps_to_sound(page) for _ in range(max(1, rounds // 2))]
    takes = len(list(library.glob("*.wav")))
    return [
        Bar("app start", start, 5.0),
        Bar(f"page with {takes} takes", statistics.median(openings), 1.5),
        Bar("click to sound, one take", statistics.median(ones), 0.6),
        Bar("click to sound, first of eight", statistics.median(first for first, _ in eights), 0.7),
        Bar("click to all of eight", statistics.median(all_of_them for _, all_of_them in eights)),
        Bar("last of ten taps to sound", statistics.median(taps), 0.5),
    ]


def table(bars: list[Bar]) -> str:
    """What was measured, as Markdown."""
    lines = ["| | seconds | at most |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {bar.what} | {bar.seconds:.2f} | {bar.most or ''} |" for bar in bars)])


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.page_speed", description="How fast the page is.")
    options.add_argument("--library", type=Path, help="a folder to be filled with takes and used again; default: none")
    options.add_argument("--takes", type=int, default=MANY, help="how many takes the library holds")
    options.add_argument("--rounds", type=int, default=5)
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        library = arguments.library or Path(temporary)
        fill(library, arguments.takes)
        bars = measure(library, arguments.rounds)
    print(table(bars))
    return 0 if all(bar.is_met for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
