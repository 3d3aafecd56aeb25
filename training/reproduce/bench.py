"""The bench: trains and measures one cell after the other, and keeps what each gave.

The budget of a cell is the processor's time and not the clock's, so that whatever else the machine does makes no cell
poorer: the cost of a step is measured first, and gives the number of steps. A cell that was stopped begins anew, one
that was finished with the same plan is not trained again.
"""

import copy
import csv
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from foley.categories import Category
from foley.checkpoints import checkpoint_hash, load_stage, read_config, save_stage, write_config
from foley.dataset import TRAIN, VALIDATION, clip_file, load_dataset
from foley.evaluation.embedders.registry import load_embedder
from foley.evaluation.evaluate import EvaluationProgress, EvaluationSettings, evaluate
from foley.evaluation.report_files import save_report
from foley.features.cembed import CEmbed
from foley.features.encoder import load_mert
from foley.models.prior import make_prior
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.pipeline import Foley
from foley.presets import WEIGHTS
from foley.system.devices import choose_device
from foley.system.files import write_text
from training.batches import device_of, to_device
from training.cache import Cache, digest
from training.corpus import Corpus
from training.loop import train
from training.pipeline import stage_type
from training.reproduce.cells import Cell, Design
from training.run import Options, Run
from training.stage import Stage
from training.stages.base import CorpusStage
from training.stages.statistics import fit_cembed
from training.stages.vqvae import VQVAEStage

OnStep = Callable[[EvaluationProgress], None]

TIMED_STEPS = 4
WARM_UP = 20  # steps of a rising learning rate: budgets may be as small as a hundred
AVERAGE_DECAY = 0.95  # of the weights' moving average, for the same reason


@dataclass(frozen=True)
class Plan:
    """What a reproduction rests on: `minutes` of processor time a cell, clips of each class, takes of each class.

    Without minutes every cell is trained by its preset's whole recipe; without a number all clips are used. `encoder`
    is the checkpoint whose encoder and statistics make the CEmbeds, `embedder` what hears the takes.
    """

    data: str
    encoder: str
    minutes: float | None = 10.0
    clips: int | None = None
    held_out: int | None = None
    takes: int = 32
    draws: int = 200
    embedder: str = "aisfx"


class Bench:
    """The state of a reproduction in a folder: the clips used, caches, cells by seed, models, evaluations."""

    def __init__(self, folder: Path, plan: Plan):
        self.folder, self.plan = Path(folder), plan
        self.data = self._choose_clips()
        self._basis = [asdict(plan), checkpoint_hash(Path(plan.encoder))]

    def cell(self, cell: Cell, seed: int) -> dict[str, Any]:
        """Train and measure a cell, or read what it gave before."""
        place, key = self._place(cell.name, seed), digest(asdict(cell), self._basis, seed)
        kept = _read(place / "result.json", key)
        if kept is not None:
            return kept
        shutil.rmtree(place, ignore_errors=True)
        torch.manual_seed(seed)
        run = Run.create(place, cell.preset, Options(str(self.data), seed=seed, views=1))
        run.cache = Cache(self.folder / "cache")
        corpus = Corpus(run)
        cembed = self._cembed(corpus)
        stage = self._stage(cell, corpus, cembed, seed)
        stage.log_samples = lambda model, folder: {}  # pictures and sounds would only take time
        steps = self._steps(cell, stage, seed)
        began, spent = time.monotonic(), time.process_time()
        with torch.enable_grad():
            train(stage, self._settings(stage, steps, seed), run.stage(stage.name))
        trained = _trained(cell, run).to(device_of(stage.parts))
        result = {
            "key": key,
            "cell": cell.name,
            "stage": cell.stage,
            "preset": cell.preset.name,
            "seed": seed,
            "steps": steps,
            "parameters": sum(parameter.numel() for parameter in next(iter(stage.parts.values())).parameters()),
            "processor_minutes": round((time.process_time() - spent) / 60, 2),
            "minutes": round((time.monotonic() - began) / 60, 2),
            "clips": {"train": len(corpus.train), "validation": len(corpus.validation)},
            "train": measure(stage, trained, _spread(corpus.train, len(corpus.validation))),
            "validation": measure(stage, trained, corpus.validation),
        }
        shutil.rmtree(run.stage(stage.name) / "checkpoints", ignore_errors=True)
        write_text(place / "result.json", json.dumps(result, indent=2) + "\n")
        return result

    def design(
        self, design: Design, presets: dict[str, Cell], seed: int, on_step: OnStep = lambda step: None
    ) -> dict[str, Any]:
        """Put a design's cells together to a model, and evaluate it as `python -m foley evaluate` does."""
        place, key = self._place(design.name, seed), digest(asdict(design), self._basis, seed, "evaluated")
        kept = _read(place / "result.json", key)
        if kept is not None:
            return kept
        preset = replace(
            presets[design.vqvae].preset, prior=presets[design.prior].preset.prior, name=f"reproduced-{design.name}"
        )
        model = place / f"{design.name}-{seed}"
        write_config(model, preset)
        sources = {"cembed": design.vqvae, "vqvae": design.vqvae, "prior": design.prior, "vocoder": design.vocoder}
        for name in WEIGHTS:
            shutil.copyfile(
                self._place(sources[name], seed) / "model" / f"{name}.safetensors", model / f"{name}.safetensors"
            )
        settings = EvaluationSettings(self.plan.takes, draws=self.plan.draws, parts=("vocoder", "reconstructed"))
        kept = self.folder / "evaluation"
        embedder = load_embedder(self.plan.embedder, cache=kept / "embeddings")
        report = evaluate(Foley.from_pretrained(model), self.data, kept, settings, embedder, on_progress=on_step)
        save_report(report, place)
        result = {"key": key, "design": design.name, "seed": seed, "report": json.loads(report.to_json())}
        write_text(place / "result.json", json.dumps(result, indent=2) + "\n")
        return result

    def _choose_clips(self) -> Path:
        """A dataset folder of the plan's clips, in the corpus's split: links to them, and a manifest."""
        folder = self.folder / "data"
        audio = read_config(Path(self.plan.encoder))[0].audio
        dataset = load_dataset(self.plan.data, audio)
        rows = []
        for split, wanted in ((TRAIN, self.plan.clips), (VALIDATION, self.plan.held_out)):
            for category in Category:
                clips = [clip for clip in dataset.of(split) if clip.category is category]
                for index in _spread(torch.arange(len(clips)), wanted or len(clips)).tolist():
                    file = clip_file(clips[index], self.folder / "unpacked")
                    name = f"{split}/{category.name}/{index:05d}{file.suffix}"
                    _link(file.resolve(), folder / name)
                    rows.append((name, category.name, split, clips[index].group))
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("file", "category", "split", "source_group"))
            writer.writerows(rows)
        return folder

    def _cembed(self, corpus: Corpus) -> CEmbed:
        """The CEmbed of a cell's preset: the given encoder and statistics where the mel is the same, else fitted."""
        source = Path(self.plan.encoder)
        preset, given = corpus.preset, read_config(source)[0]
        cembed = CEmbed(preset).eval()
        if preset.encoder.kind == "mert":
            cembed.encoder = load_mert(preset.encoder)
            fit_cembed(corpus, cembed)
        elif (preset.audio, preset.mel) != (given.audio, given.mel):
            fit_cembed(corpus, cembed)
        else:
            theirs = load_stage(source, "cembed", CEmbed(given))
            if preset.encoder == given.encoder:
                cembed = theirs
            else:  # the mel alone, standardised in the same way
                cembed.mean.copy_(theirs.mean[: preset.rows])
                cembed.scale.copy_(theirs.scale[: preset.rows])
        save_stage(corpus.run.model, "cembed", cembed.state_dict())
        return cembed

    def _stage(self, cell: Cell, corpus: Corpus, cembed: CEmbed, seed: int) -> CorpusStage:
        if cell.stage == "vqvae":
            return VQVAEStage(corpus, cembed)
        vqvae = VQVAE(cell.preset.vqvae)
        vqvae = load_stage(self._place(cell.codes_of, seed) / "model", "vqvae", vqvae)
        kind: Any = stage_type(cell.preset, cell.stage)
        return kind(corpus, cembed, vqvae)

    def _steps(self, cell: Cell, stage: Stage, seed: int) -> int:
        """How many steps the budget allows; as many as those of the cell that is to be compared with."""
        if cell.steps_of:
            return json.loads((self._place(cell.steps_of, seed) / "result.json").read_text(encoding="utf-8"))["steps"]
        if self.plan.minutes is None:
            return stage.settings.steps
        return max(1, round(60 * self.plan.minutes / seconds_a_step(stage)))

    def _settings(self, stage: Stage, steps: int, seed: int) -> Any:
        if self.plan.minutes is None:
            return replace(stage.settings, seed=seed)
        decay = AVERAGE_DECAY if stage.settings.average_decay else 0.0
        return replace(
            stage.settings,
            steps=steps,
            seed=seed,
            interval=steps,
            cycle_up=WARM_UP,
            average_decay=decay,
            precision="no",
        )

    def _place(self, name: str, seed: int) -> Path:
        return self.folder / f"seed-{seed}" / name.replace(", ", "-").replace(" ", "-")


def _link(recording: Path, place: Path) -> None:
    """Put a recording into a folder: as a link, or as a copy where the file system has none."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    try:
        place.symlink_to(recording)
    except OSError:
        shutil.copyfile(recording, place)


def seconds_a_step(stage: Stage) -> float:
    """What a step of a stage costs in seconds: of the processors, or of the clock where a GPU does the work.

    It is measured where the stage will be trained. Nothing of it stays: neither gradients nor what a codebook learned.
    """
    device = choose_device(stage.settings.device)
    stage.to(device)
    stage.parts.to(device)
    before = copy.deepcopy(stage.parts.state_dict())
    clock = time.process_time if device.type == "cpu" else time.monotonic
    for step in range(-1, TIMED_STEPS):
        if step == 0:
            began = clock()
        for optimizer_step in stage.training_steps(to_device(stage.batch(max(step, 0)), device)):
            optimizer_step.loss.backward()
        float(optimizer_step.loss.detach())  # a GPU is still at work when its orders are given: wait for the value
    cost = (clock() - began) / TIMED_STEPS
    stage.parts.zero_grad(set_to_none=True)
    stage.parts.load_state_dict(before)
    return cost


@torch.no_grad()
def measure(stage: CorpusStage, model: nn.Module, clips: Tensor) -> dict[str, float]:
    """A stage's validation on any clips, given by their numbers: training and held-out ones are measured alike."""
    stage = copy.copy(stage)
    stage.corpus = copy.copy(stage.corpus)
    stage.corpus.validation = clips
    return {name: float(value) for name, value in stage.validate(model.eval()).items() if name != "score"}


def _trained(cell: Cell, run: Run) -> nn.Module:
    preset = cell.preset
    if cell.stage == "vqvae":
        model: nn.Module = VQVAE(preset.vqvae)
    elif cell.stage == "prior":
        model = make_prior(preset)
    else:
        model = Vocoder(preset)
    return load_stage(run.model, cell.stage, model)


def _spread(available: Tensor, wanted: int) -> Tensor:
    """At most `wanted` of a row of numbers, evenly spread over it."""
    return available[torch.linspace(0, len(available) - 1, min(wanted, len(available))).long()]


def _read(path: Path, key: str) -> dict[str, Any] | None:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return result if result.get("key") == key else None
