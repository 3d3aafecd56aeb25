"""Makes the screenshots of the README: `python assets/screenshots.py`. Needs playwright and a Chromium."""

import shutil
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from foley.pipeline import Foley  # noqa: E402
from foley.ui.studio import build_studio  # noqa: E402
from foley.ui.theme import launch_settings  # noqa: E402

sys.path.insert(0, str(HERE.parent / "tests" / "perform"))
from bouncing_ball import write_ball_video  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 180_000
COLOURS = 256  # of a picture: they are for looking at, and a repository keeps every version


def main() -> None:
    foley = Foley.from_pretrained()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        library = Path(folder)
        recording = foley.generate("DogBark", seed=3)[0].save(library / "recording" / "my dog.wav")
        studio = build_studio(foley, "Not for the pictures.", library=library)
        _, url, _ = studio.launch(prevent_thread_lock=True, quiet=True, **launch_settings(), allowed_paths=[folder])
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.goto(url)
            page.locator(".take.ready[data-take]").first.wait_for()
            if scheme == "dark":
                generate_page(page)
                perform_page(page, write_ball_video(library / "recording" / "ball.mp4", Fraction(24)))
            else:
                other_pages(page, recording)
            context.close()
        browser.close()
        studio.close(verbose=False)


def generate_page(page: Page) -> None:
    """Four variations, one of them with siblings asked for; then one take with a region to draw again."""
    page.locator("#seed input").fill("7")
    page.keyboard.press("Control+Enter")
    page.locator(".progress.done").wait_for()
    codes = page.locator(".take .codes").bounding_box()
    page.mouse.move(codes["x"] + 330, codes["y"] + 40)
    page.mouse.down()
    page.mouse.move(codes["x"] + 480, codes["y"] + 110, steps=4)
    page.mouse.up()
    save(page, "generate")
    for _ in range(3):
        page.keyboard.press("v")
    page.keyboard.press("s")
    page.locator(".takes.many .take.ready").nth(3).wait_for()
    page.locator(".progress.done").wait_for()
    page.keyboard.press("f")
    save(page, "siblings")


def perform_page(page: Page, video: Path) -> None:
    """A ball that hits the floor six times: its events, one of another class, and two versions of their sound."""
    page.get_by_role("tab", name="Perform").click()
    page.locator(".perform-settings input[type=file]").set_input_files(video)
    page.locator("#timeline [data-event]").nth(5).wait_for()
    page.locator("#timeline [data-event]").nth(2).click()
    page.locator("#timeline [data-class]").select_option(label="Gun shot")
    page.get_by_label("number input for Versions").fill("2")
    page.locator("#perform").click()
    page.locator("#timeline [data-variation]").nth(1).wait_for()
    page.wait_for_timeout(3500)  # it plays
    page.keyboard.press("Escape")
    save(page, "perform")


def other_pages(page: Page, recording: Path) -> None:
    """A recording through the chain, and the codebook's map."""
    page.get_by_role("tab", name="Reconstruct").click()
    page.locator("#recording input[type=file]").set_input_files(recording)
    page.locator(".pair.ready").wait_for()
    save(page, "reconstruct")
    page.get_by_role("tab", name="Explore").click()
    page.locator("#count-codes").click()
    page.locator(".codes-table tbody tr").nth(6).wait_for()
    page.locator("#sweep").click()
    page.locator(".cell").nth(6).wait_for()
    save(page, "explore")


def save(page: Page, name: str) -> None:
    page.wait_for_timeout(1200)
    path = HERE / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(path)


if __name__ == "__main__":
    main()
