"""The page of a listening test: what the rater's browser is told, and the three calls that it makes.

The browser never learns which system a clip is of: it gets a trial's number, the class, and the sounds themselves,
all of one length, without a name or an address. `static/listening.js` asks and plays.
"""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foley.listening.plan import CLIPS, HIGHEST, LOWEST, ListeningTest
from foley.listening.ratings import Rating, Ratings
from foley.resources import ICON, STATIC
from foley.system.files import shown
from foley.ui.access import Address
from foley.ui.session.device import error_message
from foley.ui.theme import studio_theme

TITLE = "Listening test"
HERE = Path(__file__).parent / "static"
TEMPLATE = '<div class="listening-test" data-lowest="${value.lowest}" data-highest="${value.highest}"></div>'


class _Who(BaseModel):
    """A rater's code; an empty one asks for a new rater."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str = Field(max_length=100)


class _Ask(_Who):
    """Which trial is wanted; -1 for the first that has no rating."""

    trial: int = Field(ge=-1, strict=True)


class _Rate(_Who):
    """A rating of a trial."""

    rating: Rating


class Questions:
    """What the page may call: `begin`, `trial` and `rate`. An answer with `error` has one sentence for the rater."""

    def __init__(self, folder: Path) -> None:
        self.test = ListeningTest.read(folder)
        self.ratings, self.clips = Ratings(folder, self.test), folder / CLIPS
        names = {name for item in self.test.items for name in item.clips}
        missing = [name for name in names if not self._file(name).is_file()]
        if missing:
            raise ValueError(f"{shown(folder, whole=True)} lacks {len(missing)} of its clips: prepare the test again.")

    def begin(self, data: Any) -> dict[str, Any]:
        """`{code}`, empty for a new rater, to `{code, done, of}`."""
        code = _Who.model_validate(data).code
        rater = self.ratings.rater(code) if code.strip() else self.ratings.begin()
        return {
            "code": rater.code,
            "done": self.ratings.next_trial(rater),
            "of": len(self.test.trials(rater.number)),
        }

    def trial(self, data: Any) -> dict[str, Any]:
        """`{code, trial}` to the trial's class, scales, sounds (WAV files in base64) and scores that it has already.

        At the end there are no scales and no sounds. A trial can be asked for one ahead, so that it is there in time.
        """
        wanted = _Ask.model_validate(data)
        rater = self.ratings.rater(wanted.code)
        trials, rated = self.test.trials(rater.number), self.ratings.of(rater)
        first = self.ratings.next_trial(rater)
        number = first if wanted.trial < 0 else wanted.trial
        if number > first + 1:
            raise ValueError("That clip comes later: load the page again.")
        answer: dict[str, Any] = {"trial": number, "of": len(trials), "scales": [], "clips": []}
        if number < len(trials):
            item = trials[number].item
            answer["class"] = item.category.title
            answer["scales"] = list(item.scales)
            answer["clips"] = [b64encode(self._file(name).read_bytes()).decode() for name in item.clips]
            answer["scores"] = rated[number].scores if number in rated else {}
        return answer

    def rate(self, data: Any) -> dict[str, Any]:
        """`{code, rating}` to `{done}` once the rating is on the disk."""
        given = _Rate.model_validate(data)
        rater = self.ratings.rater(given.code)
        self.ratings.rate(rater, given.rating)
        return {"done": self.ratings.next_trial(rater)}

    def _file(self, name: str) -> Path:
        return self.clips / f"{name}.wav"


def build_page(folder: str | Path) -> gr.Blocks:
    """The page of the test in a folder, to be launched with `launch_settings()`. Raises ValueError without a test."""
    questions = Questions(Path(folder))
    calls = [_safe(call) for call in (questions.begin, questions.trial, questions.rate)]
    with gr.Blocks(title=TITLE, fill_width=True, analytics_enabled=False) as page:
        gr.HTML(
            {"lowest": LOWEST, "highest": HIGHEST},
            html_template=TEMPLATE,
            js_on_load="window.foley.listeningTest(element, server);",
            apply_default_css=False,
            server_functions=calls,
        )
    return page


def launch_settings() -> dict[str, Any]:
    """What `launch()` needs so that the page looks like the studio and shows nothing else."""
    script = (HERE / "listening.js").read_text(encoding="utf-8")
    styles = [(STATIC / "studio.css"), (HERE / "listening.css")]
    return {
        "theme": studio_theme(),
        "css": "".join(path.read_text(encoding="utf-8") for path in styles),
        "head": f"<script>{script}</script>",
        "favicon_path": ICON if ICON.is_file() else None,
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
    }


def serve(folder: str | Path, address: Address) -> None:
    """Serve the page until it is ended. Raises ValueError, RuntimeError or OSError with a sentence."""
    build_page(folder).launch(**address.launch_settings(), **launch_settings())


def _safe(call: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """The call, with one sentence under `error` for whatever it raises."""

    def answered(data: Any) -> dict[str, Any]:
        try:
            return call(data)
        except ValidationError:
            return {"error": "The page sent something that this test does not know: load it again."}
        except Exception as error:
            return {"error": error_message(error)}

    answered.__name__ = call.__name__
    return answered
