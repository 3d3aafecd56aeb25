"""A run's model as a checkpoint folder, with its card."""

import shutil
from pathlib import Path

from foley.checkpoints import CONFIG
from foley.evaluation.report import Report
from foley.plots import write_png
from foley.presets import WEIGHTS
from foley.system.files import replacing, write_text
from training.card import CARD, CURVES, card_of, curves, model_card
from training.corpus import recall
from training.run import Run


def export(run: Run, target: Path, report: Report | None = None) -> Path:
    """Copy a run's finished model to a checkpoint folder, with its card. Raises ValueError when a stage is missing.

    `report` is of an evaluation of that model, for the card.
    """
    missing = [stage for stage in WEIGHTS if not (run.model / f"{stage}.safetensors").is_file()]
    if missing:
        raise ValueError(f"{run.folder} has no trained {missing[0]} yet: train it, then export.")
    for name in (CONFIG, *(f"{stage}.safetensors" for stage in WEIGHTS)):
        with replacing(target / name) as temporary:
            shutil.copyfile(run.model / name, temporary)
    figure = curves(run)
    if figure is not None:
        with replacing(target / CURVES) as temporary:
            write_png(figure, temporary)
    write_text(target / CARD, model_card(run, recall(run), report, before=card_of(target)))
    return target
