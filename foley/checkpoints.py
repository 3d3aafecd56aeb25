"""The one place that reads and writes weights: a folder with `config.json` and one `.safetensors` file a stage.

A checkpoint may come from anybody. So its configuration is held to bounds, and every tensor's shape and type, as the
file's header tells them, is compared with the network's before memory is taken for either.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from pydantic_core import from_json
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from foley.audio.metadata import plain_text
from foley.features.cembed import CEmbed
from foley.features.encoder import DeferredEncoder, Encoder
from foley.models.prior import Prior, make_prior
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.presets import WEIGHTS, Preset
from foley.system.files import replacing, write_text

CONFIG = "config.json"
FORMAT = 1
MOST_CONFIG_BYTES = 2**20
LARGEST_WEIGHT = 1e12  # beyond it, no sum of products stays a number
MOST_CARD_CHARACTERS = 2**16  # of a model card that are looked at
MOST_LICENCE_CHARACTERS = 200
Names = Callable[[str], str | None]  # from a weight's name in the file to the module's own
Shapes = dict[str, tuple[tuple[int, ...], str]]  # of tensors by name: shape, and kind of number
_KINDS = {
    "float": ("F64", "F32", "F16", "BF16"),
    "whole": ("I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8"),
    "bool": ("BOOL",),
}
Module = TypeVar("Module", bound=nn.Module)


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
    path = folder / CONFIG
    try:
        with path.open("rb") as file:
            text = file.read(MOST_CONFIG_BYTES + 1)
        data = from_json(text if len(text) <= MOST_CONFIG_BYTES else b"")  # of bounded depth
        form, preset = data.get("format", FORMAT), data.pop("preset")
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is no checkpoint: it has no {CONFIG}.") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from None
    except (KeyError, TypeError, AttributeError, ValueError):
        raise CheckpointError(f"{path} is not the configuration of a foley checkpoint.") from None
    if form != FORMAT:
        raise CheckpointError(f"{path} was written by another version of foley studio: bring this one up to date.")
    try:
        return Preset.from_dict(preset), data
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from None


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


def all_of_it(name: str) -> str | None:
    """The names of a whole stage's weights, as they are."""
    return name


def all_but(part: str) -> Names:
    """The names of a stage's weights without those of a part of it."""
    return lambda name: None if name.startswith(f"{part}.") else name


def only(part: str) -> Names:
    """The names of a part's weights alone, as the part calls them."""
    return lambda name: name.removeprefix(f"{part}.") if name.startswith(f"{part}.") else None


def built_stage(folder: Path, stage: str, build: Callable[[], Module], names: Names = all_of_it) -> Module:
    """The module that `build` gives, with a stage's weights, set to `eval()`.

    It is first built without memory, and compared with the weights' header: no configuration can ask for more than the
    file holds. `names` gives the module's name of a weight in the file, None for one that is no part of the module.
    Raises CheckpointError as `load_stage`.
    """
    try:
        with torch.device("meta"), _Outline():
            outline = build()
    except (ValueError, RuntimeError, TypeError, ArithmeticError, AssertionError, LookupError) as error:
        reason = str(error).split("\n")[0][:200]
        raise CheckpointError(f"{folder / CONFIG} describes a {stage} that cannot be built: {reason}") from None
    _check_header(folder, stage, outline, names)
    return load_stage(folder, stage, build(), names)


class Networks(NamedTuple):
    """The networks of one chain, in the order in which a recording passes them."""

    cembed: CEmbed
    vqvae: VQVAE
    prior: Prior
    vocoder: Vocoder


def read_networks(folder: Path, preset: Preset) -> Networks:
    """The networks of a checkpoint; CEmbed's encoder is read when it first hears something, as no take needs it.

    Raises CheckpointError where one is missing, broken, or not the preset's.
    """

    def encoder() -> Encoder:
        return built_stage(folder, "cembed", lambda: Encoder(preset.encoder), only("encoder"))

    return Networks(
        built_stage(folder, "cembed", lambda: CEmbed(preset, DeferredEncoder(encoder)), all_but("encoder")),
        built_stage(folder, "vqvae", lambda: VQVAE(preset.vqvae)),
        built_stage(folder, "prior", lambda: make_prior(preset)),
        built_stage(folder, "vocoder", lambda: Vocoder(preset)),
    )


def load_stage(folder: Path, stage: str, module: Module, names: Names = all_of_it) -> Module:
    """Load a stage's weights into a module and set it to `eval()`.

    Raises CheckpointError when the file is missing, broken, of another network, or holds what cannot be weights.
    """
    _check_header(folder, stage, module, names)
    path = folder / f"{stage}.safetensors"
    try:
        with safe_open(path, "pt") as file:
            named = {name: names(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
            state = {own: file.get_tensor(name) for name, own in named.items() if own is not None}
    except (SafetensorError, OSError, ValueError):
        raise CheckpointError(f"{path} is broken: copy it again from where it came.") from None
    own_state = module.state_dict()
    state = {name: value.to(own_state[name].dtype) for name, value in state.items()}
    check_weights(state, path)
    module.load_state_dict(state, strict=True)
    return module.eval()


def check_weights(state: dict[str, Tensor], path: Path) -> None:
    """Raises CheckpointError where weights are no numbers, or larger than any network's."""
    for name, value in state.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(
                f"{path} holds weights that are no numbers: train that stage again from an earlier one."
            )
        if value.is_floating_point() and value.numel() and value.abs().max() > LARGEST_WEIGHT:
            raise CheckpointError(f"{path} holds weights of {float(value.abs().max()):.1e} in {name}: it is damaged.")


def shapes_of(state: dict[str, Tensor]) -> Shapes:
    """Shape and kind of number (`float`, `whole`, `bool`) of every tensor of a state dict."""
    return {
        name: (tuple(value.shape), "float" if value.is_floating_point() else _whole_or_bool(value))
        for name, value in state.items()
    }


def misfit(expected: Shapes, given: Shapes) -> str | None:
    """In words, the first thing that is wrong with tensors given for a network that expects others; None if nothing."""
    for name in sorted(expected.keys() | given.keys()):
        if name not in given:
            return f"it has no {name}"
        if name not in expected:
            return f"it has {name}, which the network has not"
        (wanted, kind), (shape, given_kind) = expected[name], given[name]
        if wanted != shape:
            return f"{name} is {list(shape)}, and the network's is {list(wanted)}"
        if kind != given_kind:
            return f"{name} holds numbers of another type than the network's"
    return None


class _Outline(TorchFunctionMode):
    """Spares the meta device what torch imports its compiler for, which takes a second: windows and counts are made on
    the CPU, and what draws or scales values changes no shape.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        if func is Tensor.mul and not isinstance(args[1], Tensor):
            return torch.empty_like(args[0])
        if func is torch.randn:
            func = torch.empty
        if func in (torch.arange, torch.hann_window) and kwargs.get("device") is None:
            kwargs = {**kwargs, "device": "cpu"}
        return func(*args, **kwargs)


def _check_header(folder: Path, stage: str, module: nn.Module, names: Names) -> None:
    path = folder / f"{stage}.safetensors"
    if not path.is_file():
        raise CheckpointError(f"{folder} has no {path.name}: train that stage, or choose a whole checkpoint.")
    given: Shapes = {}
    try:
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                own = names(name)
                if own is None:
                    continue
                tensor = file.get_slice(name)
                kind = next((kind for kind, types in _KINDS.items() if tensor.get_dtype() in types), "other")
                given[own] = (tuple(tensor.get_shape()), kind)
    except (SafetensorError, OSError, ValueError):
        raise CheckpointError(f"{path} is broken: copy it again from where it came.") from None
    if wrong := misfit(shapes_of(module.state_dict()), given):
        raise CheckpointError(f"{path} does not fit the preset in {folder / CONFIG}: {wrong}.")


def _whole_or_bool(value: Tensor) -> str:
    return "bool" if value.dtype == torch.bool else "whole"


def read_licence(folder: Path) -> str:
    """The licence that a checkpoint's model card (`README.md`) states for the weights, or "not stated"."""
    card = folder / "README.md"
    text = ""
    if card.is_file():
        with card.open(encoding="utf-8", errors="replace") as file:
            text = file.read(MOST_CARD_CHARACTERS)
    head = text.split("---")[1] if text.startswith("---") and text.count("---") > 1 else ""
    lines = dict(line.split(":", 1) for line in head.splitlines() if ":" in line)
    for name in ("license_name", "license"):
        if lines.get(name, "").strip():
            return plain_text(lines[name].strip().strip("\"'"))[:MOST_LICENCE_CHARACTERS]
    return "not stated"


def checkpoint_hash(folder: Path) -> str:
    """A short name of exactly these weights and settings."""
    digest = hashlib.sha256()
    for name in (CONFIG, *(f"{stage}.safetensors" for stage in WEIGHTS)):
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
    return digest.hexdigest()[:12]
