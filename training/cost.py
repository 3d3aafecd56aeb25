"""What a step of every stage costs: arithmetic and memory, counted on tensors without contents, so in seconds.

Counted are convolutions, matrix products and attention, forward and backward, and every tensor that the backward pass
keeps. So a training can be planned for a machine that is not at hand. The studio's own encoder, decoder and spectral
vocoder are not counted: `python -m training benchmark` times them.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from foley.models.prior import make_prior
from foley.models.vocoder import Vocoder
from foley.models.vq_diffusion import VQDiffusion
from foley.models.vqvae import VQVAE
from foley.presets import Preset
from training.discriminators import Discriminators
from training.hifigan_discriminators import HiFiGANDiscriminators
from training.settings import LoopSettings

GIB = 2**30
COPIES = 4  # of every weight, in float32: itself, its gradient, and AdamW's two averages
CLIPS = 4605  # to train on, of the official development set


@dataclass(frozen=True)
class Cost:
    """A stage's training on one device.

    Args:
        stage: its name.
        parameters: of all its networks.
        step_flops: floating-point operations of an optimizer step.
        weights_gib: memory of weights, gradients and optimizer.
        activations_gib: memory of what a batch keeps for its backward pass, in float32; bfloat16 takes about half.
        steps: of the whole recipe.
    """

    stage: str
    parameters: int
    step_flops: float
    weights_gib: float
    activations_gib: float
    steps: int

    def hours(self, teraflops: float) -> float:
        """Hours of the whole recipe on a machine that sustains so many TFLOP/s."""
        return self.steps * self.step_flops / (teraflops * 1e12) / 3600


def costs(preset: Preset, batch: int | None = None, clips: int = CLIPS) -> Iterator[Cost]:
    """The cost of every stage of a preset that its recipe trains, for its own batches or for others."""
    positions = math.prod(preset.grid) // preset.prior.zen_factor
    for name, networks, run in _stages(preset):
        recipe = preset.training.of(name)
        settings = LoopSettings.of(recipe, clips, 1, {"batch": batch})
        parameters = sum(parameter.numel() for network in networks for parameter in network.parameters())
        flops, kept = _measure(run, positions)
        yield Cost(
            name,
            parameters,
            settings.batch * flops,
            COPIES * 4 * parameters / GIB,
            settings.batch * kept / GIB,
            settings.steps,
        )


def table(found: Iterator[Cost], teraflops: float) -> Iterator[str]:
    """Markdown of costs, a line a stage, with the hours at a sustained speed."""
    yield (
        "| stage | parameters | TFLOP a step | weights, GiB | activations, GiB | steps | "
        f"hours at {teraflops:g} TFLOP/s |"
    )
    yield "|---|---|---|---|---|---|---|"
    for cost in found:
        yield (
            f"| {cost.stage} | {cost.parameters / 1e6:.1f} M | {cost.step_flops / 1e12:.2f} | {cost.weights_gib:.1f} | "
            f"{cost.activations_gib:.1f} | {cost.steps:,} | {cost.hours(teraflops):.1f} |"
        )


def _stages(preset: Preset) -> Iterator[tuple[str, list[nn.Module], Callable[[], Tensor]]]:
    """Of every stage: its name, its networks, and a loss of one clip (or of one segment)."""
    vocoder_recipe = preset.training.vocoder
    with torch.device("meta"):
        vqvae, prior = VQVAE(preset.vqvae), make_prior(preset)
        prior.activation_checkpointing = preset.training.prior.activation_checkpointing
        cembed, codes = torch.empty(1, preset.rows, preset.frames), torch.empty(1, *preset.grid, dtype=torch.long)
        category, segment = torch.empty(1, dtype=torch.long), torch.empty(1, preset.rows, vocoder_recipe.segment_frames)
        noise = torch.empty(1, vocoder_recipe.segment_frames * preset.mel.hop_length)
        vocoder = Vocoder(preset)
        kind = HiFiGANDiscriminators if vocoder_recipe.objective == "hifigan" else Discriminators
        discriminators = kind(vocoder_recipe.discriminators)

    def reconstruct() -> Tensor:
        vectors = vqvae.vectors(cembed)
        flat = vectors.movedim(1, -1).flatten(0, 2)
        nearest = flat.detach() @ vqvae.quantizer.codebook.T  # the search for the codes
        return vqvae.decoder(vectors).sum() + nearest.sum()

    def predict() -> Tensor:
        step = (torch.empty(1),) if isinstance(prior, VQDiffusion) else ()
        return prior(codes, *step, category).sum()

    def adversarial() -> Tensor:
        fake = vocoder(segment, segment[:, : preset.mel.rows], noise)
        outputs = [discriminators(noise), discriminators(fake.detach()), discriminators(noise), discriminators(fake)]
        return torch.stack([scores.sum() for output in outputs for scores, _ in output]).sum()

    stages: tuple[tuple[str, list[nn.Module], Callable[[], Tensor]], ...] = (
        ("vqvae", [vqvae], reconstruct),
        ("prior", [prior], predict),
        ("vocoder", [vocoder, discriminators], adversarial),
    )
    for name, networks, run in stages:
        counted = name != "vocoder" or preset.vocoder.head == "waveform"
        if counted and preset.training.of(name).is_used:
            yield name, networks, run


def _measure(run: Callable[[], Tensor], positions: int = 0) -> tuple[float, float]:
    """Floating-point operations of a loss and its gradients, and bytes of what is kept between the two.

    Matrices over pairs of `positions` are not counted: fused attention never keeps one.
    """
    kept: dict[torch.UntypedStorage, int] = {}  # several operations may keep the same one

    def keep(tensor: Tensor) -> Tensor:
        pairs = positions and tensor.dim() > 1 and abs(tensor.shape[-1] - positions) <= 1
        if not isinstance(tensor, nn.Parameter) and not (pairs and tensor.shape[-1] == tensor.shape[-2]):
            storage = tensor.untyped_storage()
            kept[storage] = storage.nbytes()
        return tensor

    counter = FlopCounterMode(display=False)
    with counter, torch.device("meta"), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        run().backward()
    return counter.get_total_flops(), sum(kept.values())
