"""The stages in their order: what each needs of those before it, and what it leaves in the run's model folder."""

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
from accelerate import PartialState

from foley.checkpoints import CONFIG, STAGES, load_stage, save_stage
from foley.evaluation.report import Report
from foley.features.cembed import CEmbed
from foley.features.encoder import load_mert
from foley.models.vqvae import VQVAE
from foley.plots import write_png
from foley.runs.view import TRAINED, StageView, read_events
from foley.system.files import replacing, write_text
from training.card import CARD, CURVES, card_of, curves, model_card
from training.checkpoints import LATEST
from training.class_head import fit_class_head
from training.corpus import Corpus, recall
from training.loop import PATIENCE, STEPS, STOPPED, Outcome, Stage, train
from training.run import Run
from training.stages.decoder import DecoderStage
from training.stages.encoder import EncoderStage, fit_cembed
from training.stages.prior import PriorStage
from training.stages.vocoder import VocoderStage
from training.stages.vqvae import VQVAEStage
from training.stop import Stop

STAGE_NAMES = TRAINED
TIME_SHARES = {"encoder": 0.15, "vqvae": 0.25, "prior": 0.3, "decoder": 0.1, "vocoder": 0.2}
BUILT_ON = {
    "encoder": ("vqvae", "prior", "decoder", "vocoder"),
    "vqvae": ("prior", "decoder", "vocoder"),
    "prior": (),
    "decoder": ("vocoder",),
    "vocoder": (),
}
CODING = ("encoder", "vqvae")  # stages that later ones of a checkpoint, too, are built on
PRODUCTS = {
    "encoder": "cembed",
    "decoder": "vqvae",
}  # files of another name
LONGEST_WAIT = timedelta(days=1)  # of the other processes, while the first one fills a cache


@dataclass(frozen=True)
class Limits:
    """Where and how a training ends at the latest, and what may change from one start of a run to the next."""

    minutes: float = math.inf
    steps: int | None = None
    interval: int | None = None
    kept: int | None = None
    device: str = "auto"
    resume_from: str = LATEST
    trackers: tuple[str, ...] = ()
    stop: Stop = field(default_factory=Stop)


def start_processes(device: str) -> PartialState:
    """Join the processes of this training: one, or as many as a launcher has started."""
    return PartialState(cpu=device == "cpu", timeout=LONGEST_WAIT)


def train_stages(run: Run, names: tuple[str, ...], limits: Limits) -> str:
    """Train stages one after the other; the minutes are shared out between them. Returns why the last one ended.

    Of several stages, those that are finished are passed over, and those that later ones are built on already.
    """
    if len(names) > 1:
        names = tuple(name for name in names if not _is_left(run, name, limits.steps))
    if not names:
        return STEPS
    state = start_processes(limits.device)
    with first_alone(state):
        corpus = Corpus(run, state.device)
        if state.is_main_process:
            print(corpus.dataset.summary(), flush=True)
    whole = sum(TIME_SHARES[name] for name in names)
    outcome = Outcome("", 0)
    _warn_of_what_is_built_on(run, names, state)
    for name in names:
        outcome = TRAINERS[name](corpus, replace(limits, minutes=limits.minutes * TIME_SHARES[name] / whole))
        if outcome.reason == STOPPED:
            break
    return outcome.reason


def _warn_of_what_is_built_on(run: Run, names: tuple[str, ...], state: PartialState) -> None:
    """Say which stages have to be trained again afterwards, because one that they are built on changes."""
    trained = [name for name in STAGE_NAMES if (run.stage(name) / "events.jsonl").is_file()]
    later = [other for other in trained if other not in names and any(other in BUILT_ON[name] for name in names)]
    if later and state.is_main_process:
        print(f"Built on what is trained now, and to be trained again after it: {', '.join(later)}.", flush=True)


def _is_left(run: Run, name: str, most_steps: int | None) -> bool:
    """Whether `all` leaves a stage as it is, and says so."""
    if not (run.model / f"{PRODUCTS.get(name, name)}.safetensors").is_file():
        return False
    if run.options.start and name in CODING:
        print(f"{name}: left as it is in {run.options.start}: its codes are what the prior knows.")
        return True
    later = [other for other in BUILT_ON[name] if (run.stage(other) / "events.jsonl").is_file()]
    if name == "decoder" and not (run.stage(name) / "events.jsonl").is_file():
        return False  # the file is the VQ-VAE's own
    view = StageView(name, run.stage(name), read_events(run.stage(name) / "events.jsonl"))
    wanted = min(SETTINGS[name].steps, most_steps or math.inf)
    finished = view.last.get("reason") == PATIENCE or (view.last.get("kind") == "end" and view.step >= wanted)
    if finished:
        print(f"{name}: finished after {view.step} steps.")
    elif later:
        print(f"{name}: left as it is, because {later[0]} is built on it. Train it by its name to change it.")
    return finished or bool(later)


@contextmanager
def first_alone(state: PartialState) -> Iterator[None]:
    """The main process first, the others when it is through: they find its caches filled."""
    with state.main_process_first():
        yield


def train_encoder(corpus: Corpus, limits: Limits) -> Outcome:
    """The encoder (where the preset has one of ours), then its projection and the rows' statistics."""
    outcome = Outcome(STEPS, 0)
    if corpus.preset.encoder.kind == "builtin":
        outcome = _train(corpus, limits, "encoder")
    if PartialState().is_main_process and outcome.reason != STOPPED:
        fit_statistics(corpus)
    PartialState().wait_for_everyone()
    return outcome


def train_vqvae(corpus: Corpus, limits: Limits) -> Outcome:
    """The VQ-VAE, then its class head, where it has one, to the end."""
    outcome = _train(corpus, limits, "vqvae")
    if PartialState().is_main_process and outcome.reason != STOPPED and corpus.preset.vqvae.class_head:
        vqvae = load_vqvae(corpus.run)
        fit_class_head(corpus, load_cembed(corpus.run), vqvae)
        save_stage(corpus.run.model, "vqvae", vqvae.cpu().state_dict())
    PartialState().wait_for_everyone()
    return outcome


def make_stage(corpus: Corpus, name: str) -> Stage:
    """A stage on what those before it have left in the run; its caches are filled here."""
    if name == "encoder":
        return EncoderStage(corpus)
    run, cembed = corpus.run, load_cembed(corpus.run)
    if name == "vqvae":
        return VQVAEStage(corpus, cembed)
    if name == "vocoder":
        has_vqvae = (run.model / "vqvae.safetensors").is_file()
        return VocoderStage(corpus, cembed, load_vqvae(run) if has_vqvae else None)
    return {"prior": PriorStage, "decoder": DecoderStage}[name](corpus, cembed, load_vqvae(run))


def _train(corpus: Corpus, limits: Limits, name: str) -> Outcome:
    with first_alone(PartialState()):
        torch.manual_seed(corpus.run.options.seed)  # of weights that are drawn
        stage = make_stage(corpus, name)
    options, settings = stage.corpus.run.options, stage.settings
    changes = {
        "learning_rate": options.learning_rate or None,
        "steps": None if limits.steps is None else min(settings.steps, limits.steps),
        "interval": limits.interval,
        "kept": limits.kept,
    }
    settings = replace(
        settings,
        seed=options.seed,
        precision=options.precision,
        accumulation=options.accumulation,
        device=limits.device,
        resume_from=limits.resume_from,
        trackers=limits.trackers,
        validate_first=bool(options.start),
        **{name: value for name, value in changes.items() if value is not None},
    )
    return train(stage, settings, stage.corpus.run.stage(stage.name), limits.minutes, limits.stop)


def compute_codes(run: Run, device: str = "auto") -> tuple[int, ...]:
    """Compute the codes of all recordings, for the prior to be trained on. Returns their shape."""
    corpus = Corpus(run, start_processes(device).device)
    return corpus.codes(load_cembed(run), load_vqvae(run)).shape


def fit_statistics(corpus: Corpus) -> CEmbed:
    """CEmbed with the best encoder so far, fitted and saved."""
    run = corpus.run
    cembed = CEmbed(run.preset)
    if run.preset.encoder.kind == "mert":
        cembed.encoder = load_mert(run.preset.encoder)
    elif cembed.encoder is not None:
        load_stage(run.stage("encoder"), "network", cembed.encoder.network)
    fit_cembed(corpus, cembed.eval())
    save_stage(run.model, "cembed", cembed.state_dict())
    return cembed


def load_cembed(run: Run) -> CEmbed:
    return load_stage(run.model, "cembed", CEmbed(run.preset))


def load_vqvae(run: Run) -> VQVAE:
    return load_stage(run.model, "vqvae", VQVAE(run.preset.vqvae))


def export(run: Run, target: Path, report: Report | None = None) -> Path:
    """Copy a run's finished model to a checkpoint folder, with its card. Raises ValueError when a stage is missing.

    `report` is of an evaluation of that model, for the card.
    """
    missing = [stage for stage in STAGES if not (run.model / f"{stage}.safetensors").is_file()]
    if missing:
        raise ValueError(f"{run.folder} has no trained {missing[0]} yet: train it, then export.")
    for name in (CONFIG, *(f"{stage}.safetensors" for stage in STAGES)):
        with replacing(target / name) as temporary:
            shutil.copyfile(run.model / name, temporary)
    figure = curves(run, STAGE_NAMES)
    if figure is not None:
        with replacing(target / CURVES) as temporary:
            write_png(figure, temporary)
    write_text(target / CARD, model_card(run, recall(run), STAGE_NAMES, report, before=card_of(target)))
    return target


SETTINGS = {stage.name: stage.settings for stage in (EncoderStage, VQVAEStage, PriorStage, DecoderStage, VocoderStage)}
TRAINERS = {name: partial(_train, name=name) for name in STAGE_NAMES} | {
    "encoder": train_encoder,
    "vqvae": train_vqvae,
}
