"""What people and programs write: command lines, sentences, messages of a page and calls of programs."""

import contextlib
import io
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
from broken_files import VALUES, WORDS, broken_bytes, broken_json
from handmade import handmade_take
from kit import Kit, NotHeldError
from pydantic import ValidationError

from foley.categories import Category
from foley.cli import main
from foley.listening.page import Questions
from foley.listening.plan import TEST, Item, ListeningTest
from foley.listening.ratings import RATINGS, Rating, Ratings
from foley.listening.results import results
from foley.pipeline import Foley
from foley.prompts import parse
from foley.prompts.changes import keyed
from foley.prompts.lexicon import LEXICON
from foley.prompts.schedule import has_events, schedule
from foley.sampling.settings import SamplingSettings
from foley.ui.api import add_endpoints
from foley.ui.components.protocol import read_message
from foley.ui.components.say_field import understood

NEED_A_MODEL = ("generate", "reconstruct", "evaluate", "recipe", "perform", "say")
SAID = ["two", "0.5 s", "1e9", "-3 dB", "every", "then", "at", "louder", ",", "seed", "x" * 300, "10000", "1/0", "٣"]
MESSAGES = [
    {"action": "star", "files": ["a.wav"], "star": True},
    {"action": "rename", "file": "a.wav", "name": "x"},
    {"action": "region", "file": "a.wav", "rows": [0, 3], "frames": [1, 5]},
    {"action": "understand", "text": "two dog barks", "changes": [["count/two/0", 3]], "number": 1},
    {"action": "export", "files": [], "settings": {
        "format": "FLAC 16-bit", "sample_rate": 48_000, "trim": True, "loop": False, "normalise": "off"}},
    {"action": "choose_part", "start_s": 1.0},
    {"action": "perform", "events": [[0.1, 1.0, None, {}], [0.4, 0.5, 3, {"loudness": 0.5}]], "duration_s": 4.0,
     "curve": {"rate": 18.75, "levels_db": [-20.0, -30.0]}, "knobs": {"tail": 0.1}},
    {"action": "save_performance", "kinds": ["wav"], "variation": 0},
]  # fmt: skip


def arguments(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Command lines, of every command and of none."""
    options = {
        "generate": ["--category", "--seed", "--temperature", "--top-p", "--top-k", "--count", "--out", "--device"],
        "reconstruct": ["--seed", "--out", "--device"],
        "recipe": ["--device"],
        "evaluate": ["--reference", "--per-class", "--seed", "--temperature", "--top-p", "--draws", "--embedder"],
        "import-dcase": ["--vqvae", "--prior", "--vocoder", "--vocoder-config"],
        "benchmark": ["--preset", "--plain-codes"],
        "perform": ["--category", "--events", "--contour", "--recipe", "--video", "--frame-rate", "--start", "--way",
                    "--seed", "--temperature", "--top-p", "--files", "--device"],
        "say": ["--seed", "--best-of", "--tag", "--clap", "--device"],
        "search": ["--clap", "--library", "--most"],
        "listening-test": ["--system", "--recordings", "--clips", "--sets", "--seed"],
        "nonsense": [],
    }  # fmt: skip
    command = chance.choice(list(options))
    words = [command, *(["--category", "Rain"] if command == "generate" else [])]
    words += [chance.choice([*WORDS, str(kit.take)])] if command in ("reconstruct", "recipe") else []
    words += [chance.choice([*WORDS, "two dog barks"])] if command in ("say", "search") else []
    words += [chance.choice(["prepare", "serve", "results", *WORDS])] if command == "listening-test" else []
    words += ["--preset", "opera"] if command == "benchmark" else []  # or else it would begin
    for option in chance.sample(options[command], min(len(options[command]), chance.randrange(4))):
        words += [option, chance.choice([*WORDS, "0", "1", "-1", "0.5"])]
    words += ["--out", str(folder / "out")] if command in ("import-dcase",) else []
    words += ["--checkpoint", str(folder)] if command in NEED_A_MODEL else []
    error, output = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(output), contextlib.chdir(folder):
        try:
            code = main(words)
        except SystemExit as left:
            code = left.code
    if code not in (0, 2):
        raise NotHeldError(f"exit code {code}")
    text = error.getvalue()
    if code == 2:
        if not text.startswith("error: ") or text.count("\n") != 1:
            raise NotHeldError(f"not one sentence: {text[-200:]!r}")
        raise ValueError(text.strip())


def sentences(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Sentences, with changes made to their reading, up to the times of their events."""
    vocabulary = [*sorted(LEXICON), *SAID, *WORDS]
    text = " ".join(chance.choice(vocabulary) for _ in range(chance.randrange(1, 15)))
    prompt = parse(text[: chance.choice([100, 400, 10**6])])
    keys = [*(key for key, _ in keyed(prompt)), "class/x/0"]
    changes = [(chance.choice(keys), chance.choice(VALUES)) for _ in range(chance.randrange(3))]
    json.dumps(understood(0, prompt, changes, hears_knobs=True)).encode()
    if has_events(prompt):
        schedule(prompt)


def messages(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Messages of a page, of which a stranger can send any."""
    text = broken_json(json.dumps(chance.choice(MESSAGES)), chance)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = text
    read_message(data)


@cache
def _functions(checkpoint: Path) -> dict[str, Any]:
    """What a page opens to programs, by name, with a model that draws in no time."""
    model = Foley.from_pretrained(checkpoint, "cpu", sampler_backend="torch")

    def stream(category: Any, seed: Any, temperature: Any, count: Any, top_k: Any, top_p: Any, asked: Any) -> Any:
        Category.parse(category)
        SamplingSettings(temperature, top_k, top_p)
        if not 1 <= count <= 3:
            raise ValueError("Ask for 1 to 3 takes.")
        yield from (handmade_take(Category.parse(category), seed + number, 0.1) for number in range(count))

    with gr.Blocks() as page:
        add_endpoints(stream, lambda path, seed: model.reconstruct(path, seed))
    return {str(function.api_name): function.fn for function in page.fns.values()}


def calls(chance: random.Random, kit: Kit, folder: Path) -> None:
    """Calls of programs at an open page: what does not fit is refused in words for whoever calls."""
    if chance.random() < 0.6:
        values = ["Rain", 1, 1.0, 1, 0, 0.98, None]
        values[chance.randrange(len(values))] = chance.choice(VALUES)
        call, name = values, "generate"
    else:
        path = folder / "up.wav"
        path.write_bytes(broken_bytes(kit.take.read_bytes(), chance))
        upload = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
        call, name = [chance.choice([upload, upload, *VALUES[:9]]), chance.choice([1, 1, 1, *VALUES])], "reconstruct"
    try:
        _functions(kit.checkpoint)[name](*call)
    except gr.Error as error:
        if "none of your doing" in str(error.message):
            raise NotHeldError(f"{name}: no reason is given") from None
        raise ValueError(str(error.message)) from None


def listening_tests(chance: random.Random, kit: Kit, folder: Path) -> None:
    """A listening test's file, its ratings, and what browsers of raters send."""
    items = tuple(
        Item(id=f"i{number}", system=system, category=Category.Rain, clips=(f"c{number}",))
        for number, system in enumerate(["ours", "recording", "anchor"])
    )
    test = ListeningTest(seed=1, repeats=0, classes_per_rater=0, items=items)
    test.save(folder)
    (folder / "clips").mkdir()
    for number in range(len(items)):
        handmade_take(seconds=0.01).save(folder / "clips" / f"c{number}.wav")
    ratings = Ratings(folder, test)
    rater = ratings.begin()
    for number in range(2):
        ratings.rate(rater, Rating(trial=number, scores={"fidelity": 5, "fit": 6}, seconds=2.0))
    way, written = chance.randrange(3), folder / RATINGS / f"{rater.code}.jsonl"
    if way == 0:
        text = broken_json((folder / TEST).read_text(), chance)
        (folder / TEST).write_text(text, encoding="utf-8", errors="replace")
    elif way == 1:
        written.write_bytes(broken_bytes(written.read_bytes(), chance))
    questions = Questions(folder)
    if way == 1:
        results(questions.test, questions.ratings.answers())
    good = {"code": rater.code, "trial": 1, "rating": {"trial": 1, "scores": {"fidelity": 1, "fit": 1}, "seconds": 1.0}}
    name, keys = chance.choice([("begin", ["code"]), ("trial", ["code", "trial"]), ("rate", ["code", "rating"])])
    data = json.loads(json.dumps({key: good[key] for key in keys}))
    holder = data if chance.random() < 0.6 else data.get("rating", data)
    holder[chance.choice(sorted(holder))] = chance.choice(VALUES)
    try:
        getattr(questions, name)(chance.choice([data, data, data, *VALUES[:4]]))
    except ValidationError as error:  # the page has one sentence for all of these
        raise ValueError("The page sent something that this test does not know.") from error
