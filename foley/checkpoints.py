"""The one place that reads and writes weights: a folder with `config.json` and one `.safetensors` file a stage."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from foley.presets import Preset
from foley.system.files import replacing, write_text

CONFIG = "config.json"
STAGES = ("cembed", "vqvae", "prior", "vocoder")
FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says which, why, and what to do."""


def find_checkpoint(path_or_hub_name: str | Path) -> Path:
    """The local folder of a checkpoint; a hub name such as `someone/foley` is downloaded when no folder is there.

    Raises CheckpointError when it is neither.
    """
    folder = Path(path_or_hub_name)
    if (folder / CONFIG).is_file():
        return folder
    name = str(path_or_hub_name)
    if folder.exists() or name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise CheckpointError(f"{folder} is no checkpoint: it has no {CONFIG}.")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=[CONFIG, "*.safetensors", "README.md"]))
    except Exception as error:
        raise CheckpointError(
            f"{name} is no local folder and could not be had from the hub ({type(error).__name__})."
        ) from None


def read_config(folder: Path) -> tuple[Preset, dict[str, Any]]:
    """The preset of a checkpoint folder, and everything else its `config.json` says.

    Raises CheckpointError when the file is not one of ours.
    """
    try:
        data = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        preset = Preset.from_dict(data.pop("preset"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is no checkpoint: it has no {CONFIG}.") from None
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError):
        raise CheckpointError(f"{folder / CONFIG} is not the configuration of a foley checkpoint.") from None
    except ValueError as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from None
    return preset, data


def write_config(folder: Path, preset: Preset, **notes: Any) -> None:
    """Write `config.json`; `notes` are kept beside the preset and replace those of the same name."""
    kept = read_config(folder)[1] if (folder / CONFIG).is_file() else {}
    data = {**kept, "format": FORMAT, "preset": preset.to_dict(), **notes}
    write_text(folder / CONFIG, json.dumps(data, indent=2) + "\n")


def save_stage(folder: Path, stage: str, state: dict[str, Tensor]) -> Path:
    """Write a stage's weights (a state dict) as `STAGE.safetensors`, whole or not at all."""
    path = folder / f"{stage}.safetensors"
    weights = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(save(weights, metadata={"format": "pt", "stage": stage}))
    return path


def load_stage(folder: Path, stage: str, module: nn.Module) -> nn.Module:
    """Load a stage's weights into a module and set it to `eval()`.

    Raises CheckpointError when the file is missing, broken, or of another network.
    """
    path = folder / f"{stage}.safetensors"
    if not path.is_file():
        raise CheckpointError(f"{folder} has no {path.name}: train that stage, or choose a whole checkpoint.")
    try:
        state = load_file(path)
    except (SafetensorError, OSError, ValueError):
        raise CheckpointError(f"{path} is broken: copy it again from where it came.") from None
    state = {name: value.to(module.state_dict().get(name, value).dtype) for name, value in state.items()}
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise CheckpointError(f"{path} holds weights that are no numbers: train that stage again from an earlier one.")
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError:
        raise CheckpointError(f"{path} does not fit the preset in {folder / CONFIG}.") from None
    return module.eval()


def read_licence(folder: Path) -> str:
    """The licence that a checkpoint's model card (`README.md`) states for the weights, or "not stated"."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    head = text.split("---")[1] if text.startswith("---") and text.count("---") > 1 else ""
    lines = dict(line.split(":", 1) for line in head.splitlines() if ":" in line)
    for name in ("license_name", "license"):
        if lines.get(name, "").strip():
            return lines[name].strip().strip("\"'")
    return "not stated"


def checkpoint_hash(folder: Path) -> str:
    """A short name of exactly these weights and settings."""
    digest = hashlib.sha256()
    for name in (CONFIG, *(f"{stage}.safetensors" for stage in STAGES)):
        path = folder / name
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
