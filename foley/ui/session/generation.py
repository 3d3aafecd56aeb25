"""A run of the generate tab: from the controls' values to takes on the stage, step by step, until it is stopped."""

import secrets
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from foley.categories import Category
from foley.conditions.asked import asked_of
from foley.perform.performance import Performance
from foley.pipeline import Foley
from foley.prompts.abilities import NO_CLASS
from foley.prompts.changes import changed
from foley.prompts.parser import parse
from foley.prompts.say import Spoken
from foley.prompts.tokens import PromptError
from foley.takes.recipe import Recipe
from foley.takes.take import Take
from foley.ui.components.library_list import library_change
from foley.ui.components.progress_bar import bar_value, codes_value, waiting_value
from foley.ui.components.protocol import Edit, Example, Heard, Open, Redraw, Say
from foley.ui.components.spoken_card import chosen_value, performance_value
from foley.ui.components.take_card import take_pictures, take_value
from foley.ui.session.device import error_message
from foley.ui.session.model_queue import REPORT_INTERVAL_S, Waiting
from foley.ui.session.models import Models
from foley.ui.session.requests import EditRequest, GenerateRequest, Request, SayRequest, Visit, drawn
from foley.ui.session.stage import RunningStage, Stage
from foley.ui.session.visitors import Libraries, new_folder

SEEDS = 100_000_000  # eight digits: read, typed and told without trouble
PROGRESS_INTERVAL_S = 0.08  # as often as an eye can use
FIRST_HEARD_S = 2.0  # for which the others wait, at most, until the page says that the first of several is heard
MOST_OPENED = 16  # takes that are put on the stage at once
EXAMPLE = (Category.DogBark, 7)  # what a visitor without takes finds on the stage

Changes = dict[Any, Any]  # new values by component


@dataclass
class GenerateController:
    """What a run needs beside the controls' values.

    `inputs` are the components that a run reads, by name: category, temperature, top_p, count, seed, locked, knobs,
    used, stage, token and model; `outputs` those that it changes: stage, progress, seed, used, go, stop, library.
    `running` holds the stage of each session in which a run draws.
    """

    models: Models
    libraries: Libraries
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    running: dict[str, RunningStage] = field(default_factory=dict)

    def generate(self, values: dict, request: gr.Request) -> Iterator[Changes]:
        """Draw new takes and show each as it comes."""
        visit, category = self.visit(values, request), Category(self._read(values, "category"))
        asked = {"knobs": self._knobs(values, visit.model), "any_seed": not self._read(values, "locked")}
        yield from self._run(GenerateRequest(category, **self._settings(values), **asked), visit, request)

    def redraw(self, message: Redraw, values: dict, request: gr.Request) -> Iterator[Changes]:
        """Draw a take's class, seed and settings again, with the knobs as they are now. Raises LibraryError."""
        visit = self.visit(values, request)
        take, knobs = self.libraries.of(visit.token).recipe(message.file), self._knobs(values, visit.model)
        wanted = GenerateRequest(take.category, take.seed, 1, take.temperature, take.top_p, knobs)
        yield from self._run(wanted, visit, request)

    def say(self, message: Say, values: dict, request: gr.Request) -> Iterator[Changes]:
        """Make the sounds of a sentence. Raises PromptError where it names no class."""
        visit, prompt = self.visit(values, request), changed(parse(message.text), message.changes)
        if prompt.category is None:
            raise PromptError(NO_CLASS)
        seed = self._settings(values)["seed"] if prompt.seed is None else prompt.seed
        yield from self._run(SayRequest(prompt, prompt.category, seed), visit, request)

    def edit(self, message: Edit, values: dict, request: gr.Request) -> Iterator[Changes]:
        """Draw siblings, a region or a continuation of a take. Raises LibraryError or RecipeError without one."""
        visit = self.visit(values, request)
        recipe = self.libraries.of(visit.token).recipe(message.file)
        take = yield from self._wait(visit.model, Foley.remake, recipe)
        yield from self._run(EditRequest(take, message, **self._settings(values)), visit, request)

    def open(self, message: Open, values: dict, request: gr.Request) -> Iterator[Changes]:
        """Put takes of the library on the stage, made by whatever model. Raises LibraryError for one not there."""
        visit = self.visit(values, request)
        library = self.libraries.of(visit.token)
        takes = []
        for file in message.files[:MOST_OPENED]:
            takes.append((yield from self._wait(visit.model, Foley.recall, *library.saved(file))))
        yield self.show(takes, values, request)

    def example(self, _: Example, values: dict, request: gr.Request) -> Iterator[Changes]:
        """Put a finished take on the stage, so that there is something to hear before anything was asked for."""
        take = yield from self._wait(self._read(values, "model"), _example, *EXAMPLE)
        yield {**self.show([take], values, request), self.outputs["progress"]: bar_value("An example to start with")}

    def heard(self, message: Heard, _: dict, request: gr.Request) -> Changes:
        """Draw the others: the page lets the first take be heard."""
        running = self.running.get(request.session_hash or "")
        if running and message.file in {take["file"] for take in running.now.takes}:
            running.heard.set()
        return {self.outputs["progress"]: gr.skip()}

    def bring_back(self, recipe: Recipe, values: dict, request: gr.Request) -> Changes:
        """Put the take of a recipe on the stage. Raises RecipeError where another model made it."""
        return self.show([self.models.call(self._read(values, "model"), Foley.remake, recipe)], values, request)

    def show(self, takes: list[Take], values: dict, request: gr.Request) -> Changes:
        """Put takes on the stage; each joins the library where it is not there yet."""
        visit, folder = self.visit(values, request), new_folder(request)
        first, foley = takes[0], self.models.get(visit.model)
        cards, added = [], []
        for take in takes:
            value, entry = self._value(take, visit, folder, renew=False)
            cards.append(value)
            added.append(entry)
        now = self.put(visit, lambda stage: stage.showing(first.category.title, tuple(cards), first.seed))
        same = all(take.recipe.model.split("@")[-1] == foley.name.split("@")[-1] for take in takes)
        how = "the same samples" if same else f"as {first.recipe.model} made it"
        words = f"{first.category.title}, seed {first.seed}: {how}" if len(takes) == 1 else f"{len(takes)} takes"
        library = library_change(self.libraries.of(visit.token), added)
        return self._change(stage=now, progress=bar_value(words, 1.0, "done"), library=library)

    def put(self, visit: Visit, change: Callable[[Stage], Stage]) -> Stage:
        """The visitor's stage after something was done to it, which a run that goes on leaves as it is."""
        running = self.running.get(visit.session)
        return running.put(change) if running else change(visit.stage)

    def visit(self, values: dict, request: gr.Request) -> Visit:
        """Who asks, from the values of the inputs by component."""
        names = ("stage", "token", "model")
        return Visit(*(self._read(values, name) for name in names), session=request.session_hash or "")

    def idle(self) -> Changes:
        """The page after a wish that could not be met: nothing is drawn."""
        return self._change(progress=bar_value("Ready"), **buttons(running=False))

    def stopped(self, stage: Stage, request: gr.Request) -> tuple:
        """The page after a run that was cancelled: stage, progress and both buttons.

        Waits until the run has ended, so that nothing it still had to say comes after this.
        """
        if running := self.running.get(request.session_hash or ""):
            running.heard.set()
            running.ended.wait(timeout=30)
            stage = running.now
        return stage.ended(), bar_value("Stopped"), *buttons(running=False).values()

    def _run(self, wanted: Request, visit: Visit, request: gr.Request) -> Iterator[Changes]:
        began, folder, started = time.monotonic(), new_folder(request), False
        takes: list[Take | Performance] = []
        stage = self.running[visit.session] = RunningStage(visit.stage)
        try:
            for event in self._events(wanted, visit.model):
                if isinstance(event, Waiting):
                    yield self._change(progress=waiting_value(event.words))
                    continue
                if not started:  # only now is it sure that the settings can be
                    started, now = True, stage.begin(wanted.title, wanted.count, wanted.seed)
                    yield self._change(stage=now, seed=wanted.seed, used=wanted.seed, **buttons(running=True))
                if isinstance(event, dict):
                    yield self._change(progress=event)
                    continue
                value, added = self._card(event, visit, folder)
                takes.append(event.sound if isinstance(event, Spoken) else event)
                now, words = stage.draw(partial(Stage.with_take, value=value)), f"Take {len(takes)} of {wanted.count}"
                library = library_change(self.libraries.of(visit.token), added)
                yield self._change(stage=now, progress=bar_value(words, 1.0), library=library)
                if now.held:  # drawing the others would slow the page that lets this one be heard
                    yield from self._until_heard(stage)
                    yield self._change(stage=stage.draw(Stage.released))
            progress = bar_value(_told(wanted, takes, stage.is_overtaken, time.monotonic() - began), 1.0, "done")
            first = takes[0].seed if isinstance(takes[0], Take) and isinstance(wanted, GenerateRequest) else wanted.seed
            seeds = (
                {"seed": first, "used": first} if first != wanted.seed else {}
            )  # the one asked for was nearly silent
            yield self._change(stage=stage.now, progress=progress, **seeds, **buttons(running=False))
        except Exception as error:
            gr.Warning(error_message(error))
            left = stage.draw(lambda now: now.ended() if takes else visit.stage) if started else stage.now
            yield self._change(stage=left, progress=bar_value("Ready"), **buttons(running=False))
        finally:
            stage.ended.set()
            if self.running.get(visit.session) is stage:
                del self.running[visit.session]

    def _events(self, wanted: Request, model: str) -> Iterator[Take | Spoken | Waiting | dict[str, Any]]:
        """The takes of a request as they come; before them the place in the queue, between them what the bar shows."""
        due, there = 0.0, 0
        with closing(drawn(wanted, partial(self.models.watch, model))) as events:
            for event in events:
                if isinstance(event, Waiting):
                    yield event
                elif isinstance(event, Take | Spoken):
                    there += 1
                    yield event
                elif isinstance(event, float):
                    yield bar_value("Making what was said", event, "running")
                elif event.done == event.total or time.monotonic() >= due:
                    due = time.monotonic() + PROGRESS_INTERVAL_S
                    yield codes_value(event, there, wanted.count)

    def _until_heard(self, stage: RunningStage) -> Iterator[Changes]:
        """Nothing, until the page says that the first take is heard: in steps, so that it can be stopped meanwhile."""
        due = time.monotonic() + FIRST_HEARD_S
        while (left := due - time.monotonic()) > 0 and not stage.heard.wait(min(left, REPORT_INTERVAL_S)):
            yield self._change(progress=gr.skip())

    def _wait(self, model: str, how: Callable, *arguments: Any) -> Generator[Changes, None, Any]:
        """What a function of the model returns; until then, the place in the queue."""
        result = None
        with closing(self.models.watch_call(model, how, *arguments)) as events:
            for event in events:
                if isinstance(event, Waiting):
                    yield self._change(progress=waiting_value(event.words))
                else:
                    result = event
        return result

    def _card(self, made: Take | Spoken, visit: Visit, folder: Path) -> tuple[dict[str, Any], list[Any]]:
        """The card's value for what was made, and its entry in the library where it joins that."""
        sound = made.sound if isinstance(made, Spoken) else made
        if isinstance(sound, Performance):
            value, added = performance_value(sound, self.models.get(visit.model).preset, folder), []
        else:
            value, entry = self._value(sound, visit, folder)
            added = [entry]
        return (value | chosen_value(made, value) if isinstance(made, Spoken) else value), added

    def _value(self, take: Take, visit: Visit, folder: Path, renew: bool = True) -> tuple[dict[str, Any], Any]:
        """The card's value for a take, its pictures in a folder, and its entry in the library, which it joins.

        Pictures are drawn in a hundredth of a second: a card that gets them later is laid out twice.
        """
        library, preset = self.libraries.of(visit.token), self.models.get(visit.model).preset
        entry = library.add(take, renew)
        value = take_value(take, entry, library.path(entry.file), preset)
        return value | take_pictures(take, preset, folder), entry

    def _read(self, values: dict, name: str) -> Any:
        return values[self.inputs[name]]

    def _knobs(self, values: dict, model: str) -> tuple[tuple[str, float], ...]:
        """The knobs that were turned, where the model hears any. Raises ValueError for values that cannot be."""
        if not self.models.get(model).hears_knobs:
            return ()
        return tuple(asked_of(self._read(values, "knobs")).knobs.items())

    def _settings(self, values: dict) -> dict[str, Any]:
        """Seed, count, temperature and top-p of the next run."""
        seed = chosen_seed(*(self._read(values, name) for name in ("seed", "locked", "used")))
        settings = {name: float(self._read(values, name)) for name in ("temperature", "top_p")}
        return {"seed": seed, "count": int(self._read(values, "count")), **settings}

    def _change(self, **values: Any) -> Changes:
        return {self.outputs[name]: value for name, value in values.items()}


def chosen_seed(seed: int | None, locked: bool, used: int | None) -> int:
    """The seed of the next run: what the box says, but a new one where that was used already and is not locked."""
    return new_seed() if seed is None or (seed == used and not locked) else int(seed)


def new_seed() -> int:
    """A seed that nobody asked for."""
    return secrets.randbelow(SEEDS)


def buttons(running: bool) -> dict[str, gr.Button]:
    """Generate and Stop, of which one can be pressed."""
    return {"go": gr.Button(interactive=not running), "stop": gr.Button(interactive=running)}


def _told(wanted: Request, takes: list[Take | Performance], elsewhere: bool, seconds: float) -> str:
    """What is to be said of a run that has ended."""
    words = f"{len(takes)} take{'s' * (len(takes) > 1)} in {seconds:.1f} s"
    of_generate = [take for take in takes if isinstance(take, Take) and isinstance(wanted, GenerateRequest)]
    if redrawn := sum(take.seed >= wanted.seed + wanted.count for take in of_generate):
        words += f"; {redrawn} drawn anew, nearly silent at first"
    return words + "; in the library" * elsewhere


def _example(foley: Foley, category: Category, seed: int) -> Take:
    return foley.generate(category, seed)[0]
