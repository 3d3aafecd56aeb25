"""Import of the DCASE 2023 Task 7 baseline's trained files, so that they sound here as they do there.

The baseline saves a VQ-VAE's state dict, a prior's `{"model", "args"}` and HiFi-GAN's `{"generator"}` with a JSON
configuration, weight norm in the old `weight_g`/`weight_v` form. They are read without unpickling foreign objects and
written as a checkpoint folder of preset `baseline`, with the sizes found in the files.

The files may come from anybody: none can make the importer hold more than the file's own size, and what their tensors'
names and shapes describe is compared with the network before that is built.
"""

import argparse
import dataclasses
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, Field, ValidationError
from torch import Tensor

from foley.checkpoints import (
    CONFIG,
    CheckpointError,
    check_weights,
    misfit,
    read_config,
    save_stage,
    shapes_of,
    write_config,
)
from foley.features.cembed import CEmbed
from foley.models.pixelsnail import PixelSNAIL, code_offsets
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.presets import BASELINE, Preset, PriorPreset, VocoderPreset, VQVAEPreset
from foley.presets.bounds import Few, Size
from foley.system.files import shown
from foley.system.validation import first_problem

MOST_TENSORS = 10_000
MOST_CONFIG_BYTES = 2**20
State = dict[str, Tensor]
Converted = tuple[VQVAEPreset | PriorPreset | VocoderPreset, State]
_Several = Annotated[tuple[Few, ...], Field(min_length=1, max_length=16)]


class HiFiGANConfig(BaseModel):
    """What is used of HiFi-GAN's JSON configuration."""

    resblock: Literal["1", 1]
    upsample_rates: _Several
    upsample_kernel_sizes: _Several
    upsample_initial_channel: Size
    resblock_kernel_sizes: _Several
    resblock_dilation_sizes: Annotated[tuple[_Several, ...], Field(min_length=1, max_length=16)]


@dataclass(frozen=True)
class BaselineFiles:
    """Which of the baseline's files are imported: a VQ-VAE, a prior, and HiFi-GAN with its JSON configuration."""

    vqvae: Path | None = None
    prior: Path | None = None
    vocoder: Path | None = None
    vocoder_config: Path | None = None


def import_dcase(files: BaselineFiles, target: Path) -> Path:
    """Write a checkpoint folder from the baseline's files, or put some of them into one that is there.

    So the organisers' vocoder can be joined to a VQ-VAE and a prior of one's own. Returns the folder. Raises
    CheckpointError naming the file that is missing, broken or not the baseline's.
    """
    converted = _convert_all(files)
    is_there = (target / CONFIG).is_file()
    if not converted or (len(converted) < 3 and not is_there):
        raise CheckpointError(
            f"{shown(target)} is no checkpoint yet: give a VQ-VAE, a prior and a vocoder, or name a folder to add to."
        )
    before = read_config(target)[0] if is_there else BASELINE
    preset = dataclasses.replace(before, **{stage: block for stage, (block, _) in converted.items()})
    try:
        preset = Preset.from_dict(preset.to_dict())
    except ValueError as error:
        names = " and ".join(shown(getattr(files, stage)) for stage in converted)
        raise CheckpointError(f"{names}: {error}") from None
    for stage, (_, state) in converted.items():
        _check(preset, stage, state, getattr(files, stage))
    write_config(target, preset, imported_from="DCASE 2023 Task 7 baseline")
    if not is_there:
        save_stage(target, "cembed", CEmbed(preset).state_dict())
    for stage, (_, state) in converted.items():
        save_stage(target, stage, state)
    return target


def _convert_all(files: BaselineFiles) -> dict[str, Converted]:
    """The preset's block and the weights of every file that is given, by stage."""
    converted: dict[str, Converted] = {}
    if files.vqvae:
        converted["vqvae"] = _converted(files.vqvae, _vqvae, _read(files.vqvae))
    if files.prior:
        converted["prior"] = _converted(files.prior, _prior, _read(files.prior, "model"))
    if files.vocoder:
        if files.vocoder_config is None:
            raise CheckpointError("A vocoder needs the JSON configuration it was trained with: give --vocoder-config.")
        state = _converted(files.vocoder, fold, _read(files.vocoder, "generator"))
        settings = _vocoder_config(files.vocoder_config)
        converted["vocoder"] = _converted(files.vocoder, lambda state: _vocoder(state, settings), state)
    return converted


def fold(state: State) -> State:
    """The state with old-style weight norm (`weight_g`, `weight_v`) folded into plain weights."""
    folded = {name: value for name, value in state.items() if not name.endswith(("weight_g", "weight_v"))}
    for name, direction in state.items():
        if name.endswith("weight_v"):
            norm = direction.flatten(1).norm(dim=1).view(-1, *[1] * (direction.dim() - 1))
            folded[name.removesuffix("_v")] = direction * (state[name.removesuffix("v") + "g"] / norm)
    return folded


def _read(path: Path, key: str | None = None) -> State:
    name = shown(path)
    _check_archive(path)
    try:
        # the prior's file holds the command line's arguments beside the weights: plain values in a Namespace
        with torch.serialization.safe_globals([argparse.Namespace]):
            data = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a foreign file makes the loader stumble over
        raise CheckpointError(f"{name} cannot be read as weights ({type(error).__name__}).") from None
    state = data.get(key) if key and isinstance(data, dict) else data
    if not isinstance(state, dict) or not all(type(value) is Tensor for value in state.values()):
        raise CheckpointError(f"{name} is not the baseline's file: it should hold {key or 'a state dict'}.")
    if len(state) > MOST_TENSORS or not all(isinstance(each, str) for each in state):
        raise CheckpointError(f"{name} is not the baseline's file: it holds other things than a network's weights.")
    for each, value in state.items():
        # a view may be far larger than what is stored for it
        plain = value.layout is torch.strided and value.device.type == "cpu" and not value.is_complex()
        if not plain or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise CheckpointError(f"{name} is not the baseline's file: {shown(each)} in it is no plain tensor.")
    check_weights(state, path)
    return {_plain_name(each): value for each, value in state.items()}


def _check_archive(path: Path) -> None:
    """Raises CheckpointError where a file is not there, or is no archive as torch writes it: nothing compressed."""
    name = shown(path)
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [(entry.file_size, entry.compress_size) for entry in archive.infolist()]
    except FileNotFoundError:
        raise CheckpointError(f"{shown(path, whole=True)} is not there: check the name of the file.") from None
    except OSError as error:
        raise CheckpointError(f"{name} cannot be read: {error.strerror}.") from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise CheckpointError(
            f"{name} cannot be read as weights: it is no archive as torch saves them from version 1.6 on."
        ) from None
    if any(size > stored for size, stored in sizes) or sum(size for size, _ in sizes) > path.stat().st_size:
        raise CheckpointError(f"{name} cannot be read as weights: it is compressed, and torch writes nothing so.")


def _plain_name(name: str) -> str:
    """A tensor's name without what wrappers add: `DataParallel`'s prefix, torch's newer form of weight norm."""
    name = name.removeprefix("module.")
    name = re.sub(r"parametrizations\.weight\.original0$", "weight_g", name)
    return re.sub(r"parametrizations\.weight\.original1$", "weight_v", name)


def _vocoder_config(path: Path) -> HiFiGANConfig:
    name = shown(path)
    try:
        with Path(path).open("rb") as file:
            return HiFiGANConfig.model_validate_json(file.read(MOST_CONFIG_BYTES + 1))
    except OSError as error:
        raise CheckpointError(f"{name} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        raise CheckpointError(
            f"{name} is no HiFi-GAN configuration that can be used: {first_problem(error)}."
        ) from None


def _converted(path: Path, convert: Callable, state: State):
    """What `convert` makes of a file's state. Raises CheckpointError naming the file where it is not the baseline's."""
    try:
        return convert(state)
    except CheckpointError:
        raise
    except KeyError as missing:
        raise CheckpointError(f"{shown(path)} is not the baseline's file: it has no {missing}.") from None
    except (ValueError, IndexError, TypeError, AttributeError, RuntimeError, ArithmeticError):
        raise CheckpointError(f"{shown(path)} is not the baseline's file: its tensors have other shapes.") from None


def _vqvae(state: State) -> tuple[VQVAEPreset, State]:
    dimension, size = state["quantize_b.embed"].shape
    stem, channels = state["enc_b.blocks_1.0.weight"].shape[0], state["enc_b.blocks_1.4.weight"].shape[0]
    blocks = sum(bool(re.fullmatch(r"enc_b\.blocks_1\.\d+\.conv\.1\.weight", name)) for name in state)
    preset = dataclasses.replace(
        BASELINE.vqvae,
        stem_channels=stem,
        channels=channels,
        branch_residual_blocks=blocks,
        decoder_residual_blocks=blocks,
        residual_channels=state["enc_b.blocks_1.5.conv.1.weight"].shape[0] if blocks else 0,
        code_dimension=dimension,
        codebook_size=size,
    )
    converted = {
        "quantizer.codebook": state["quantize_b.embed"].T,
        "quantizer.codebook_sum": state["quantize_b.embed_avg"].T,
        "quantizer.usage": state["quantize_b.cluster_size"],
        "quantizer.started": torch.tensor(True),
    }
    renames = (
        (r"enc_b\.blocks_(\d)\.", lambda match: f"encoder.branches.{int(match[1]) - 1}."),
        (r"dec\.blocks\.", "decoder.layers."),
        (r"quantize_conv_b\.", "to_code."),
        (r"\.conv\.(\d)\.", r".layers.\1."),
    )
    for name, value in state.items():
        if not name.startswith("quantize_b."):
            converted[_renamed(name, renames)] = value
    return preset, converted


def _prior(state: State) -> tuple[PriorPreset, State]:
    causal = r".*\.resblocks\.\d+\.conv[12]\.conv\.conv\.weight_v"
    state = {name: _masked(value) if re.fullmatch(causal, name) else value for name, value in state.items()}
    state = fold(state)
    kernel = state["horizontal.conv.conv.weight"].shape[3]
    block = "blocks.0.resblocks.0."
    preset = dataclasses.replace(
        BASELINE.prior,
        channels=state["horizontal.conv.conv.weight"].shape[0],
        kernel_size=kernel,
        blocks=_count(state, r"blocks\.(\d+)\."),
        residual_blocks=_count(state, r"blocks\.0\.resblocks\.(\d+)\."),
        residual_channels=state[block + "conv1.conv.conv.weight"].shape[0],
        output_residual_blocks=_count(state, r"out\.(\d+)\.conv1\."),
        condition_channels=state[block + "condition.conv.weight"].shape[1],
    )
    hidden = state["embedNet.blocks.0.weight"].shape[0]
    preset = dataclasses.replace(preset, condition_hidden=hidden)
    converted = _input_tables(state, kernel)
    renames = (
        (r"^embedNet\.blocks\.", "condition.network."),
        (r"resblocks\.(\d+)\.", r"residuals.\1."),
        (r"(key|query)_resblock\.", r"\1_residual."),
        (r"out_resblock\.", "output_residual."),
        (r"causal_attention\.", "attention."),
        (r"aux_conv\.conv\.", "auxiliary."),
        (r"condition\.conv\.", "condition."),
        (rf"^out\.{preset.output_residual_blocks + 1}\.conv\.", "logits."),
        (r"^out\.(\d+)\.", r"output.\1."),
    )
    for name, value in state.items():
        if name.startswith(("horizontal.", "vertical.", "cond_resnet.")) or name == "background":
            continue
        name = _renamed(name, renames)
        if ".conv.conv." not in name:
            converted[name.replace("1.conv.", "1.").replace("2.conv.", "2.")] = value
        elif name.endswith("bias"):
            converted[name.replace(".conv.conv.bias", ".above.bias")] = value
        else:
            converted[name.replace(".conv.conv.", ".above.")] = value[:, :, :-1].contiguous()
            converted[name.replace(".conv.conv.", ".left.")] = value[:, :, -1:, : kernel // 2].contiguous()
    return preset, converted


def _masked(direction: Tensor) -> Tensor:
    """The direction of a causal convolution as the baseline uses it: nothing from its own position and to the right."""
    direction = direction.clone()
    direction[:, :, -1, direction.shape[3] // 2 :] = 0
    return direction


def _input_tables(state: State, kernel: int) -> State:
    """The baseline's two one-hot convolutions as tables of vectors.

    It shifts their outputs, biases included: a bias counts where there is a row above, the other where there is a
    column to the left. So each goes into the table of that neighbour, which is looked up in just these places.
    """
    above, left = state["horizontal.conv.conv.weight"], state["vertical.conv.conv.weight"]
    offsets, half = code_offsets(kernel), kernel // 2
    tables = []
    for up, right in offsets:
        of_above = len(tables) < above.shape[2] * above.shape[3]
        tap = above[:, :, half - up, half + right] if of_above else left[:, :, left.shape[2] - 1 - up, half + right]
        table = tap.T.clone()
        if of_above and (up, right) == (1, 0):
            table += state["horizontal.conv.conv.bias"]
        if not of_above and (up, right) == (0, -1):
            table += state["vertical.conv.conv.bias"]
        tables.append(table)
    return {"input.tables": torch.stack(tables), "input.bias": torch.zeros(above.shape[0])}


def _vocoder(state: State, settings: HiFiGANConfig) -> tuple[VocoderPreset, State]:
    dilations = set(settings.resblock_dilation_sizes)
    if len(dilations) != 1:
        raise CheckpointError("The HiFi-GAN configuration has other dilations for each kernel: it is not supported.")
    preset = VocoderPreset(
        upsample_rates=settings.upsample_rates,
        upsample_kernels=settings.upsample_kernel_sizes,
        channels=settings.upsample_initial_channel,
        residual_kernels=settings.resblock_kernel_sizes,
        residual_dilations=dilations.pop(),
    )
    kernels = len(preset.residual_kernels)

    def fusion(match: re.Match) -> str:
        return f"stages.fusions.{int(match[1]) // kernels}.{int(match[1]) % kernels}."

    renames = (
        (r"^conv_pre\.", "stages.input."),
        (r"^conv_post\.", "output."),
        (r"^ups\.", "stages.upsamples."),
        (r"^resblocks\.(\d+)\.", fusion),
        (r"convs1\.", "dilated."),
        (r"convs2\.", "plain."),
    )
    return preset, {f"generator.{_renamed(name, renames)}": value for name, value in state.items()}


def _renamed(name: str, renames: tuple) -> str:
    for pattern, replacement in renames:
        name = re.sub(pattern, replacement, name)
    return name


def _count(state: State, pattern: str) -> int:
    return len({match[1] for name in state if (match := re.match(pattern, name))})


def _check(preset: Preset, stage: str, state: State, path: Path) -> None:
    """Compare a state with its module, built without memory. Raises CheckpointError naming the misfit."""
    builds = {
        "vqvae": lambda: VQVAE(preset.vqvae),
        "prior": lambda: PixelSNAIL(preset.prior, preset.grid, preset.vqvae.codebook_size),
        "vocoder": lambda: Vocoder(preset),
    }
    with torch.device("meta"):
        expected = _converted(path, lambda _: shapes_of(builds[stage]().state_dict()), {})
    if wrong := misfit(expected, shapes_of(state)):
        raise CheckpointError(f"{shown(path)} does not fit the baseline's {stage}: {wrong}.")
