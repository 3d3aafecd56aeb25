"""The stages in their order: which are trained, for how long, and what is done when one has ended."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import torch
from accelerate import PartialState

from foley.presets import STAGES, Preset, built_on
from foley.runs.events import read_events
from foley.runs.view import EVENTS, StageView
from training.checkpoints import LATEST
from training.controls import measured
from training.corpus import Corpus
from training.events import Events
from training.loop import PATIENCE, STEPS, STOPPED, Outcome, train
from training.run import Run
from training.settings import LoopSettings
from training.stages.base import CorpusStage
from training.stages.codes_to_waveform import CodesToWaveformStage
from training.stages.decoder import DecoderStage
from training.stages.diffusion import DiffusionStage
from training.stages.encoder import EncoderStage
from training.stages.hifigan import HiFiGANStage
from training.stages.prior import PriorStage
from training.stages.vocoder import VocoderStage
from training.stages.vqvae import VQVAEStage
from training.stop import Stop

LONGEST_WAIT = timedelta(days=1)  # of the other processes, while the first one fills a cache
STAGE_TYPES = {stage.name: stage for stage in (EncoderStage, VQVAEStage, PriorStage, DecoderStage, VocoderStage)}


def stage_type(preset: Preset, name: str) -> type[CorpusStage]:
    """The class that trains a stage of a preset."""
    if name == "vocoder" and preset.training.vocoder.objective == "hifigan":
        return HiFiGANStage
    if name == "vocoder" and preset.training.vocoder.decoder_weight:
        return CodesToWaveformStage
    if name == "prior" and preset.prior.kind == "diffusion":
        return DiffusionStage
    return STAGE_TYPES[name]


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
    fad_every: int | None = None
    stop: Stop = field(default_factory=Stop)


def start_processes(device: str) -> PartialState:
    """Join the processes of this training: one, or as many as a launcher has started."""
    return PartialState(cpu=device == "cpu", timeout=LONGEST_WAIT)


def train_stages(run: Run, names: tuple[str, ...], limits: Limits) -> str:
    """Train stages one after the other; the minutes are shared out between them. Returns why the last one ended.

    Of several stages, those that are finished are passed over, and those that later ones are built on already.
    """
    state = start_processes(limits.device)
    with first_alone(state):
        corpus = Corpus(run, state.device)  # pyright: ignore[reportArgumentType]  None only before the state is set up
        if state.is_main_process:
            print(corpus.dataset.summary(), flush=True)
    if len(names) > 1:
        names = tuple(name for name in names if not _is_left(corpus, name, limits))
    if not names:
        return STEPS
    whole = sum(STAGES[name].time_share for name in names)
    outcome = Outcome("", 0)
    _warn_of_what_is_built_on(run, names, state)
    for name in names:
        outcome = train_stage(corpus, name, replace(limits, minutes=limits.minutes * STAGES[name].time_share / whole))
        if outcome.reason == STOPPED:
            break
    return outcome.reason


def _warn_of_what_is_built_on(run: Run, names: tuple[str, ...], state: PartialState) -> None:
    """Say which stages have to be trained again afterwards, because one that they are built on changes."""
    later = [
        other
        for other in STAGES
        if other not in names and _view(run, other).has_started and any(other in built_on(name) for name in names)
    ]
    if later and state.is_main_process:
        print(f"Built on what is trained now, and to be trained again after it: {', '.join(later)}.", flush=True)


def _is_left(corpus: Corpus, name: str, limits: Limits) -> bool:
    """Whether `all` leaves a stage as it is, and says so."""
    run = corpus.run
    recipe, view = run.preset.training.of(name), _view(run, name)
    if name != "encoder" and not recipe.is_used:
        print(f"{name}: no part of the recipe of {run.preset.name}.")
        return True
    if not (run.model / f"{STAGES[name].weights}.safetensors").is_file():
        return False
    if run.options.init_from and STAGES[name].defines_codes:
        print(f"{name}: left as it is in {run.options.init_from}: its codes are what the prior knows.")
        return True
    if name == "decoder" and not view.has_started:
        return False  # the file is the VQ-VAE's own
    later = [other for other in built_on(name) if _view(run, other).has_started]
    if name == "encoder" and not _learns_encoder(run.preset):
        finished = bool(view.newest("finish"))
    else:
        enough = view.step >= settings_of(corpus, name, limits).steps
        finished = view.is_finished and (enough or view.newest("end").get("reason") == PATIENCE)
    if finished:
        print(f"{name}: finished after {view.step} steps.")
    elif later and not view.newest("end").get("finish_pending"):
        print(f"{name}: left as it is, because {later[0]} is built on it. Train it by its name to change it.")
        return True
    return finished


def _learns_encoder(preset: Preset) -> bool:
    """Whether there is an encoder to train: MERT comes trained, and a mel alone has none."""
    return preset.encoder.kind == "builtin"


def _view(run: Run, name: str) -> StageView:
    return StageView(name, run.stage(name), read_events(run.stage(name) / EVENTS))


@contextmanager
def first_alone(state: PartialState) -> Iterator[None]:
    """The main process first, the others when it is through: they find its caches filled."""
    with state.main_process_first():
        yield


def train_stage(corpus: Corpus, name: str, limits: Limits) -> Outcome:
    """Train a stage, and do what is left to do when it has ended: its `finish`, where it has one.

    That a stage is finished is noted behind its last event, so that a kill before it is made good by the next start.
    """
    kind, outcome = stage_type(corpus.preset, name), Outcome(STEPS, 0)
    if name != "encoder" or _learns_encoder(corpus.preset):
        outcome = _train(corpus, limits, name)
    if outcome.reason != STOPPED and kind.finish and PartialState().is_main_process:
        kind.finish(corpus)
        Events(corpus.run.stage(name) / EVENTS).write("finish", step=outcome.step)
    PartialState().wait_for_everyone()
    return outcome


def make_stage(corpus: Corpus, name: str) -> CorpusStage:
    """A stage on what those before it have left in the run; its caches are filled here."""
    return stage_type(corpus.preset, name).of(corpus)


def _train(corpus: Corpus, limits: Limits, name: str) -> Outcome:
    run = corpus.run
    with first_alone(PartialState()):
        torch.manual_seed(run.options.seed)  # of weights that are drawn
        stage = make_stage(corpus, name)
    return train(stage, settings_of(corpus, name, limits), run.stage(name), limits.minutes, limits.stop)


def settings_of(corpus: Corpus, name: str, limits: Limits) -> LoopSettings:
    """A stage's settings: its recipe, what the run was asked for, and what this start of it was."""
    options, kind = corpus.run.options, stage_type(corpus.preset, name)
    changes = {
        "batch": options.batch or None,
        "learning_rate": options.learning_rate or None,
        "accumulation": options.accumulation,
        "seed": options.seed,
        "precision": options.precision,
        "validate_first": bool(options.init_from),
        "steps": limits.steps,
        "interval": limits.interval,
        "kept": limits.kept,
        "device": limits.device,
        "resume_from": limits.resume_from,
        "trackers": limits.trackers,
        "fad_every": limits.fad_every,
    }
    clips = len(kind.training_clips(corpus))
    return LoopSettings.of(corpus.preset.training.of(name), clips, PartialState().num_processes, changes)


def compute_codes(run: Run, device: str = "auto") -> tuple[int, ...]:
    """Compute the codes of all recordings, for the prior to be trained on. Returns their shape."""
    state = start_processes(device)
    corpus = Corpus(run, state.device)  # pyright: ignore[reportArgumentType]  None only before the state is set up
    return corpus.codes(run.load_cembed(), run.load_vqvae()).shape


def prepare(run: Run) -> tuple[int, ...]:
    """Compute what needs no network: varied recordings, their levels and controls. Returns the recordings' shape."""
    corpus = Corpus(run)
    corpus.levels(floor=True)
    if run.preset.prior.knob_bins or run.preset.prior.contour:
        measured(corpus)
    return corpus.waveforms(floor=False).shape
