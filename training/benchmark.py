"""How fast every stage trains on this machine: seconds a step in bfloat16 and float32, and how much of it is data."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from accelerate.state import AcceleratorState

from foley.audio.files import write_audio
from foley.categories import Category
from foley.presets import STAGES, Preset
from training.corpus import Corpus
from training.loop import Loop
from training.pipeline import Limits, make_stage, settings_of, train_stages
from training.run import Options, Run
from training.stop import Stop

WARM_UP = 2  # steps that are not counted
PRECISIONS = ("bf16", "no")
CLIPS = 6  # noises of each class: training is as fast on them as on dogs


@dataclass(frozen=True)
class Pace:
    """A stage in a precision: seconds a step, the share of it in which data is drawn, and clips of a batch."""

    stage: str
    precision: str
    seconds_a_step: float
    data_share: float


def benchmark(preset: Preset, steps: int = 5, device: str = "auto") -> Iterator[Pace]:
    """Train every stage for a few steps, in a run of noises that is thrown away."""
    with tempfile.TemporaryDirectory() as place:
        run = _throwaway_run(Path(place), preset)
        for name in STAGES:
            AcceleratorState._reset_state()  # one precision a process is accelerate's rule, but here they are compared
            train_stages(run, (name,), Limits(steps=1, device=device))
            yield from (pace_of(run, name, precision, steps, device) for precision in PRECISIONS)


def table(paces: Iterable[Pace]) -> Iterator[str]:
    """Markdown, a line for each stage and precision, as they come."""
    yield f"Steps on {torch.get_num_threads()} threads:\n"
    yield "| stage | precision | s a step | data, % of a step |\n|---|---|---|---|"
    for pace in paces:
        precision = {"no": "float32"}.get(pace.precision, pace.precision)
        yield f"| {pace.stage} | {precision} | {pace.seconds_a_step:.3g} | {100 * pace.data_share:.1f} |"


def pace_of(run: Run, name: str, precision: str, steps: int, device: str) -> Pace:
    """Time a stage whose forerunners are trained already."""
    AcceleratorState._reset_state()
    corpus = Corpus(run)
    settings = replace(settings_of(corpus, name, Limits(steps=10**6, device=device)), precision=precision)
    folder = run.folder / f"{name}-{precision}"
    loop = Loop(make_stage(corpus, name), settings, folder, max_minutes=1e6, stop=Stop())
    for _ in range(WARM_UP):
        loop.step()
    seconds, drawing = loop.progress.seconds, loop.progress.drawing
    for _ in range(steps):
        loop.step()
    seconds, drawing = loop.progress.seconds - seconds, loop.progress.drawing - drawing
    return Pace(name, precision, seconds / steps, drawing / seconds)


def _throwaway_run(place: Path, preset: Preset) -> Run:
    random, audio = np.random.default_rng(0), preset.audio
    for category in Category:
        folder = place / "data" / category.name
        folder.mkdir(parents=True)
        for number in range(CLIPS):
            noise = torch.from_numpy(0.2 * random.standard_normal(audio.samples)).float()
            write_audio(folder / f"{number}.wav", noise, audio.sample_rate, "PCM_16")
    return Run.create(place / "run", preset, Options(str(place / "data"), views=1))
