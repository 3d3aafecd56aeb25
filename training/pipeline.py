"""The stages in their order: what each needs of those before it, and what it leaves in the run's model folder."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from foley.checkpoints import CONFIG, STAGES, load_stage, save_stage
from foley.dataset import load_dataset
from foley.features.cembed import CEmbed
from foley.features.encoder import load_mert
from foley.models.vqvae import VQVAE
from training.card import model_card
from training.corpus import Corpus
from training.loop import Stage, train
from training.run import Run
from training.stages.encoder import EncoderStage, fit_cembed
from training.stages.prior import PriorStage
from training.stages.vocoder import VocoderStage
from training.stages.vqvae import VQVAEStage

STAGE_NAMES = ("encoder", "vqvae", "prior", "vocoder")
TIME_SHARES = {"encoder": 0.15, "vqvae": 0.3, "prior": 0.3, "vocoder": 0.25}


@dataclass(frozen=True)
class Limits:
    """Where a stage's training ends at the latest."""

    minutes: float
    steps: int | None = None


def train_stages(run: Run, names: tuple[str, ...], max_minutes: float, max_steps: int | None = None) -> None:
    """Train stages one after the other; the minutes are shared out between them."""
    corpus = Corpus(run)
    print(corpus.dataset.summary(), flush=True)
    whole = sum(TIME_SHARES[name] for name in names)
    for name in names:
        TRAINERS[name](corpus, Limits(max_minutes * TIME_SHARES[name] / whole, max_steps))


def train_encoder(corpus: Corpus, limits: Limits) -> None:
    """The encoder (where the preset has one of ours), then its projection and the rows' statistics."""
    if corpus.preset.encoder.kind == "builtin":
        _train(EncoderStage(corpus), limits)
    fit_statistics(corpus)


def train_vqvae(corpus: Corpus, limits: Limits) -> None:
    _train(VQVAEStage(corpus, load_cembed(corpus.run)), limits)


def train_prior(corpus: Corpus, limits: Limits) -> None:
    _train(PriorStage(corpus, load_cembed(corpus.run), load_vqvae(corpus.run)), limits)


def train_vocoder(corpus: Corpus, limits: Limits) -> None:
    run = corpus.run
    vqvae = load_vqvae(run) if (run.model / "vqvae.safetensors").is_file() else None
    _train(VocoderStage(corpus, load_cembed(run), vqvae), limits)


def _train(stage: Stage, limits: Limits) -> None:
    options = stage.corpus.run.options
    settings = replace(stage.settings, seed=options.seed, precision=options.precision)
    if limits.steps is not None:
        settings = replace(settings, steps=min(settings.steps, limits.steps))
    train(stage, settings, stage.corpus.run.stage(stage.name), limits.minutes)


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


def export(run: Run, target: Path) -> Path:
    """Copy a run's finished model to a checkpoint folder, with its card. Raises ValueError when a stage is missing."""
    missing = [stage for stage in STAGES if not (run.model / f"{stage}.safetensors").is_file()]
    if missing:
        raise ValueError(f"{run.folder} has no trained {missing[0]} yet: train it, then export.")
    target.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, *(f"{stage}.safetensors" for stage in STAGES)):
        temporary = target / f".{name}.tmp"
        shutil.copyfile(run.model / name, temporary)
        temporary.replace(target / name)
    dataset = load_dataset(run.options.data, run.preset.audio, run.options.seed)
    (target / "README.md").write_text(model_card(run, dataset, STAGE_NAMES), encoding="utf-8")
    return target


TRAINERS = {"encoder": train_encoder, "vqvae": train_vqvae, "prior": train_prior, "vocoder": train_vocoder}
