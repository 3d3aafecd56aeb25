"""How a run looks on the page: its state in a sentence, its stages, its curves, what it shows, and its log."""

import time
from html import escape
from pathlib import Path
from typing import Any

from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, Dataset
from foley.presets import STAGES
from foley.runs.process import Process
from foley.runs.view import RunView, StageView, ago, since
from foley.ui.components.loss_curves import curve_svg
from foley.ui.session.visitors import served

TITLES = {spec.name: spec.title for spec in STAGES.values()}
NOT_PLOTTED = {"kind", "time", "step", "rate", "seconds_a_step", "left_s", "best", "score"}
SOUNDS = (".wav", ".flac")

OVERVIEW = """
<section class="run ${value.state}">
  <header><h2>${value.name}</h2><span class="chip">${value.state}</span><p>${value.facts}</p></header>
  <div class="progress ${value.bar}">
    <div class="bar" role="progressbar" aria-label="Progress of the training" aria-valuemin="0" aria-valuemax="100"
      aria-valuenow="${Math.round(100 * value.share)}"><i style="transform: scaleX(${value.share})"></i></div>
    <output>${value.text}</output>
  </div>
  <nav>${value.stages.map(stage => `
    <button type="button" data-stage="${stage.name}" class="${stage.state}"
      title="Show the curves and sounds of this stage" ${stage.chosen ? "data-on" : ""}>
      <b>${stage.title}</b><span>${stage.words}</span><small>${stage.score}</small>
    </button>`).join("")}</nav>
</section>
"""
CHOOSE = """
element.addEventListener("click", event => {
  const button = event.target.closest("[data-stage]");
  if (button) trigger("click", { stage: button.dataset.stage });
});
"""
SAMPLES = """
<section class="shown">
  <nav aria-label="Steps at which something was shown">${value.samples.map((sample, at) => `
    <button type="button" data-step="${at}" ${at === value.samples.length - 1 ? "data-on" : ""}>${sample.step}</button>
  `).join("")}</nav>
  ${value.samples.map((sample, at) => `
  <article data-at="${at}" ${at === value.samples.length - 1 ? "data-on" : ""}>
    <div class="sounds">${sample.sounds.map(sound => `
      <div class="earlier ready" data-player>
        <button type="button" data-play="0" aria-label="Play or pause ${sound.title}"></button>
        <span>${sound.title}</span>
        <a href="${sound.file.url}" download title="Download" aria-label="Download ${sound.title}">↓</a>
        <audio preload="none" src="${sound.file.url}"></audio>
      </div>`).join("")}</div>
    <div class="pictures">${sample.pictures.map(picture => `
      <figure><figcaption>${picture.title}</figcaption><img alt="${picture.title}" src="${picture.file.url}"></figure>
    `).join("")}</div>
  </article>`).join("")}
</section>
"""
CHOOSE_STEP = """
element.addEventListener("click", event => {
  const chosen = event.target.closest("[data-step]")?.dataset.step;
  if (chosen === undefined) return;
  element.querySelectorAll("[data-step], [data-at]").forEach(
    part => part.toggleAttribute("data-on", (part.dataset.step ?? part.dataset.at) === chosen));
});
"""


def overview(run: RunView | None, chosen: str, stopping: bool = False) -> dict[str, Any]:
    """The head of a run's page: name, state, how far it is, and a button for every stage."""
    if run is None:
        text = "Nothing has been trained here yet: name the folder of your recordings and press Start."
        stages = [{"name": name, "title": title, **_waiting(name == chosen)} for name, title in TITLES.items()]
        return {
            "name": "No run", "state": "", "facts": "", "bar": "idle", "share": 0, "text": text, "stages": stages
        }  # fmt: skip
    words, share = _progress(run)
    bar = {"running": "running", "done": "done", "failed": "broken"}.get(run.state, "idle")
    return {
        "name": escape(run.name),
        "state": "stopping" if stopping else run.state,
        "facts": escape(_facts(run)),
        "bar": bar,
        "share": round(share, 4),
        "text": escape("It finishes its step and keeps a checkpoint" if stopping else words),
        "stages": [_stage_button(run, stage, stage.name == chosen) for stage in run.stages.values()],
    }


def _waiting(chosen: bool) -> dict[str, Any]:
    return {"state": "waiting", "words": "not begun", "score": "", "chosen": chosen}


def _facts(run: RunView) -> str:
    device = run.process.device if run.process else ""
    return " · ".join(filter(None, (run.preset and f"preset {run.preset}", device, run.data)))


def _stage_button(run: RunView, stage: StageView, chosen: bool) -> dict[str, Any]:
    button = {"name": stage.name, "title": TITLES[stage.name], **_waiting(chosen)}
    if not stage.has_started:
        return button
    active = run.is_running and stage.name == run.current.name and stage.last["kind"] != "end"
    best = stage.best.get("score")
    return {
        **button,
        "state": "active" if active else "begun",
        "words": f"{stage.step:,} steps",
        "score": "" if best is None else f"best {best:.4g}",
    }


def _progress(run: RunView) -> tuple[str, float]:
    """A run's state in a sentence, and how much of it is done."""
    process, stage = run.running, run.current
    if process is not None:
        limit = 60 * process.minutes if process.minutes else None
        passed = time.time() - process.created
        share = min(1.0, passed / limit) if limit else 0.0
        total = f" · {ago(max(0.0, limit - passed))} left of {ago(limit)}" if limit else ""
        begin, step = stage.newest("begin"), stage.newest("step")
        if stage.last.get("time", 0) < process.created - 2 or stage.last.get("kind") in (None, "end"):
            what = f"Preparing {TITLES[stage.name]}{_place(stage, process)}: the recordings are read and made ready"
            return f"{what} · {ago(passed)} so far{total}", share
        steps = begin.get("steps", 0)
        words = f"{TITLES[stage.name]}, step {stage.step:,} of {steps:,}{_place(stage, process)}"
        if step.get("time", 0) >= begin.get("time", 0):
            words += f" · {step.get('seconds_a_step', 0.0):.3g} s a step"
            total = total or f" · {ago(step.get('left_s', 0.0))} left"
        return words + total, share or stage.step / max(1, steps)
    when = since(run.changed)
    if run.state == "done":
        more = "its model makes sound" if run.is_whole else "train the stages that are missing, to hear it"
        return f"Finished {when} ago: {more}", 1.0
    if run.state == "failed":
        return run.process.message if run.process else "", 0.0
    if run.state == "killed":
        said = [line for line in run.log(5) if line.startswith("error:")]
        return (said[-1][7:] if said else f"Ended {when} ago without a word: Resume goes on from its checkpoint"), 0.0
    if run.state == "stopped":
        return f"Stopped {when} ago: Resume goes on from its checkpoint", 0.0
    return f"Last trained {when} ago", 0.0


def _place(stage: StageView, process: Process) -> str:
    """Which stage it is of those that are trained one after the other."""
    if len(process.stages) < 2 or stage.name not in process.stages:
        return ""
    return f" · stage {process.stages.index(stage.name) + 1} of {len(process.stages)}"


def plan(begin: str, stage: str, device: str, minutes: float, name: str) -> str:
    """What a training that is started now will do, for how long, and what it leaves, for people."""
    names = [name for name in STAGES if stage in (name, "all")]
    if begin:
        left = [name for name in names if STAGES[name].defines_codes]
        names = [name for name in names if name not in left]
        first = f"Goes on with the weights of {Path(begin).name}, which itself stays as it is."
        kept = f" {_listed(left)} stay as they are: what the others know rests on them." * bool(left)
    else:
        first, kept = "Trains a new model from nothing, on your recordings alone.", ""
    shares = sum(STAGES[name].time_share for name in names) or 1.0
    parts = [f"{TITLES[name]} {ago(60 * minutes * STAGES[name].time_share / shares)}" for name in names]
    if not names:
        return f'<p class="note wrong">Fine-tuning leaves {_listed([stage])} as it is: choose another stage.</p>'
    how_long = (
        f"At most {ago(60 * minutes)} on {device}: about {', '.join(parts)}; reading the recordings comes before."
        if minutes > 0
        else f"{_listed(names)} on {device}, for as long as the recipe says: hours to days on a CPU."
    )
    end = f"You can stop and go on at any time. The model is left in runs/{name or '…'}/model, beside the others."
    return "".join(f'<p class="note">{escape(words)}</p>' for words in (first + kept, how_long, end))


def _listed(names: list[str]) -> str:
    return " and ".join(", ".join(TITLES[name] for name in names).rsplit(", ", 1))


def curves(stage: StageView | None) -> str:
    """All values of a stage's events over its steps."""
    if stage is None or not stage.has_started:
        return '<p class="note">The loss curves appear here after the first ten steps.</p>'
    training, held_out = (
        {name: points for name, points in _series(stage, kind).items() if name not in NOT_PLOTTED}
        for kind in ("step", "validation")
    )
    names = dict.fromkeys([*held_out, *training])
    pictures = "".join(curve_svg(name, training.get(name, []), held_out.get(name, [])) for name in names)
    return f'<div class="curves">{pictures}</div>' if pictures else curves(None)


def _series(stage: StageView, kind: str) -> dict[str, list[tuple[float, float]]]:
    series: dict[str, list[tuple[float, float]]] = {}
    for event in stage.events:
        if event["kind"] == kind:
            for name, value in event.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    series.setdefault(name, []).append((event["step"], value))
    return series


def samples(stage: StageView | None) -> dict[str, Any]:
    """The pictures and sounds that a stage has left, oldest first."""
    kept, folder = [], stage.folder if stage else Path()
    for event in stage.events if stage else []:
        if event["kind"] != "show":
            continue
        files = {title: folder / name for title, name in event.get("files", {}).items()}
        files = {
            title: path
            for title, path in files.items()
            if path.is_file() and path.resolve().is_relative_to(folder.resolve())
        }
        if files:
            sorts: dict[str, list] = {"sounds": [], "pictures": []}
            for title, path in files.items():
                sort = "sounds" if path.suffix in SOUNDS else "pictures"
                sorts[sort].append({"title": escape(title), "file": served(path)})
            kept.append({"step": event["step"], **sorts})
    return {"samples": kept}


def log(run: RunView | None) -> str:
    """The last lines of what the process said."""
    lines = run.log() if run else []
    return f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else '<p class="note">Nothing has been said yet.</p>'


def dataset_table(dataset: Dataset) -> str:
    """What was found of each class, and what was left out and why."""
    train, held_out = dataset.counts(TRAIN), dataset.counts(VALIDATION)
    rows = "".join(
        f'<tr class="{"" if train[kind] else "none"}"><th>{escape(kind.title)}</th>'
        f"<td>{train[kind]}</td><td>{held_out[kind]}</td></tr>"
        for kind in Category
    )
    table = f'<table class="found"><tr><th></th><td>train</td><td>held out</td></tr>{rows}</table>'
    warnings = "".join(f'<p class="note">{escape(warning)}</p>' for warning in dataset.warnings())
    if not dataset.left_out:
        return table + warnings
    reasons = "".join(f"<li>{escape(reason)}</li>" for _, reason in dataset.left_out[:200])
    number = len(dataset.left_out)
    return (
        f'{table}{warnings}<details class="left-out"><summary>{number} left out</summary><ul>{reasons}</ul></details>'
    )
